"""UpdateGroup. Source: help page api-ram-2015-05-01-updategroup."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.messages.groups import (
    UpdateGroupRequest,
    UpdateGroupResponse,
    UpdateGroupResponseBodyGroup,
)
from bindery.api.operations.groups.groups import group_answer
from bindery.catalog.access_records import Group
from bindery.clock import now_ns


def update_group(context: Context, request: UpdateGroupRequest) -> UpdateGroupResponse:
    """Change what is given and keep the rest. Users and policies stay with a group that is renamed."""

    def change(group: Group) -> Group:
        return msgspec.structs.replace(
            group,
            name=request.new_group_name or group.name,
            comments=request.new_comments or group.comments,
            update_time=now_ns(),
        )

    group = context.catalog.groups.update(request.group_name, change)
    return UpdateGroupResponse(group=group_answer(UpdateGroupResponseBodyGroup, group))
