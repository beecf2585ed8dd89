"""Server-sent events: what a page watches, told whenever it is another.

Source: the HTML standard, section on server-sent events.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from bindery.api.gateway.request import Asker
from bindery.web.calls import CallFailed
from bindery.web.headers import HEADERS
from bindery.web.page_request import PageRequest

_LONGEST_SECONDS = 600.0
"""Then the browser asks again, and shows who it is again."""
_QUIET_SECONDS = 15.0
"""After so long without news a line tells that the connection lives."""


async def tell_changes(
    request: PageRequest, look: Callable[[], Awaitable[Any]], *, seconds: float = 1.0
) -> web.StreamResponse:
    """Send what ``look`` finds, now and whenever that changes, until the reader goes or the server stops.

    When it cannot be told any more an event ``failed`` says why, and is the last.
    """
    response = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
    if not await request.begin(response):
        return response
    await response.write(b"retry: 1000\n\n")
    until, told, last = time.monotonic() + _LONGEST_SECONDS, b"", time.monotonic()
    while time.monotonic() < until and not request.site.ending.is_set():
        try:
            found = msgspec.json.encode(await look())
        except CallFailed as failed:
            why = {"Code": failed.code, "Message": str(failed)}
            await response.write(b"event: failed\ndata: " + msgspec.json.encode(why) + b"\n\n")
            break
        request.asker = Asker.WATCH
        if found != told:
            await response.write(b"data: " + found + b"\n\n")
            told, last = found, time.monotonic()
        elif time.monotonic() - last > _QUIET_SECONDS:
            await response.write(b": nothing new\n\n")
            last = time.monotonic()
        await _pause(request.site.ending, seconds)
    await response.write_eof()
    return response


async def _pause(ending: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(ending.wait(), seconds)
    except TimeoutError:
        return
