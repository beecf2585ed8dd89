"""``/console/access/simulate``: may somebody do something, and which statement of which policy says so."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bindery.web.access.entities import look
from bindery.web.access.kinds import KINDS
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_PICKED = 100


async def show(request: PageRequest) -> web.Response:
    """The form, filled from the address; and the decision when it asks for one."""
    asked = {name: request.query.get(name, "").strip() for name in ("principal", "action", "resource")}
    decision: dict[str, Any] | None = None
    problem = ""
    if all(asked.values()):
        reply = await request.caller.call("ExplainAccess", _values(request, asked))
        decision, problem = reply.data if reply.ok else None, reply.refusal
    return request.render(
        "access/simulate.html",
        asked=asked,
        conditions=request.query.get("conditions", ""),
        decision=decision,
        problem=problem,
        principals=await _principals(request),
        actions=sorted({operation.action for operation in request.site.gateway.models}),
    )


def _values(request: PageRequest, asked: dict[str, str]) -> dict[str, Any]:
    kind, _, name = asked["principal"].rpartition("/")
    return {
        "RoleName" if kind == "role" else "UserName": name,
        "AuthAction": asked["action"],
        "AuthResource": asked["resource"],
        "AuthConditions": _conditions(request.query.get("conditions", "")),
    }


def _conditions(text: str) -> dict[str, str | list[str]] | None:
    """Lines of ``key = value``; a key that is there more than once has several values."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, marked, value = line.partition("=")
        if marked and key.strip():
            found.setdefault(key.strip(), []).append(value.strip())
    return {key: held[0] if len(held) == 1 else held for key, held in found.items()} or None


async def _principals(request: PageRequest) -> list[str]:
    users, roles = await asyncio.gather(
        *(look(request, KINDS[kind].list, {"MaxItems": _PICKED}) for kind in ("users", "roles"))
    )
    return [f"user/{each['UserName']}" for each in users["entries"]] + [
        f"role/{each['RoleName']}" for each in roles["entries"]
    ]


ROUTES = (Route(path="/console/access/simulate", page=show),)
