"""Every error an answer can carry: one closed vocabulary, in the vendor's codes and words.

Source: help page error-handling-1 for IMM's own codes, the gateway's common error codes for the rest.
"""

from __future__ import annotations

import errno

from bindery.access.audit.log import AuditUnwritable
from bindery.access.authorizer import Refusal
from bindery.access.nonces import NonceRefused
from bindery.access.policy.document import MalformedPolicy
from bindery.api import entity_messages
from bindery.api.spec.model import Parameter
from bindery.api.spec.model import Refusal as Refused
from bindery.buckets.store import BucketNotFound, ObjectNotFound, StoreError
from bindery.catalog.access_records import DeleteConflict, EntityExists, EntityLimitExceeded, EntityNotFound
from bindery.catalog.documents import InvalidFields
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import (
    AlreadyExists,
    CatalogError,
    CatalogUnusable,
    CatalogUnwritable,
    IndexUnavailable,
    LimitExceeded,
    NotEmpty,
    NotFound,
)
from bindery.stopping import Interrupted
from bindery.sync.audits import AuditRunning
from bindery.sync.engine import NothingHeldBack, WrongState
from bindery.tasks.kind import TooManyTasks

_TASK_SECONDS = 5.0
"""After which a task may have ended."""
OWN_CODES = frozenset(
    {
        "InvalidNextToken",
        "InvalidParameter.Marker",
        "InvalidParameter.NextToken",
        "InvalidParameter.Tag.Duplicate",
        "InvalidParameter.Tag.Key",
        "InvalidParameter.Tag.Value",
        "InvalidSignatureType",
        "LimitExceeded.Tag",
        "NotImplemented",
        "RequestTimeout",
        "RequestTooLarge",
        "ResourceNotEmpty",
    }
)
"""Codes that stand in none of the vendor's tables; docs/errors.md explains them."""
_DENIALS = (
    "NoPermission",
    "NotAuthorized",
    "Forbidden",
    "AccessDenied",
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "SignatureDoesNotMatch",
    "SignatureNonceUsed",
)
_CONFLICT_CODES = {"Policy.Role": "Role.Policy"}
"""Where the vendor's code is not made of the two kinds: deleting a policy that a role has."""
_REFUSING = {"SessionPolicy": "the session policy", "AssumeRolePolicy": "the role's trust policy"}
_LONGEST_RESOURCE = 2_048
"""Characters of a resource that a message repeats."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class ApiError(Exception):
    """An answer other than success."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        denied_detail: dict[str, str] | None = None,
    ) -> None:
        """``retry_after``: seconds after which the same call may succeed. ``denied_detail``: AccessDeniedDetail."""
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.denied_detail = denied_detail


# parameters


def missing_parameter(name: str) -> ApiError:
    """A required parameter is absent or empty."""
    return ApiError(400, f"Missing{name}", f"{name} is mandatory for this action.")


def invalid_parameter(name: str) -> ApiError:
    """A parameter has the wrong form."""
    return ApiError(400, f"Invalid{name}", f"Specified parameter {name} is not valid.")


def faulty(refusal: Refused, parameter: Parameter) -> ApiError:
    """A value that breaks a rule of the API model, in the words of its product."""
    known = {"name": parameter.name, "minimum": parameter.rule.minimum, "maximum": parameter.rule.maximum}
    return ApiError(400, refusal.code.format(**known), refusal.message.format(**known))


def invalid_argument(message: str) -> ApiError:
    """A parameter is well formed and makes no sense."""
    return ApiError(400, "InvalidArgument", message)


def invalid_json(name: str, problem: str) -> ApiError:
    """A parameter is not JSON, or not of the shape it should have."""
    return ApiError(400, "InvalidJSON", f"The parameter {name} is not valid JSON: {problem}")


def value_too_large(name: str) -> ApiError:
    """A value above the allowed range, a text too long or a list with too many entries."""
    return ApiError(400, "LimitExceededError", f"Message: input quota exceed the max value ({name})")


# resources


def resource_not_found(kind: str) -> ApiError:
    """A project, dataset, binding, file or task does not exist."""
    return ApiError(400, "ResourceNotFound", f"The specified resource {kind} is not found.")


def resource_already_exists(kind: str) -> ApiError:
    """The name is taken."""
    return ApiError(400, "ResourceAlreadyExists", f"The specified resource {kind} already exists.")


