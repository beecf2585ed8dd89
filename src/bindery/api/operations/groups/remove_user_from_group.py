"""RemoveUserFromGroup. Source: help page api-ram-2015-05-01-removeuserfromgroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import RemoveUserFromGroupRequest, RemoveUserFromGroupResponse


def remove_user_from_group(
    context: Context, request: RemoveUserFromGroupRequest
) -> RemoveUserFromGroupResponse:
    """The user has the policies of the group no more."""
    context.catalog.groups.remove_user(request.user_name, request.group_name)
    return RemoveUserFromGroupResponse()
