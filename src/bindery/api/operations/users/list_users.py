"""ListUsers. Source: help page api-ram-2015-05-01-listusers."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.listing import shown_items
from bindery.api.messages.users import (
    ListUsersRequest,
    ListUsersResponse,
    ListUsersResponseBodyUsers,
    ListUsersResponseBodyUsersUser,
)
from bindery.api.operations.entities import Page
from bindery.api.operations.users.users import user_answer


def list_users(context: Context, request: ListUsersRequest) -> ListUsersResponse:
    """Users that the caller may list, ascending by name."""
    page = Page("users", request)
    found = shown_items(
        context.view,
        lambda _, after, most: context.catalog.users.list(after=after, limit=most),
        name=lambda user: user.name,
        after=page.after,
        limit=page.fetched,
    )
    users = page.cut(found)
    return ListUsersResponse(
        users=ListUsersResponseBodyUsers(
            user=tuple(user_answer(ListUsersResponseBodyUsersUser, user) for user in users)
        ),
        is_truncated=page.is_truncated(found),
        marker=page.marker(found, users[-1].name if users else ""),
    )
