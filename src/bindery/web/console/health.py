"""``/console/health``: what ``/readyz`` says."""

from __future__ import annotations

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route


async def show(request: PageRequest) -> web.Response:
    """What keeps the server from answering as it should."""
    problems = await request.site.readiness.problems()
    return request.render("console/health.html", problems=problems)


ROUTES = (Route(path="/console/health", page=show),)