def too_many(name: str) -> ApiError:
    """A cap would be passed."""
    return ApiError(400, "LimitExceededError", f"Message: resource count exceeds the limit ({name})")


def not_empty(kind: str, held: str) -> ApiError:
    """A resource still holds others."""
    return ApiError(
        400, "ResourceNotEmpty", f"The specified resource {kind} still has {held}; remove them first."
    )


# users, groups, roles and policies


def malformed_policy(problem: MalformedPolicy) -> ApiError:
    """A policy document that cannot be read; the message names the place and what was expected there."""
    return ApiError(400, "MalformedPolicyDocument", f"{problem}.")


# the gateway


def action_missing() -> ApiError:
    """The request names no operation."""
    return missing_parameter("Action")


def action_not_found(meant: str | None = None) -> ApiError:
    """No such operation in this version of the API; ``meant`` is one of nearly the same name."""
    hint = f" Did you mean {meant}?" if meant else ""
    return ApiError(
        404,
        "InvalidAction.NotFound",
        f"Specified api is not found, please check your url and method.{hint}",
    )


def invalid_version() -> ApiError:
    """Another version of the API."""
    return ApiError(400, "InvalidVersion", "Specified parameter Version is not valid.")


def unsupported_method() -> ApiError:
    """The operation does not allow this HTTP method."""
    return ApiError(403, "UnsupportedHTTPMethod", "This http method is not supported.")


def not_implemented(name: str, why: str = "") -> ApiError:
    """The operation exists in the API and is not built; ``why`` when it is not going to be."""
    state = f"not built in Bindery: {why}" if why else "not built in Bindery yet"
    return ApiError(
        501,
        "NotImplemented",
        f"{name} is part of the API but {state}; see /docs/coverage of this server.",
    )


def extension_refused(name: str) -> ApiError:
    """The server runs with --strict."""
    return ApiError(
        404,
        "InvalidAction.NotFound",
        f"{name} is an extension of Bindery and the server runs with --strict.",
    )


def extension_parameter_refused(name: str) -> ApiError:
    """The same for a parameter."""
    return invalid_argument(
        f"{name} is an extension of Bindery and the server runs with --strict; leave it out."
    )


def malformed_request(problem: str) -> ApiError:
    """Not a request of this protocol."""
    return ApiError(400, "InvalidParameter", problem)


def request_too_large(problem: str) -> ApiError:
    """A line, header or body longer than the server accepts."""
    return ApiError(413, "RequestTooLarge", problem)


def request_timeout() -> ApiError:
    """The body did not arrive in time."""
    return ApiError(408, "RequestTimeout", "The body of the request did not arrive in time; send it again.")


# authentication


