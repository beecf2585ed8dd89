"""``/``: what this server is."""

from __future__ import annotations

from aiohttp import web

from bindery.documentation import page_names
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route


async def front(request: PageRequest) -> web.Response:
    """First steps for somebody who has just found this address."""
    protocol = "https" if request.client.secure else "http"
    return request.render(
        "layout/front.html",
        problems=await request.site.readiness.problems(),
        protocol=protocol,
        guides=page_names(),
    )


ROUTES = (Route(path="/", page=front, public=True),)
