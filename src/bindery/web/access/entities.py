"""Lists of users, groups, roles and policies, new ones, and the page of a user, group or role."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bindery.web.access.kinds import KINDS, Kind, items_of, kind_of
from bindery.web.access.lists import PICKED, list_actions, list_principals, look
from bindery.web.page_request import PageRequest
from bindery.web.rights import Call, rights_of
from bindery.web.routes import Route

_PAGE = 50
_LAST_USED = "GetAccessKeyLastUsed"
_DOCUMENTS = {
    "PolicyDocument": """{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["imm:Get*", "imm:List*", "imm:SimpleQuery"],
      "Resource": "*"
    }
  ]
}""",
    "AssumeRolePolicyDocument": """{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Principal": {"RAM": ["acs:ram::ACCOUNT:root"]}
    }
  ]
}""",
}


async def show_list(request: PageRequest) -> web.Response:
    """One page of them."""
    return await _show_list(request, kind_of(request.named["kind"]))


async def create(request: PageRequest) -> web.Response:
    """Make one and show it, or say beside the form why not."""
    kind, form = kind_of(request.named["kind"]), await request.form()
    values = {name: form.get(name, "").strip() or None for name in (kind.name, *kind.fields)}
    reply = await request.caller.call(kind.create, values)
    if reply.ok:
        return request.go_to(kind.page(form.get(kind.name, "").strip()))
    return await _show_list(request, kind, form=form, problem=reply.refusal)


async def _show_list(
    request: PageRequest, kind: Kind, *, form: dict[str, str] | None = None, problem: str = ""
) -> web.Response:
    marker = request.query.get("marker", "")
    answer = await request.caller.get(
        kind.list.operation, {"MaxItems": _PAGE} | ({"Marker": marker} if marker else {})
    )
    account = request.who.identity.account_id
    return request.render(
        "access/list.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        kind=kind,
        items=items_of(answer, kind.list),
        next=answer.get("Marker", "") if answer.get("IsTruncated") else "",
        marker=marker,
        rights=await rights_of(request, [kind.create]),
        values={name: text.replace("ACCOUNT", account) for name, text in _DOCUMENTS.items()} | (form or {}),
        problem=problem,
        principals=await list_principals(request) if kind is KINDS["policies"] else [],
        actions=list_actions(request),
    )


async def show(request: PageRequest) -> web.Response:
    """A user, group or role."""
    return await show_one(request, kind_of(request.named["kind"]))


async def show_one(
    request: PageRequest, kind: Kind, *, problem: str = "", new_key: dict[str, Any] | None = None
) -> web.Response:
    """Its page, with what went wrong or a key whose secret is never shown again."""
    caller, named = request.caller, {kind.name: request.named["name"]}
    facts = next(iter(_structs(await caller.get(kind.get, named))))
    looked = await asyncio.gather(*(look(request, section, named) for section in kind.sections.values()))
    sections = dict(zip(kind.sections, looked, strict=True))
    await _add_last_uses(request, named, sections.get("keys"))
    return request.render(
        "access/entity.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        kind=kind,
        name=facts.get(kind.name, request.named["name"]),
        facts=facts,
        sections=sections,
        rights=await rights_of(request, kind.acts, named, _row_acts(kind, sections)),
        problem=problem,
        new_key=new_key,
        suggested=await _suggested(request, kind),
    )


async def _add_last_uses(request: PageRequest, named: dict[str, Any], keys: dict[str, Any] | None) -> None:
    """When each key has signed a call last; None where the reader may not ask."""
    entries = keys["entries"] if keys else []
    calls = [{**named, "UserAccessKeyId": key["AccessKeyId"]} for key in entries]
    refused = await request.caller.refusals([(_LAST_USED, values) for values in calls])
    for key, values, refusal in zip(entries, calls, refused, strict=True):
        reply = None if refusal else await request.caller.call(_LAST_USED, values)
        key["LastUsed"] = reply.data["AccessKeyLastUsed"]["LastUsedDate"] if reply and reply.ok else None


def _row_acts(kind: Kind, sections: dict[str, dict[str, Any]]) -> Sequence[Call]:
    """What is offered beside each row of a list on the page."""
    ending = kind.name.removesuffix("Name")
    policies = [
        (f"DetachPolicyFrom{ending}", {name: each[name] for name in ("PolicyType", "PolicyName")})
        for each in sections.get("policies", {}).get("entries", ())
    ]
    members = [
        ("RemoveUserFromGroup", {name: each[name]})
        for part, name in (("groups", "GroupName"), ("users", "UserName"))
        for each in sections.get(part, {}).get("entries", ())
    ]
    return policies + members


async def _suggested(request: PageRequest, kind: Kind) -> dict[str, list[str]]:
    """Names for the fields of the page."""
    asked = [KINDS[name] for name in ("users", "groups", "policies") if name in kind.sections]
    found = await asyncio.gather(*(look(request, each.list, {"MaxItems": PICKED}) for each in asked))
    return {
        each.path: [entry[each.name] for entry in held["entries"]]
        for each, held in zip(asked, found, strict=True)
    }


def _structs(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [value for value in answer.values() if isinstance(value, dict)]


async def go_to_users(request: PageRequest) -> web.Response:
    """Where one begins."""
    return request.go_to("/console/access/users")


ROUTES = (
    Route(path="/console/access", page=go_to_users),
    Route(path="/console/access/", page=go_to_users),
    Route(path="/console/access/{kind}", page=show_list),
    Route(path="/console/access/{kind}", page=create, method="POST"),
    Route(path="/console/access/{kind}/{name}", page=show),
)
