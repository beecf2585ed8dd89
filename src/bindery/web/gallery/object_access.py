"""An entry of a dataset and its object, for readers who may see both."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from bindery.api.gateway.reading import may_read
from bindery.api.gateway.request import HttpRequest
from bindery.buckets.uri import ObjectUri, parse_object_uri
from bindery.web.gallery.place import place_of
from bindery.web.page_request import PageError, PageRequest

Entry = dict[str, Any]


async def find_entry(request: PageRequest, fields: tuple[str, ...] = ()) -> tuple[Entry, ObjectUri]:
    """The entry of the address's ``uri``. Raises CallFailed when the reader may not ask for it, PageError when there
    is none.
    """
    text = request.query.get("uri", "")
    try:
        uri = parse_object_uri(text)
    except ValueError:
        raise PageError(HTTPStatus.NOT_FOUND, "gallery.no_file") from None
    values: dict[str, Any] = place_of(request) | {"URI": text}
    if fields:
        values["WithFields"] = list(fields)
    found = (await request.caller.get("GetFileMeta", values)).get("Files") or []
    if not found:
        raise PageError(HTTPStatus.NOT_FOUND, "gallery.no_file")
    return found[0], uri


def version_of(entry: Entry) -> str:
    """The ETag as stores know it: entries hold it in quotes."""
    return str(entry.get("ETag", "")).strip('"')


async def may_see(request: PageRequest, uri: ObjectUri) -> bool:
    """Whether the reader may read the object itself, beyond what the dataset tells of it."""
    told = {"user-agent": [request.http.headers.get("User-Agent", "")]}
    http = HttpRequest("GET", "/", told, client=request.client)
    context = request.site.gateway.context
    return await asyncio.to_thread(may_read, context, request.who.identity, http, uri)
