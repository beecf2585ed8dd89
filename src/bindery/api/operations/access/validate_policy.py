"""ValidatePolicy, an extension: whether a text is a policy, and what in it is probably not meant."""

from __future__ import annotations

from bindery.access.policy.document import MalformedPolicy, PolicyForm
from bindery.access.policy.lint import Known, PolicyWarning, lint_policy
from bindery.access.policy.parse import parse_policy
from bindery.api.context import Context
from bindery.api.messages.access import PolicyFinding, ValidatePolicyRequest, ValidatePolicyResponse
from bindery.api.operations.access.list_permissions import known_actions

_FORMS = {"Identity": PolicyForm.IDENTITY, "Session": PolicyForm.SESSION, "Trust": PolicyForm.TRUST}
_OTHERS = frozenset({"oss"})
"""Its actions are the store's, and policies name many that no call here needs."""
_ERROR, _WARNING = "Error", "Warning"


def validate_policy(context: Context, request: ValidatePolicyRequest) -> ValidatePolicyResponse:
    """The first error, or else up to 20 warnings in the order of the text. Nothing is kept, so everybody who has a key
    may ask."""
    text, form = request.policy_document, _FORMS[request.policy_form or "Identity"]
    try:
        parse_policy(text, form)
    except MalformedPolicy as error:
        found = _finding(_ERROR, error.expected, error.line, error.column, error.pointer)
        return ValidatePolicyResponse(valid=False, findings=(found,))
    warnings = warnings_of(text, context.settings.account_id)
    return ValidatePolicyResponse(
        valid=True,
        findings=tuple(
            _finding(_WARNING, each.text, each.line, each.column, each.pointer) for each in warnings
        ),
    )


def warnings_of(text: str, account: str = "") -> tuple[PolicyWarning, ...]:
    """What in a policy is probably not meant: actions, resources and keys that no call here has; of an account, if it
    is known."""
    return lint_policy(text, Known(known_actions(), account, _OTHERS))


def _finding(severity: str, text: str, line: int, column: int, pointer: str) -> PolicyFinding:
    return PolicyFinding(severity=severity, message=f"{text}.", line=line, column=column, pointer=pointer)
