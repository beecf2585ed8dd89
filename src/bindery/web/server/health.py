"""``/console/health``: what ``/readyz`` says, and what ``bindery doctor`` does."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_WORST = ("failure", "warning", "ok")


async def show(request: PageRequest) -> web.Response:
    """What keeps the server from answering as it should; what is wrong with its machine, for who may know."""
    problems, reply = await asyncio.gather(
        request.site.readiness.problems(), request.caller.call("ListServerFindings")
    )
    findings = reply.data["ServerFindings"] if reply.ok else []
    return request.render(
        "server/health.html",
        problems=problems,
        findings=sorted(findings, key=lambda each: _WORST.index(each["Verdict"])),
        refusal=reply.refusal,
    )


ROUTES = (Route(path="/console/health", page=show),)
