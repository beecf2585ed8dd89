"""Lists on pages: as much of them as the reader may see, and why not the rest."""

from __future__ import annotations

import asyncio
from typing import Any

from bindery.web.access.kinds import KINDS, Section, items_of
from bindery.web.page_request import PageRequest
from bindery.web.refusals import refusal_text

PICKED = 100
"""How many names a field suggests; others can be typed."""


async def look(request: PageRequest, section: Section, values: dict[str, Any]) -> dict[str, Any]:
    """A list of the page, or why the reader may not see it; then it is not asked for."""
    (refusal,) = await request.caller.refusals([(section.operation, values)])
    if refusal is not None:
        return {"entries": [], "problem": refusal_text(request.t, refusal)}
    reply = await request.caller.call(section.operation, values)
    return {"entries": items_of(reply.data, section) if reply.ok else [], "problem": reply.refusal}


async def list_principals(request: PageRequest) -> list[str]:
    """Users and roles, for fields that suggest them: as many as the reader may list, up to 100 of each."""
    users, roles = await asyncio.gather(
        *(look(request, KINDS[kind].list, {"MaxItems": PICKED}) for kind in ("users", "roles"))
    )
    return [f"user/{each['UserName']}" for each in users["entries"]] + [
        f"role/{each['RoleName']}" for each in roles["entries"]
    ]


def list_actions(request: PageRequest) -> list[str]:
    """Actions that policies may name, for fields that suggest them."""
    return sorted({operation.action for operation in request.site.gateway.models})
