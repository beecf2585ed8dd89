"""The pages of the reference. Programs that ask for text get the guides as they are written."""

from __future__ import annotations

import asyncio
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from bindery.api.spec.model import Operation, load_models
from bindery.documentation import page_names, page_text, picture
from bindery.web.code.languages import Endpoint
from bindery.web.explorer.described import list_families
from bindery.web.page_request import PageError, PageRequest
from bindery.web.reference import operation as shown_operation
from bindery.web.reference.guide import list_guides, render_guide
from bindery.web.reference.operation import show_operation, write_programs
from bindery.web.reference.places import Places, ServerPlaces
from bindery.web.routes import Route

_LAYOUT = "layout/base.html"
_HERE = ServerPlaces()


class Family(msgspec.Struct, frozen=True):
    """Operations that belong together."""

    product: str
    name: str
    operations: tuple[tuple[Operation, bool], ...]
    """Each with whether it is built."""


@cache
def families() -> tuple[Family, ...]:
    """Every operation of every product, as the explorer has them."""
    models = load_models()
    return tuple(
        Family(
            family["product"],
            family["name"],
            tuple((models[each["id"]], each["built"]) for each in family["operations"]),
        )
        for family in list_families()
    )


def frame(places: Places, layout: str = _LAYOUT) -> dict[str, Any]:
    """What every page of the reference shows around its content."""
    return {
        "places": places,
        "asset": places.asset,
        "layout": layout,
        "guides": list_guides(),
        "families": families(),
    }


def index_values() -> dict[str, Any]:
    """The first page."""
    return {"current": ""}


def guide_values(name: str, places: Places) -> dict[str, Any]:
    """A guide. Raises KeyError."""
    content = render_guide(name, places.guide, places.picture)
    if content is None:
        raise KeyError(name)
    guide = next(guide for guide in list_guides() if guide.name == name)
    return {"current": name, "guide": guide, "content": content}


def operation_values(identifier: str, places: Places, endpoint: Endpoint) -> dict[str, Any]:
    """The page of an operation. Raises KeyError."""
    shown = show_operation(identifier)
    values = shown.example.values if shown.example else {}
    return {
        "current": identifier,
        "shown": shown,
        "operation": shown.operation,
        "programs": write_programs(shown, endpoint),
        "attempt": places.attempt(shown.operation, values),
        "texts_of": shown_operation,
    }


async def show_index(request: PageRequest) -> web.Response:
    """Guides and operations."""
    if not request.wants_page:
        return _text("\n".join(f"/docs/{name}" for name in page_names()) + "\n")
    return await _render(request, "index", index_values())


async def show_guide(request: PageRequest) -> web.Response:
    """One guide."""
    name = request.named["name"]
    if not request.wants_page or name.endswith(".md"):
        return _written(name)
    try:
        values = guide_values(name, _HERE)
    except KeyError:
        raise PageError(HTTPStatus.NOT_FOUND, "errors.missing") from None
    return await _render(request, "guide", values)


async def show_picture(request: PageRequest) -> web.Response:
    """A picture of a guide."""
    content = picture(request.named["name"])
    if content is None:
        raise PageError(HTTPStatus.NOT_FOUND, "errors.missing")
    return web.Response(body=content, content_type="image/webp", headers={"Cache-Control": "max-age=3600"})


async def show_page_of_operation(request: PageRequest) -> web.Response:
    """One operation."""
    identifier = "{product}:{operation}".format(**request.named)
    try:
        values = operation_values(identifier, _HERE, request.endpoint)
    except KeyError:
        raise PageError(HTTPStatus.NOT_FOUND, "errors.missing") from None
    return await _render(request, "operation", values)


async def _render(request: PageRequest, template: str, values: dict[str, Any]) -> web.Response:
    """In a thread: the list of all pages makes them long, and calls must not wait for readers."""
    around = frame(_HERE)
    return await asyncio.to_thread(request.render, f"reference/{template}.html", **around, **values)


def _written(name: str) -> web.Response:
    text = page_text(name)
    if text is None:
        return _text("There is no such page; see /docs\n", HTTPStatus.NOT_FOUND)
    return _text(text)


def _text(text: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/plain", charset="utf-8")


ROUTES = (
    Route(path="/docs", page=show_index, public=True),
    Route(path="/docs/", page=show_index, public=True),
    Route(path="/docs/{name}", page=show_guide, public=True),
    Route(path="/docs/images/{name}", page=show_picture, public=True),
    Route(path="/docs/{product}/{operation}", page=show_page_of_operation, public=True),
)
