"""GetUser. Source: help page api-ram-2015-05-01-getuser."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.users import GetUserRequest, GetUserResponse, GetUserResponseBodyUser
from bindery.api.operations.users.users import user_answer


def get_user(context: Context, request: GetUserRequest) -> GetUserResponse:
    """One user. LastLoginDate is empty: there is no console to log in to."""
    user = context.catalog.users.get(request.user_name)
    return GetUserResponse(user=user_answer(GetUserResponseBodyUser, user))
