"""``/console/access/sessions``: in which browsers the reader is signed in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_SECOND = 1_000_000_000


async def show(request: PageRequest) -> web.Response:
    """His own alone."""
    sessions = await asyncio.to_thread(request.site.signing_in.sessions, request.who.identity)
    return request.render(
        "access/sessions.html",
        sessions=[
            {
                "agent": each.agent,
                "address": each.address,
                "key": each.key_id,
                "began": _date(each.create_time),
                "used": _date(each.use_time),
                "here": each.id == request.who.session.id,
            }
            for each in sessions
        ],
    )


def _date(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds // _SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ROUTES = (Route(path="/console/access/sessions", page=show),)
