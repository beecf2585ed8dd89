"""GetGroup. Source: help page api-ram-2015-05-01-getgroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import GetGroupRequest, GetGroupResponse, GetGroupResponseBodyGroup
from bindery.api.operations.groups.groups import group_answer


def get_group(context: Context, request: GetGroupRequest) -> GetGroupResponse:
    """One group."""
    group = context.catalog.groups.get(request.group_name)
    return GetGroupResponse(group=group_answer(GetGroupResponseBodyGroup, group))
