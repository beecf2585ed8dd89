"""UpdateUser. Source: help page api-ram-2015-05-01-updateuser."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.messages.users import UpdateUserRequest, UpdateUserResponse, UpdateUserResponseBodyUser
from bindery.api.operations.users.users import user_answer
from bindery.catalog.access_records import User
from bindery.clock import now_ns


def update_user(context: Context, request: UpdateUserRequest) -> UpdateUserResponse:
    """Change what is given and keep the rest. Keys, groups and policies stay with a user who is renamed."""

    def change(user: User) -> User:
        return msgspec.structs.replace(
            user,
            name=request.new_user_name or user.name,
            display_name=request.new_display_name or user.display_name,
            mobile_phone=request.new_mobile_phone or user.mobile_phone,
            email=request.new_email or user.email,
            comments=request.new_comments or user.comments,
            update_time=now_ns(),
        )

    user = context.catalog.users.update(request.user_name, change)
    return UpdateUserResponse(user=user_answer(UpdateUserResponseBodyUser, user))
