"""ListGroupsForUser. Source: help page api-ram-2015-05-01-listgroupsforuser."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import (
    ListGroupsForUserRequest,
    ListGroupsForUserResponse,
    ListGroupsForUserResponseBodyGroups,
    ListGroupsForUserResponseBodyGroupsGroup,
)
from bindery.api.operations.entities import date_of
from bindery.api.operations.groups.groups import group_answer


def list_groups_for_user(context: Context, request: ListGroupsForUserRequest) -> ListGroupsForUserResponse:
    """Groups of a user, ascending by name."""
    found = context.catalog.groups.of_user(request.user_name)
    groups = tuple(
        group_answer(ListGroupsForUserResponseBodyGroupsGroup, group, join_date=date_of(since))
        for group, since in found
    )
    return ListGroupsForUserResponse(groups=ListGroupsForUserResponseBodyGroups(group=groups))
