"""DeleteUser. Source: help page api-ram-2015-05-01-deleteuser."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.users import DeleteUserRequest, DeleteUserResponse


def delete_user(context: Context, request: DeleteUserRequest) -> DeleteUserResponse:
    """Delete a user who is in no group and has neither keys nor policies."""
    context.catalog.users.delete(request.user_name)
    return DeleteUserResponse()
