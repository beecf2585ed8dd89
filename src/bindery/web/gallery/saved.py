"""Searches of a dataset that the reader has given a name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from bindery.web.gallery.place import place_of
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_PLACE = "/console/datasets/{project}/{dataset}/saved"


class Saving(msgspec.Struct):
    """A search under a name; ``previous`` is the name that it has had."""

    name: str
    expression: str
    previous: str = ""


class Named(msgspec.Struct):
    """A search by its name."""

    name: str


async def list_saved(request: PageRequest) -> web.Response:
    """By name."""
    found = await request.caller.get("ListSavedSearches", place_of(request))
    return request.answer(
        [
            {"name": each["SearchName"], "expression": each["Expression"]}
            for each in found.get("SavedSearches") or []
        ]
    )


async def save(request: PageRequest) -> web.Response:
    """A new one, another expression for one, or another name."""
    saving: Saving = await request.json(Saving)
    values = {"SearchName": saving.name, "Expression": saving.expression}
    return await _change(request, "PutSavedSearch", values | {"PreviousName": saving.previous or None})


async def delete(request: PageRequest) -> web.Response:
    """It is not wanted any more."""
    named: Named = await request.json(Named)
    return await _change(request, "DeleteSavedSearch", {"SearchName": named.name})


async def _change(request: PageRequest, action: str, values: dict[str, Any]) -> web.Response:
    reply = await request.caller.call(action, place_of(request) | values)
    if not reply.ok:
        refused = {"Code": reply.data.get("Code"), "Message": reply.data.get("Message")}
        return request.answer(refused, HTTPStatus(reply.status))
    return await list_saved(request)


ROUTES = (
    Route(path=_PLACE, page=list_saved),
    Route(path=_PLACE, page=save, method="POST"),
    Route(path=_PLACE + "/delete", page=delete, method="POST"),
)
