"""``/console/access/sessions``: in which browsers the reader is signed in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from bindery.web.page_request import PageError, PageRequest
from bindery.web.routes import Route

_SECOND = 1_000_000_000


async def show(request: PageRequest) -> web.Response:
    """His own alone."""
    sessions = await asyncio.to_thread(request.site.signing_in.sessions, request.who.identity)
    return request.render(
        "access/sessions.html",
        sessions=[
            {
                "id": each.id.hex(),
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


async def end(request: PageRequest) -> web.Response:
    """Sign out of one browser, which is the reader's own: others are not found."""
    wanted, signing_in = request.named["session"], request.site.signing_in
    sessions = await asyncio.to_thread(signing_in.sessions, request.who.identity)
    found = next((each for each in sessions if each.id.hex() == wanted), None)
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND, "access.no_session")
    await asyncio.to_thread(signing_in.end, found)
    return request.go_to("/console/access/sessions")


def _date(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds // _SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ROUTES = (
    Route(path="/console/access/sessions", page=show),
    Route(path="/console/access/sessions/{session}/end", page=end, method="POST"),
)
