"""CreateGroup. Source: help page api-ram-2015-05-01-creategroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import (
    CreateGroupRequest,
    CreateGroupResponse,
    CreateGroupResponseBodyGroup,
)
from bindery.api.operations.groups.groups import group_answer
from bindery.catalog.access_records import Group
from bindery.clock import now_ns


def create_group(context: Context, request: CreateGroupRequest) -> CreateGroupResponse:
    """A group without users and policies."""
    instant = now_ns()
    group = Group(
        name=request.group_name,
        comments=request.comments or "",
        create_time=instant,
        update_time=instant,
    )
    made = context.catalog.groups.create(group)
    return CreateGroupResponse(group=group_answer(CreateGroupResponseBodyGroup, made))
