"""AddUserToGroup. Source: help page api-ram-2015-05-01-addusertogroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import AddUserToGroupRequest, AddUserToGroupResponse


def add_user_to_group(context: Context, request: AddUserToGroupRequest) -> AddUserToGroupResponse:
    """The user has the policies of the group from now on."""
    context.catalog.groups.add_user(request.user_name, request.group_name)
    return AddUserToGroupResponse()
