"""The buttons on the pages of users, groups, roles and policies."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from aiohttp import web

from bindery.web.access.entities import show_one
from bindery.web.access.kinds import KINDS, Kind, kind_of
from bindery.web.access.policy import show_policy
from bindery.web.page_request import PageError, PageRequest
from bindery.web.routes import Route


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """An operation, and which fields of the form go into it besides the name of what the page shows."""

    operation: str
    fields: tuple[str, ...] = ()
    leaves: bool = False
    """Whether nothing is left to show afterwards."""


_POLICY = ("PolicyType", "PolicyName")
_KEY = ("UserAccessKeyId",)
_ACTS: dict[str, dict[str, Act]] = {
    "users": {
        "create-key": Act(operation="CreateAccessKey"),
        "key-status": Act(operation="UpdateAccessKey", fields=(*_KEY, "Status")),
        "delete-key": Act(operation="DeleteAccessKey", fields=_KEY),
        "join": Act(operation="AddUserToGroup", fields=("GroupName",)),
        "leave": Act(operation="RemoveUserFromGroup", fields=("GroupName",)),
        "attach": Act(operation="AttachPolicyToUser", fields=_POLICY),
        "detach": Act(operation="DetachPolicyFromUser", fields=_POLICY),
        "delete": Act(operation="DeleteUser", leaves=True),
    },
    "groups": {
        "join": Act(operation="AddUserToGroup", fields=("UserName",)),
        "leave": Act(operation="RemoveUserFromGroup", fields=("UserName",)),
        "attach": Act(operation="AttachPolicyToGroup", fields=_POLICY),
        "detach": Act(operation="DetachPolicyFromGroup", fields=_POLICY),
        "delete": Act(operation="DeleteGroup", leaves=True),
    },
    "roles": {
        "attach": Act(operation="AttachPolicyToRole", fields=_POLICY),
        "detach": Act(operation="DetachPolicyFromRole", fields=_POLICY),
        "trust": Act(operation="UpdateRole", fields=("NewAssumeRolePolicyDocument",)),
        "delete": Act(operation="DeleteRole", leaves=True),
    },
    "policies": {
        "save": Act(operation="CreatePolicyVersion", fields=("PolicyDocument", "SetAsDefault")),
        "default": Act(operation="SetDefaultPolicyVersion", fields=("VersionId",)),
        "delete-version": Act(operation="DeletePolicyVersion", fields=("VersionId",)),
        "delete": Act(operation="DeletePolicy", leaves=True),
    },
}


async def act(request: PageRequest) -> web.Response:
    """Do it and show the page again; a new key is shown once."""
    kind = kind_of(request.named["kind"])
    chosen = _ACTS[kind.path].get(request.named["act"])
    if chosen is None:
        raise PageError(HTTPStatus.NOT_FOUND, "errors.missing")
    name, form = request.named["name"], await request.form()
    values = {field: form[field].strip() for field in chosen.fields if field in form}
    reply = await request.caller.call(chosen.operation, values | {kind.name: name})
    if not reply.ok:
        return await _again(request, kind, form, reply.refusal)
    if chosen.operation == "CreateAccessKey":
        return await show_one(request, kind, new_key=reply.data["AccessKey"])
    return request.go_to(f"/console/access/{kind.path}" if chosen.leaves else kind.page(name))


async def _again(request: PageRequest, kind: Kind, form: dict[str, str], problem: str) -> web.Response:
    if kind is KINDS["policies"]:
        return await show_policy(request, problem=problem, typed=form.get("PolicyDocument"))
    return await show_one(request, kind, problem=problem)


ROUTES = (Route(path="/console/access/{kind}/{name}/{act}", page=act, method="POST"),)
