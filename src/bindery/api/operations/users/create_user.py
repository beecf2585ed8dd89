"""CreateUser. Source: help page api-ram-2015-05-01-createuser."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.users import CreateUserRequest, CreateUserResponse, CreateUserResponseBodyUser
from bindery.api.operations.users.users import user_answer
from bindery.catalog.access_records import User
from bindery.clock import now_ns


def create_user(context: Context, request: CreateUserRequest) -> CreateUserResponse:
    """A user without keys, groups and policies, who may do nothing yet."""
    instant = now_ns()
    user = User(
        name=request.user_name,
        display_name=request.display_name or "",
        mobile_phone=request.mobile_phone or "",
        email=request.email or "",
        comments=request.comments or "",
        create_time=instant,
        update_time=instant,
    )
    made = context.catalog.users.create(user)
    return CreateUserResponse(user=user_answer(CreateUserResponseBodyUser, made))
