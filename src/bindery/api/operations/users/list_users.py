"""ListUsers. Source: help page api-ram-2015-05-01-listusers."""

from __future__ import annotations

from bindery.api.context import Context
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
    page = Page("users", request).of_named(
        context.view, lambda after, most: context.catalog.users.list(after=after, limit=most)
    )
    return ListUsersResponse(
        users=ListUsersResponseBodyUsers(
            user=tuple(user_answer(ListUsersResponseBodyUsersUser, user) for user in page.items)
        ),
        is_truncated=page.is_truncated,
        marker=page.marker,
    )
