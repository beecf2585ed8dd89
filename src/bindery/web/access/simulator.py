"""``/console/access/simulate``: may somebody do something, and which statement of which policy says so."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bindery.web.access.lists import list_actions, list_principals
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

Principal = dict[str, Any]
"""UserName or RoleName."""


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
        principals=await list_principals(request),
        actions=list_actions(request),
    )


def _values(request: PageRequest, asked: dict[str, str]) -> dict[str, Any]:
    return {
        **principal_of(asked["principal"]),
        "AuthAction": asked["action"],
        "AuthResource": asked["resource"],
        "AuthConditions": parse_conditions(request.query.get("conditions", "")),
    }


def principal_of(text: str) -> Principal:
    """Parameters for ``user/alice``, ``alice`` or ``role/nightly``."""
    kind, _, name = text.strip().rpartition("/")
    return {"RoleName" if kind == "role" else "UserName": name}


def parse_conditions(text: str) -> dict[str, str | list[str]] | None:
    """Lines of ``key = value``; a key that is there more than once has several values."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, marked, value = line.partition("=")
        if marked and key.strip():
            found.setdefault(key.strip(), []).append(value.strip())
    return {key: held[0] if len(held) == 1 else held for key, held in found.items()} or None


ROUTES = (Route(path="/console/access/simulate", page=show),)
