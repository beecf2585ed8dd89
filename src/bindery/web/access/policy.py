"""The page of a policy: its document with an editor, its versions, and whom it is attached to."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bindery.web.access.kinds import KINDS, Section, items_of
from bindery.web.access.lists import list_actions, list_principals, look
from bindery.web.page_request import PageRequest
from bindery.web.rights import rights_of
from bindery.web.routes import Route

_TYPES = ("Custom", "System")
_VERSIONS = Section(operation="ListPolicyVersions", outer="PolicyVersions", inner="PolicyVersion")
_ONE = {"users": "user", "roles": "role"}
_ATTACHED = {kind: KINDS[kind] for kind in ("users", "groups", "roles")}


async def show(request: PageRequest) -> web.Response:
    """As it is kept."""
    return await show_policy(request)


async def show_policy(request: PageRequest, *, problem: str = "", typed: str | None = None) -> web.Response:
    """With what was typed in its editor, and why that was refused."""
    named = _named(request)
    answer, versions, attached, rights = await asyncio.gather(
        request.caller.get("GetPolicy", named),
        look(request, _VERSIONS, named),
        _attached(request, named),
        rights_of(request, KINDS["policies"].acts, named),
    )
    shown = answer.get("DefaultPolicyVersion") or {}
    return request.render(
        "access/policy.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        kind=KINDS["policies"],
        name=answer["Policy"]["PolicyName"],
        policy=answer["Policy"],
        document=typed if typed is not None else shown.get("PolicyDocument", ""),
        versions=versions,
        attached=attached,
        rights=rights,
        problem=problem,
        principals=[
            f"{_ONE[each['kind']]}/{each['name']}" for each in attached["entries"] if each["kind"] in _ONE
        ]
        or await list_principals(request),
        actions=list_actions(request),
        texts=request.t.group("access"),
    )


async def _attached(request: PageRequest, named: dict[str, str]) -> dict[str, Any]:
    reply = await request.caller.call("ListEntitiesForPolicy", named)
    if not reply.ok:
        return {"problem": reply.refusal, "entries": []}
    entries = [
        {"name": each[kind.name], "page": kind.page(each[kind.name]), "kind": path}
        for path, kind in _ATTACHED.items()
        for each in items_of(reply.data, kind.list)
    ]
    return {"problem": "", "entries": entries}


def _named(request: PageRequest) -> dict[str, str]:
    shown = request.query.get("type", "")
    return {"PolicyName": request.named["name"], "PolicyType": shown if shown in _TYPES else "Custom"}


ROUTES = (Route(path="/console/access/policies/{name}", page=show),)
