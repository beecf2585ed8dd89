"""Requests and answers of the family groups. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class CreateGroupResponseBodyGroup(Message):
    """The vendor's struct CreateGroupResponseBodyGroup."""

    comments: str | None = None
    create_date: str | None = None
    group_id: str | None = None
    group_name: str | None = None


class GetGroupResponseBodyGroup(Message):
    """The vendor's struct GetGroupResponseBodyGroup."""

    comments: str | None = None
    create_date: str | None = None
    group_id: str | None = None
    group_name: str | None = None
    update_date: str | None = None


class ListGroupsForUserResponseBodyGroups(Message):
    """The vendor's struct ListGroupsForUserResponseBodyGroups."""

    group: tuple[ListGroupsForUserResponseBodyGroupsGroup, ...] | None = None


class ListGroupsForUserResponseBodyGroupsGroup(Message):
    """The vendor's struct ListGroupsForUserResponseBodyGroupsGroup."""

    comments: str | None = None
    group_id: str | None = None
    group_name: str | None = None
    join_date: str | None = None


class ListGroupsResponseBodyGroups(Message):
    """The vendor's struct ListGroupsResponseBodyGroups."""

    group: tuple[ListGroupsResponseBodyGroupsGroup, ...] | None = None


class ListGroupsResponseBodyGroupsGroup(Message):
    """The vendor's struct ListGroupsResponseBodyGroupsGroup."""

    comments: str | None = None
    create_date: str | None = None
    group_id: str | None = None
    group_name: str | None = None
    update_date: str | None = None


class ListUsersForGroupResponseBodyUsers(Message):
    """The vendor's struct ListUsersForGroupResponseBodyUsers."""

    user: tuple[ListUsersForGroupResponseBodyUsersUser, ...] | None = None


class ListUsersForGroupResponseBodyUsersUser(Message):
    """The vendor's struct ListUsersForGroupResponseBodyUsersUser."""

    display_name: str | None = None
    join_date: str | None = None
    user_name: str | None = None


class UpdateGroupResponseBodyGroup(Message):
    """The vendor's struct UpdateGroupResponseBodyGroup."""

    comments: str | None = None
    create_date: str | None = None
    group_id: str | None = None
    group_name: str | None = None
    update_date: str | None = None


class AddUserToGroupRequest(Message):
    """Parameters of AddUserToGroup."""

    group_name: str
    user_name: str


class AddUserToGroupResponse(Message):
    """Answer of AddUserToGroup."""


class CreateGroupRequest(Message):
    """Parameters of CreateGroup."""

    group_name: str
    comments: str | None = None


class CreateGroupResponse(Message):
    """Answer of CreateGroup."""

    group: CreateGroupResponseBodyGroup | None = None


class DeleteGroupRequest(Message):
    """Parameters of DeleteGroup."""

    group_name: str


class DeleteGroupResponse(Message):
    """Answer of DeleteGroup."""


class GetGroupRequest(Message):
    """Parameters of GetGroup."""

    group_name: str


class GetGroupResponse(Message):
    """Answer of GetGroup."""

    group: GetGroupResponseBodyGroup | None = None


class ListGroupsRequest(Message):
    """Parameters of ListGroups."""

    marker: str | None = None
    max_items: int | None = None


class ListGroupsResponse(Message):
    """Answer of ListGroups."""

    groups: ListGroupsResponseBodyGroups | None = None
    is_truncated: bool | None = None
    marker: str | None = None


class ListGroupsForUserRequest(Message):
    """Parameters of ListGroupsForUser."""

    user_name: str


class ListGroupsForUserResponse(Message):
    """Answer of ListGroupsForUser."""

    groups: ListGroupsForUserResponseBodyGroups | None = None


class ListUsersForGroupRequest(Message):
    """Parameters of ListUsersForGroup."""

    group_name: str
    marker: str | None = None
    max_items: int | None = None


class ListUsersForGroupResponse(Message):
    """Answer of ListUsersForGroup."""

    is_truncated: bool | None = None
    marker: str | None = None
    users: ListUsersForGroupResponseBodyUsers | None = None


class RemoveUserFromGroupRequest(Message):
    """Parameters of RemoveUserFromGroup."""

    group_name: str
    user_name: str


class RemoveUserFromGroupResponse(Message):
    """Answer of RemoveUserFromGroup."""


class UpdateGroupRequest(Message):
    """Parameters of UpdateGroup."""

    group_name: str
    new_comments: str | None = None
    new_group_name: str | None = None


class UpdateGroupResponse(Message):
    """Answer of UpdateGroup."""

    group: UpdateGroupResponseBodyGroup | None = None
