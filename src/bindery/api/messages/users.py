"""Requests and answers of the family users. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class CreateUserResponseBodyUser(Message):
    """The vendor's struct CreateUserResponseBodyUser."""

    comments: str | None = None
    create_date: str | None = None
    display_name: str | None = None
    email: str | None = None
    mobile_phone: str | None = None
    user_id: str | None = None
    user_name: str | None = None


class GetUserResponseBodyUser(Message):
    """The vendor's struct GetUserResponseBodyUser."""

    comments: str | None = None
    create_date: str | None = None
    display_name: str | None = None
    email: str | None = None
    last_login_date: str | None = None
    mobile_phone: str | None = None
    update_date: str | None = None
    user_id: str | None = None
    user_name: str | None = None


class ListUsersResponseBodyUsers(Message):
    """The vendor's struct ListUsersResponseBodyUsers."""

    user: tuple[ListUsersResponseBodyUsersUser, ...] | None = None


class ListUsersResponseBodyUsersUser(Message):
    """The vendor's struct ListUsersResponseBodyUsersUser."""

    comments: str | None = None
    create_date: str | None = None
    display_name: str | None = None
    email: str | None = None
    mobile_phone: str | None = None
    update_date: str | None = None
    user_id: str | None = None
    user_name: str | None = None


class UpdateUserResponseBodyUser(Message):
    """The vendor's struct UpdateUserResponseBodyUser."""

    comments: str | None = None
    create_date: str | None = None
    display_name: str | None = None
    email: str | None = None
    mobile_phone: str | None = None
    update_date: str | None = None
    user_id: str | None = None
    user_name: str | None = None


class CreateUserRequest(Message):
    """Parameters of CreateUser."""

    user_name: str
    comments: str | None = None
    display_name: str | None = None
    email: str | None = None
    mobile_phone: str | None = None


class CreateUserResponse(Message):
    """Answer of CreateUser."""

    user: CreateUserResponseBodyUser | None = None


class DeleteUserRequest(Message):
    """Parameters of DeleteUser."""

    user_name: str


class DeleteUserResponse(Message):
    """Answer of DeleteUser."""


class GetUserRequest(Message):
    """Parameters of GetUser."""

    user_name: str


class GetUserResponse(Message):
    """Answer of GetUser."""

    user: GetUserResponseBodyUser | None = None


class ListUsersRequest(Message):
    """Parameters of ListUsers."""

    marker: str | None = None
    max_items: int | None = None


class ListUsersResponse(Message):
    """Answer of ListUsers."""

    is_truncated: bool | None = None
    marker: str | None = None
    users: ListUsersResponseBodyUsers | None = None


class UpdateUserRequest(Message):
    """Parameters of UpdateUser."""

    user_name: str
    new_comments: str | None = None
    new_display_name: str | None = None
    new_email: str | None = None
    new_mobile_phone: str | None = None
    new_user_name: str | None = None


class UpdateUserResponse(Message):
    """Answer of UpdateUser."""

    user: UpdateUserResponseBodyUser | None = None
