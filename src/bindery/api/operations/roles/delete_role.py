"""DeleteRole. Source: help page api-ram-2015-05-01-deleterole."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.roles import DeleteRoleRequest, DeleteRoleResponse


def delete_role(context: Context, request: DeleteRoleRequest) -> DeleteRoleResponse:
    """Delete a role without policies. Its tokens are good for nothing from now on."""
    context.catalog.roles.delete(request.role_name)
    return DeleteRoleResponse()
