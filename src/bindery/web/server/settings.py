"""``/console/settings``: the configuration, without its secrets."""

from __future__ import annotations

from http import HTTPStatus
from itertools import groupby
from typing import Any

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_ORIGINS = {"default": "", "file": "accent", "command line": "accent"}
"""The tones of their tags."""


async def show(request: PageRequest) -> web.Response:
    """Section by section."""
    reply = await request.caller.call("GetServerSettings")
    settings = reply.data["ServerSettings"] if reply.ok else []
    return request.render(
        "server/settings.html",
        status=HTTPStatus(reply.status),
        sections=[(name, list(held)) for name, held in groupby(settings, _section)],
        origins=_ORIGINS,
        problem=reply.refusal,
    )


def _section(setting: dict[str, Any]) -> str:
    """Empty for what stands in none."""
    name: str = setting["Name"]
    return name.rpartition(".")[0]


ROUTES = (Route(path="/console/settings", page=show),)
