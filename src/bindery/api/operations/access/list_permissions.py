"""ListPermissions, an extension: everything that a user or a role may do."""

from __future__ import annotations

from functools import cache

from bindery.access.policy.capabilities import Capability, Extent, Rule, capabilities
from bindery.api.context import Context
from bindery.api.errors import invalid_parameter
from bindery.api.messages.access import (
    ListPermissionsRequest,
    ListPermissionsResponse,
    Permission,
    PermissionRule,
)
from bindery.api.operations.access.principals import subject_of
from bindery.api.paging import decode_token, encode_token
from bindery.api.spec.model import load_models

_DEFAULT_PAGE = 100


def list_permissions(context: Context, request: ListPermissionsRequest) -> ListPermissionsResponse:
    """Actions that are allowed on something, ascending, with the rules that say on what.

    Whoever asks needs ``bindery:ListPermissions`` on the user or role. With PolicyDocument they are those that it would
    bring.
    """
    subject = subject_of(context, request)
    after, limit = _read_token(request.next_token), request.max_results or _DEFAULT_PAGE
    asked = [action for action in known_actions() if action > after]
    found = [
        capability
        for capability in capabilities(subject.grants, asked, subject.conditions)
        if capability.extent is not Extent.NOTHING
    ]
    shown = found[:limit]
    return ListPermissionsResponse(
        next_token=encode_token(shown[-1].action) if len(found) > limit else "",
        permissions=tuple(map(_permission, shown)),
    )


@cache
def known_actions() -> tuple[str, ...]:
    """Every action that a call may need, ascending."""
    operations = list(load_models())
    needed = {operation.action for operation in operations if operation.resources}
    needed |= {
        need.action for operation in operations for touch in operation.touches for need in touch.needs
    }
    return tuple(sorted(needed))


def _permission(capability: Capability) -> Permission:
    session = capability.session_allows
    return Permission(
        action=capability.action,
        allows=tuple(map(_rule, capability.allows)),
        denies=tuple(map(_rule, capability.denies)) or None,
        extent=capability.extent.value.capitalize(),
        session_allows=None if session is None else tuple(map(_rule, session)),
    )


def _rule(rule: Rule) -> PermissionRule:
    return PermissionRule(
        all_but=rule.all_but or None,
        conditions=rule.conditions or None,
        policy_name=rule.attached.name,
        policy_type=rule.attached.kind,
        resources=rule.resources,
        source=rule.attached.source,
        statement=rule.statement + 1,
    )


def _read_token(token: str | None) -> str:
    """The last action shown. Raises ApiError."""
    if not token:
        return ""
    action = decode_token(token)
    if action not in known_actions():
        raise invalid_parameter("NextToken")
    return action
