"""ListUsersForGroup. Source: help page api-ram-2015-05-01-listusersforgroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import (
    ListUsersForGroupRequest,
    ListUsersForGroupResponse,
    ListUsersForGroupResponseBodyUsers,
    ListUsersForGroupResponseBodyUsersUser,
)
from bindery.api.operations.entities import Page, date_of
from bindery.api.operations.users.users import user_answer


def list_users_for_group(context: Context, request: ListUsersForGroupRequest) -> ListUsersForGroupResponse:
    """Users of a group, ascending by name."""
    page = Page("members", request)
    found = context.catalog.groups.users(request.group_name, after=page.after, limit=page.fetched)
    members = page.of(found, lambda member: member[0].name)
    return ListUsersForGroupResponse(
        users=ListUsersForGroupResponseBodyUsers(
            user=tuple(
                user_answer(ListUsersForGroupResponseBodyUsersUser, user, join_date=date_of(since))
                for user, since in members.items
            )
        ),
        is_truncated=members.is_truncated,
        marker=members.marker,
    )