def access_key_missing() -> ApiError:
    """No credentials: anonymous calls are not offered."""
    return ApiError(400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action.")


def bearer_token_refused() -> ApiError:
    """A bearer or id token in place of a signature."""
    return ApiError(
        400, "InvalidSignatureType", "Bearer tokens are not accepted here; sign with an access key pair."
    )


def security_token_missing() -> ApiError:
    """A temporary key without its token."""
    return ApiError(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")


def security_token_malformed() -> ApiError:
    """A token that was changed, cut short, or issued by some other service."""
    return ApiError(
        400,
        "InvalidSecurityToken.Malformed",
        "Specified SecurityToken is malformed: this server has not issued it, or it was changed on the way.",
    )


def security_token_expired() -> ApiError:
    """The session is over."""
    return ApiError(
        400,
        "InvalidSecurityToken.Expired",
        "Specified SecurityToken is expired; assume the role again for new credentials.",
    )


def security_token_mismatch() -> ApiError:
    """A token beside a key that it does not belong to."""
    return ApiError(
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
        "Specified SecurityToken mismatch with the AccessKey: use the three parts of the credentials together, and no "
        "token with a key that is not temporary.",
    )


def access_key_not_found() -> ApiError:
    """Unknown key."""
    return ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")


def access_key_inactive() -> ApiError:
    """Disabled key."""
    return ApiError(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")


def signature_mismatch(explanation: str) -> ApiError:
    """The signature is not that of the request; the explanation names what the server signed."""
    return ApiError(
        400,
        "SignatureDoesNotMatch",
        f"Specified signature is not matched with our calculation. {explanation}",
    )


def incomplete_signature(problem: str) -> ApiError:
    """The signature data are malformed."""
    return ApiError(
        400, "IncompleteSignature", f"The request signature does not conform to the standards: {problem}"
    )


def header_missing(name: str) -> ApiError:
    """A header that every V3 request must have."""
    return incomplete_signature(f"the header {name} is missing")


def invalid_signature_method() -> ApiError:
    """An algorithm that is not offered."""
    return ApiError(400, "InvalidSignatureMethod", "Specified signature method is not valid.")


def invalid_signature_version() -> ApiError:
    """Another version of the RPC style; the code is spelled as the vendor spells it."""
    return ApiError(400, "InvalidParamater", "Specified parameter SignatureVersion is not valid.")


def timestamp_missing() -> ApiError:
    """No time in the request."""
    return ApiError(400, "IllegalTimestamp", "The input parameter Timestamp is mandatory for this action.")


def timestamp_malformed() -> ApiError:
    """Not an ISO 8601 time in UTC."""
    return ApiError(
        400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."
    )


def timestamp_expired(theirs: str, ours: str) -> ApiError:
    """Too far from the server's time; both are told, for one of the two clocks is wrong."""
    return ApiError(
        400,
        "InvalidTimeStamp.Expired",
        f"Specified time stamp or date value is expired. The request says {theirs}, the server's clock {ours}.",
    )


def nonce_used() -> ApiError:
    """A replay."""
    return ApiError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")


def content_mismatch() -> ApiError:
    """The body is not the one that was signed."""
    return ApiError(
        400, "SignatureDoesNotMatch", "The hash of the body differs from the header x-acs-content-sha256."
    )


def access_denied(words: Refused | None, refusal: Refusal, detail: dict[str, str]) -> ApiError:
    """The caller may not do this, in the words of the product. What is told is his own request, and what refused it."""
    words = words or Refused("NoPermission", "You are not authorized to do this action.")
    explicit = refusal.decision.cause.no_permission_type == "ExplicitDeny"
    others = "a policy" if explicit else "any policy"
    whose = _REFUSING.get(refusal.policy_type, others)
    why = f"a statement of {whose} denies it" if explicit else f"no statement of {whose} allows it"
    resource = refusal.resource if len(refusal.resource) <= _LONGEST_RESOURCE else "…"
    message = f"{words.message} {refusal.action} on {resource}: {why}."
    return ApiError(403, words.code, message, denied_detail=detail)


def not_listed(problem: str) -> ApiError:
    """The configuration does not allow this."""
    return ApiError(403, "NoPermission", problem)


# roles


def root_may_assume_nothing() -> ApiError:
    """AssumeRole is for users and roles."""
    return ApiError(
        403,
        "NoPermission",
        "Roles may not be assumed by root accounts. Use the access key of a RAM user or role.",
    )


def role_not_found() -> ApiError:
    """AssumeRole of a role that is not there."""
    return ApiError(404, "EntityNotExist.Role", "The specified Role not exists.")


def session_too_long(most: int) -> ApiError:
    """A session that the role allows for a shorter time only."""
    return ApiError(
        400,
        "InvalidParameter.DurationSeconds",
        f"The Min/Max value of DurationSeconds is 900/{most}: MaxSessionDuration of the role.",
    )


def diagnosis_unreadable() -> ApiError:
    """A message that this server has not sealed, or whose sealing key is gone."""
    return ApiError(
        400,
        "InvalidParameter.EncodedDiagnosticMessage.Format",
        "The EncodedDiagnosticMessage is not from a refusal of this server, was cut short, or is older than its "
        "sealing keys; give it whole, as AccessDeniedDetail has it.",
    )


def session_policy_malformed(problem: str) -> ApiError:
    """A session policy that is none; the problem names the place."""
    return ApiError(
        400,
        "InvalidParameter.PolicyGrammar",
        f"The parameter Policy has not passed grammar check. {problem}",
    )


# failures


def internal_error() -> ApiError:
    """A defect; the log of the server has the request id."""
    return ApiError(
        500, "InternalError", "The request has been failed due to some unknown error; see the server's log."
    )


def service_unavailable(problem: str) -> ApiError:
    """A store or the server itself cannot answer now."""
    return ApiError(503, "ServiceUnavailable", problem)


def busy(problem: str) -> ApiError:
    """The server as a whole has as much to do as it may."""
    return ApiError(503, "ServiceUnavailable", problem, retry_after=1.0)


def throttled(problem: str, retry_after: float = 1.0) -> ApiError:
    """The caller, or his project, alone has asked for more than his share. ``retry_after``: seconds."""
    return ApiError(
        429,
        "Throttling.User",
        f"Request was denied due to user flow control: {problem}.",
        retry_after=retry_after,
    )


def shutting_down() -> ApiError:
    """The server ends."""
    return service_unavailable("The server is shutting down; try again.")


def is_denial(code: str) -> bool:
    """Whether a code says that the caller is not who he should be, or may not do what he asks for."""
    return code.startswith(_DENIALS)


def from_exception(error: Exception) -> ApiError | None:
    """The answer to an error of the rooms below; None when it is a defect."""
    match error:
        case ApiError():
            return error
        case EntityNotFound() | EntityExists() | DeleteConflict() | EntityLimitExceeded():
            return _from_entity(error)
        case CatalogError():
            return _from_catalog(error)
        case QueryError() | InvalidFields() | MalformedPolicy():
            return _from_text(error)
        case AuditRunning() | NothingHeldBack() | TooManyTasks() | WrongState():
            return _from_state(error)
        case StoreError():
            return _from_store(error)
        case Interrupted():
            return shutting_down()
        case NonceRefused() | AuditUnwritable():
            return service_unavailable(str(error))
        case OSError() if error.errno in _FULL:
            return service_unavailable(
                f"The data folder cannot be written ({error.strerror}); it works again once there is room."
            )
    return None


def _from_text(error: QueryError | InvalidFields | MalformedPolicy) -> ApiError:
    return malformed_policy(error) if isinstance(error, MalformedPolicy) else invalid_argument(str(error))


def _from_state(error: AuditRunning | NothingHeldBack | TooManyTasks | WrongState) -> ApiError:
    """Nothing is wrong with the call but what it finds under way."""
    match error:
        case AuditRunning():
            return invalid_argument(
                f"Another audit of the binding is under way; wait for the end of task {error.args[0]}."
            )
        case NothingHeldBack():
            return invalid_argument("The deletion guard holds back no removals of this binding.")
        case TooManyTasks():
            return throttled(str(error), _TASK_SECONDS) if error.project_name else busy(f"{error}.")
        case WrongState():
            return invalid_argument(f"The binding is {error.args[0]}, which does not allow this operation.")


def _from_entity(error: EntityNotFound | EntityExists | DeleteConflict | EntityLimitExceeded) -> ApiError:
    """Users, groups, roles, policies and keys have codes of their own, each with its kind."""
    kind = ".".join(map(str, error.args)).replace("PolicyVersion", "Policy.Version")
    match error:
        case EntityNotFound():
            return ApiError(404, f"EntityNotExist.{kind}", entity_messages.NOT_FOUND[kind])
        case EntityExists():
            return ApiError(409, f"EntityAlreadyExists.{kind}", entity_messages.EXISTS[kind])
        case EntityLimitExceeded():
            return ApiError(409, f"LimitExceeded.{kind}", entity_messages.LIMITS[kind])
    code = _CONFLICT_CODES.get(kind, kind)
    return ApiError(409, f"DeleteConflict.{code}", entity_messages.CONFLICTS[kind])


def _from_catalog(error: CatalogError) -> ApiError | None:
    match error:
        case NotFound():
            return resource_not_found(str(error.args[0]))
        case AlreadyExists():
            return resource_already_exists(str(error.args[0]))
        case NotEmpty():
            return not_empty(str(error.args[0]), str(error.args[1]))
        case LimitExceeded():
            return too_many(str(error.args[0]))
        case CatalogUnwritable():
            return service_unavailable(f"Nothing can be written now: {error}.")
        case IndexUnavailable():
            return busy(f"{_capital(str(error))}.")
        case CatalogUnusable():
            return service_unavailable(f"The server cannot use its catalog now: {error}.")
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _from_store(error: StoreError) -> ApiError:
    match error:
        case ObjectNotFound():
            return resource_not_found("object")
        case BucketNotFound():
            return resource_not_found("bucket")
    return (service_unavailable if error.retryable else invalid_argument)(str(error))
