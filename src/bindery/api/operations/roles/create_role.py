"""CreateRole. Source: help page api-ram-2015-05-01-createrole."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.roles import CreateRoleRequest, CreateRoleResponse, CreateRoleResponseBodyRole
from bindery.api.operations.entities import tags_of
from bindery.api.operations.roles.roles import check_trust_policy, role_answer
from bindery.catalog.access_records import Role
from bindery.clock import now_ns


def create_role(context: Context, request: CreateRoleRequest) -> CreateRoleResponse:
    """A role without policies; the trust policy says who may assume it. AllowConsoleLogin changes nothing: there is
    no console."""
    instant = now_ns()
    role = Role(
        name=request.role_name,
        description=request.description or "",
        trust_policy=check_trust_policy(request.assume_role_policy_document),
        max_session_seconds=request.max_session_duration or 3_600,
        tags=tags_of(request.tag),
        create_time=instant,
        update_time=instant,
    )
    made = context.catalog.roles.create(role)
    return CreateRoleResponse(role=role_answer(CreateRoleResponseBodyRole, context, made))
