"""The pages beside the API, as far as the server needs to know them."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from bindery.api.gateway.request import Client


class Site(Protocol):
    """Answers people who come with a browser."""

    async def answer(self, http: web.BaseRequest, client: Client) -> web.StreamResponse | None:
        """The page; None when the request is a call of the API."""

    def end(self) -> None:
        """The server stops: answers that go on and on end."""
