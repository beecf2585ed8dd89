"""``/docs/``: the guides, which travel with the package."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from bindery.documentation import page_names, page_text
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route


async def list_guides(request: PageRequest) -> web.Response:
    """Their addresses."""
    return _text("\n".join(f"/docs/{name}" for name in page_names()) + "\n")


async def show_guide(request: PageRequest) -> web.Response:
    """One, as it is written."""
    text = page_text(request.named["name"])
    if text is None:
        return _text("There is no such page; see /docs\n", HTTPStatus.NOT_FOUND)
    return _text(text)


def _text(text: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/plain", charset="utf-8")


ROUTES = (
    Route(path="/docs", page=list_guides, public=True),
    Route(path="/docs/", page=list_guides, public=True),
    Route(path="/docs/{name*}", page=show_guide, public=True),
)
