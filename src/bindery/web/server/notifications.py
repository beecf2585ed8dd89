"""``/console/notifications``: what waits to be delivered, and why it was not."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route


async def show(request: PageRequest) -> web.Response:
    """By destination."""
    reply = await request.caller.call("ListNotificationDestinations")
    return request.render(
        "server/notifications.html",
        status=HTTPStatus(reply.status),
        destinations=reply.data["NotificationDestinations"] if reply.ok else [],
        problem=reply.refusal,
    )


ROUTES = (Route(path="/console/notifications", page=show),)
