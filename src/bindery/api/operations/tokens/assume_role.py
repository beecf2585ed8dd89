"""AssumeRole. Source: help page api-sts-2015-04-01-assumerole."""

from __future__ import annotations

import time

from bindery.access.assuming import NotTrusted, SessionTooLong, Wanted, assume
from bindery.access.authorizer import Refusal
from bindery.access.policy.document import MalformedPolicy
from bindery.access.tokens import Credentials
from bindery.api.context import Context
from bindery.api.denial import denial
from bindery.api.errors import (
    ApiError,
    role_not_found,
    root_may_assume_nothing,
    session_policy_malformed,
    session_too_long,
)
from bindery.api.messages.tokens import (
    AssumeRoleRequest,
    AssumeRoleResponse,
    AssumeRoleResponseBodyAssumedRoleUser,
    AssumeRoleResponseBodyCredentials,
)
from bindery.api.operations import snake_case
from bindery.api.spec.model import load_models
from bindery.catalog.access_records import EntityNotFound, Role

_DEFAULT_SECONDS = 3_600


def assume_role(context: Context, request: AssumeRoleRequest) -> AssumeRoleResponse:
    """Credentials of a session of a role: whoever has ``sts:AssumeRole`` on it, and is named by its trust policy.

    A session may assume a role in its turn. The account itself may not, as the page says.
    """
    if context.identity.is_account:
        raise root_may_assume_nothing()
    role = _find_role(context, request.role_arn)
    wanted = Wanted(
        name=request.role_session_name,
        seconds=_DEFAULT_SECONDS if request.duration_seconds is None else request.duration_seconds,
        policy=request.policy,
        conditions={**context.authority.conditions, **_conditions(request)},
    )
    try:
        credentials = assume(context.identities, context.identity, role, wanted)
    except (NotTrusted, SessionTooLong, MalformedPolicy) as error:
        raise _refusal(context, error, request) from None
    return AssumeRoleResponse(
        assumed_role_user=AssumeRoleResponseBodyAssumedRoleUser(
            arn=f"acs:ram::{context.settings.account_id}:role/{role.name}/{request.role_session_name}",
            assumed_role_id=f"{role.id}:{request.role_session_name}",
        ),
        credentials=_shown(credentials),
        source_identity=request.source_identity,
    )


def _find_role(context: Context, arn: str) -> Role:
    """The role that an ARN ``acs:ram::{account}:role/{name}`` names; there are none of other accounts."""
    *_, account, path = arn.split(":")
    if account != context.settings.account_id:
        raise role_not_found()
    try:
        return context.catalog.roles.get(path.partition("/")[2])
    except EntityNotFound:
        raise role_not_found() from None


def _conditions(request: AssumeRoleRequest) -> dict[str, str]:
    """Keys that the trust policy may ask for, as the caller's own policies may."""
    parameters = load_models()["sts:AssumeRole"].conditions
    given = {key: getattr(request, snake_case(name)) for key, name in parameters.items()}
    return {key: value for key, value in given.items() if value}


def _refusal(
    context: Context, error: NotTrusted | SessionTooLong | MalformedPolicy, request: AssumeRoleRequest
) -> ApiError:
    match error:
        case SessionTooLong():
            return session_too_long(int(error.args[0]))
        case MalformedPolicy():
            return session_policy_malformed(str(error))
    operation = load_models()["sts:AssumeRole"]
    return denial(
        load_models().model(operation).refusals.get("permission"),
        Refusal(operation.action, request.role_arn, error.decision, trust=True),
        context.identity,
        context.identities,
        context.authority.shown_conditions(),
    )


def _shown(credentials: Credentials) -> AssumeRoleResponseBodyCredentials:
    return AssumeRoleResponseBodyCredentials(
        access_key_id=credentials.key.id,
        access_key_secret=credentials.key.secret,
        security_token=credentials.token,
        expiration=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(credentials.expires)),
    )
