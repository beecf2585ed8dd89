"""DeleteGroup. Source: help page api-ram-2015-05-01-deletegroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import DeleteGroupRequest, DeleteGroupResponse


def delete_group(context: Context, request: DeleteGroupRequest) -> DeleteGroupResponse:
    """Delete a group without users and policies."""
    context.catalog.groups.delete(request.group_name)
    return DeleteGroupResponse()
