"""Requests and answers of the family roles. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class CreateRoleRequestTag(Message):
    """The vendor's struct CreateRoleRequestTag."""

    key: str | None = None
    value: str | None = None


class CreateRoleResponseBodyRole(Message):
    """The vendor's struct CreateRoleResponseBodyRole."""

    allow_console_login: bool | None = None
    arn: str | None = None
    assume_role_policy_document: str | None = None
    create_date: str | None = None
    description: str | None = None
    max_session_duration: int | None = None
    role_id: str | None = None
    role_name: str | None = None


class GetRoleResponseBodyRole(Message):
    """The vendor's struct GetRoleResponseBodyRole."""

    allow_console_login: bool | None = None
    arn: str | None = None
    assume_role_policy_document: str | None = None
    create_date: str | None = None
    description: str | None = None
    is_service_linked_role: bool | None = None
    latest_deletion_task: GetRoleResponseBodyRoleLatestDeletionTask | None = None
    max_session_duration: int | None = None
    role_id: str | None = None
    role_name: str | None = None
    role_principal_name: str | None = None
    update_date: str | None = None


class GetRoleResponseBodyRoleLatestDeletionTask(Message):
    """The vendor's struct GetRoleResponseBodyRoleLatestDeletionTask."""

    create_date: str | None = None
    deletion_task_id: str | None = None


class ListRolesRequestTag(Message):
    """The vendor's struct ListRolesRequestTag."""

    key: str | None = None
    value: str | None = None


class ListRolesResponseBodyRoles(Message):
    """The vendor's struct ListRolesResponseBodyRoles."""

    role: tuple[ListRolesResponseBodyRolesRole, ...] | None = None


class ListRolesResponseBodyRolesRole(Message):
    """The vendor's struct ListRolesResponseBodyRolesRole."""

    allow_console_login: bool | None = None
    arn: str | None = None
    create_date: str | None = None
    description: str | None = None
    max_session_duration: int | None = None
    role_id: str | None = None
    role_name: str | None = None
    tags: ListRolesResponseBodyRolesRoleTags | None = None
    update_date: str | None = None


class ListRolesResponseBodyRolesRoleTags(Message):
    """The vendor's struct ListRolesResponseBodyRolesRoleTags."""

    tag: tuple[ListRolesResponseBodyRolesRoleTagsTag, ...] | None = None


class ListRolesResponseBodyRolesRoleTagsTag(Message):
    """The vendor's struct ListRolesResponseBodyRolesRoleTagsTag."""

    tag_key: str | None = None
    tag_value: str | None = None


class UpdateRoleResponseBodyRole(Message):
    """The vendor's struct UpdateRoleResponseBodyRole."""

    allow_console_login: bool | None = None
    arn: str | None = None
    assume_role_policy_document: str | None = None
    create_date: str | None = None
    description: str | None = None
    max_session_duration: int | None = None
    role_id: str | None = None
    role_name: str | None = None
    update_date: str | None = None


class CreateRoleRequest(Message):
    """Parameters of CreateRole."""

    assume_role_policy_document: str
    role_name: str
    allow_console_login: bool | None = None
    description: str | None = None
    max_session_duration: int | None = None
    tag: tuple[CreateRoleRequestTag, ...] | None = None


class CreateRoleResponse(Message):
    """Answer of CreateRole."""

    role: CreateRoleResponseBodyRole | None = None


class DeleteRoleRequest(Message):
    """Parameters of DeleteRole."""

    role_name: str


class DeleteRoleResponse(Message):
    """Answer of DeleteRole."""


class GetRoleRequest(Message):
    """Parameters of GetRole."""

    role_name: str


class GetRoleResponse(Message):
    """Answer of GetRole."""

    role: GetRoleResponseBodyRole | None = None


class ListRolesRequest(Message):
    """Parameters of ListRoles."""

    marker: str | None = None
    max_items: int | None = None
    tag: tuple[ListRolesRequestTag, ...] | None = None


class ListRolesResponse(Message):
    """Answer of ListRoles."""

    is_truncated: bool | None = None
    marker: str | None = None
    roles: ListRolesResponseBodyRoles | None = None


class UpdateRoleRequest(Message):
    """Parameters of UpdateRole."""

    role_name: str
    new_allow_console_login: bool | None = None
    new_assume_role_policy_document: str | None = None
    new_description: str | None = None
    new_max_session_duration: int | None = None


class UpdateRoleResponse(Message):
    """Answer of UpdateRole."""

    role: UpdateRoleResponseBodyRole | None = None
