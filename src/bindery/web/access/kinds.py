"""What users, groups, roles and policies have in common, and in what they differ."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec

from bindery.web.page_request import PageError


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A list on the page of one of them: the operation that gives it, and where in its answer it stands."""

    operation: str
    outer: str
    inner: str


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    path: str
    name: str
    """The parameter that names one."""
    get: str
    list: Section
    create: str
    fields: tuple[str, ...]
    """Of the form for a new one, besides its name."""
    columns: tuple[str, ...]
    sections: dict[str, Section] = {}
    acts: tuple[str, ...] = ()
    """Operations that the page of one offers."""

    def page(self, name: str) -> str:
        """The address of one of them."""
        return f"/console/access/{self.path}/{quote(name, safe='')}"


KINDS = {
    kind.path: kind
    for kind in (
        Kind(
            path="users",
            name="UserName",
            get="GetUser",
            list=Section(operation="ListUsers", outer="Users", inner="User"),
            create="CreateUser",
            fields=("DisplayName", "Comments"),
            acts=(
                "CreateAccessKey",
                "UpdateAccessKey",
                "DeleteAccessKey",
                "AddUserToGroup",
                "RemoveUserFromGroup",
                "AttachPolicyToUser",
                "DetachPolicyFromUser",
                "DeleteUser",
            ),
            columns=("DisplayName", "Comments", "CreateDate"),
            sections={
                "keys": Section(operation="ListAccessKeys", outer="AccessKeys", inner="AccessKey"),
                "groups": Section(operation="ListGroupsForUser", outer="Groups", inner="Group"),
                "policies": Section(operation="ListPoliciesForUser", outer="Policies", inner="Policy"),
            },
        ),
        Kind(
            path="groups",
            name="GroupName",
            get="GetGroup",
            list=Section(operation="ListGroups", outer="Groups", inner="Group"),
            create="CreateGroup",
            fields=("Comments",),
            acts=(
                "AddUserToGroup",
                "RemoveUserFromGroup",
                "AttachPolicyToGroup",
                "DetachPolicyFromGroup",
                "DeleteGroup",
            ),
            columns=("Comments", "CreateDate"),
            sections={
                "users": Section(operation="ListUsersForGroup", outer="Users", inner="User"),
                "policies": Section(operation="ListPoliciesForGroup", outer="Policies", inner="Policy"),
            },
        ),
        Kind(
            path="roles",
            name="RoleName",
            get="GetRole",
            list=Section(operation="ListRoles", outer="Roles", inner="Role"),
            create="CreateRole",
            fields=("Description", "AssumeRolePolicyDocument"),
            acts=(
                "AttachPolicyToRole",
                "DetachPolicyFromRole",
                "UpdateRole",
                "DeleteRole",
            ),
            columns=("Description", "MaxSessionDuration", "CreateDate"),
            sections={
                "policies": Section(operation="ListPoliciesForRole", outer="Policies", inner="Policy"),
            },
        ),
        Kind(
            path="policies",
            name="PolicyName",
            get="GetPolicy",
            list=Section(operation="ListPolicies", outer="Policies", inner="Policy"),
            create="CreatePolicy",
            fields=("Description", "PolicyDocument"),
            acts=(
                "CreatePolicyVersion",
                "SetDefaultPolicyVersion",
                "DeletePolicyVersion",
                "DeletePolicy",
            ),
            columns=("PolicyType", "Description", "DefaultVersion", "AttachmentCount"),
        ),
    )
}


def kind_of(path: str) -> Kind:
    """Raises PageError."""
    kind = KINDS.get(path)
    if kind is None:
        raise PageError(HTTPStatus.NOT_FOUND, "errors.missing")
    return kind


def items_of(answer: dict[str, Any], section: Section) -> list[dict[str, Any]]:
    """What the answer lists."""
    items: list[dict[str, Any]] = (answer.get(section.outer) or {}).get(section.inner) or []
    return items
