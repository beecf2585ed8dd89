"""GetRole. Source: help page api-ram-2015-05-01-getrole."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.roles import GetRoleRequest, GetRoleResponse, GetRoleResponseBodyRole
from bindery.api.operations.roles.roles import role_answer


def get_role(context: Context, request: GetRoleRequest) -> GetRoleResponse:
    """One role with its trust policy."""
    role = context.catalog.roles.get(request.role_name)
    return GetRoleResponse(role=role_answer(GetRoleResponseBodyRole, context, role))
