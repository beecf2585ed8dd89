"""What the scripts of the search bar ask: what an expression says and how it may go on, known values, counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
from aiohttp import web

from bindery.catalog.query.syntax import Leaf, QueryError
from bindery.catalog.query.written import write_expression
from bindery.web.gallery.completion import complete, has_known_values, tag_options, value_option
from bindery.web.gallery.place import place_of
from bindery.web.gallery.searching import Search, expression_of, narrow, problem_of, read_search
from bindery.web.gallery.timeline import ask_timeline, facet_of, time_field
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_PLACE = "/console/datasets/{project}/{dataset}"
_MOST_VALUES = 200
_LABELS, _MOST_LABELS = "CustomLabels.", 5
_MOST_NAMES, _LONGEST_NAME = 1_000, 128
_LARGEST_QUERY = 256 * 1024
_FACETS = (
    "MediaType",
    "ContentType",
    "Addresses.Country",
    "Addresses.City",
    "Labels.LabelName",
    "Tags.Camera",
    "EXIF.LensModel",
    "Tags.Keywords",
    "Tags.Rating",
    "Tags.Genre",
    "Artist",
)
_MOST_GROUPS = 30
_LARGEST_ZOOM, _MOST_TILES = 24, 400
_SIZE_BOUNDS = ("0", "100KB", "1MB", "10MB", "100MB", "1GB", "")
_SIZE_CLASSES = tuple(
    (
        f"{low}–{high}" if high and low != "0" else f"< {high}" if high else f"≥ {low}",
        [f"Size >= {low}"] * (low != "0") + [f"Size < {high}"] * bool(high),
    )
    for low, high in pairwise(_SIZE_BOUNDS)
)
"""What each is called, and its conditions."""
_FOR_SECONDS = "private, max-age=20"
"""Known values may be some seconds old; browsers ask again then."""


async def reading(request: PageRequest) -> web.Response:
    """What the bar holds, or what is wrong with it; and how it may go on at the place of the cursor."""
    text, at = request.query.get("q", ""), request.query.get("at", "")
    answer: dict[str, Any] = {"problem": None, "query": None, "words": ""}
    if at.isdecimal():
        answer["completion"] = complete(text, int(at[:9]))
    try:
        search = read_search(text)
    except QueryError as error:
        return request.answer(answer | {"problem": problem_of(error)})
    return request.answer(answer | {"query": search.query, "words": search.words})


class Edited(msgspec.Struct):
    """What somebody writes into the field for JSON."""

    query: str


async def expression(request: PageRequest) -> web.Response:
    """The JSON of a SimpleQuery as an expression."""
    edited: Edited = await request.json(Edited, _LARGEST_QUERY)
    try:
        return request.answer({"text": expression_of(edited.query)})
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})


async def values(request: PageRequest) -> web.Response:
    """The most frequent values of a field, those that begin as asked for."""
    name, begin = request.query.get("field", ""), request.query.get("begin", "")
    if not has_known_values(name):
        return request.answer({"values": [], "all": True})
    asked = {
        "Aggregations": [{"Field": name, "Operation": "group"}],
        "Query": {"Field": name, "Operation": "prefix", "Value": begin} if begin else None,
        "MaxResults": _MOST_VALUES,
        "WithoutTotalHits": True,
    }
    found = await request.caller.get("SimpleQuery", place_of(request) | asked)
    groups = _groups(found)[0]["groups"]
    shown = [
        value_option(group["Value"], group["Count"])
        for group in groups
        if group["Value"].lower().startswith(begin.lower()) and group["Value"]
    ]
    response = request.answer({"values": shown, "all": len(groups) < _MOST_VALUES})
    response.headers["Cache-Control"] = _FOR_SECONDS
    response.headers["Vary"] = "Cookie"
    return response


async def tag_names(request: PageRequest) -> web.Response:
    """The names of raw tags that may go on as typed."""
    typed = request.query.get("typed", "")[:_LONGEST_NAME]
    asked = {"Contains": typed, "MaxResults": _MOST_NAMES}
    found = await request.caller.get("QueryTagNames", place_of(request) | asked)
    options = tag_options([name["Name"] for name in found["TagNames"]], typed)
    response = request.answer({"options": options})
    response.headers["Cache-Control"] = _FOR_SECONDS
    response.headers["Vary"] = "Cookie"
    return response


async def counts(request: PageRequest) -> web.Response:
    """How many of the files that match have which type, format, place, label and size, and when they were made."""
    asked = request.query
    try:
        search = read_search(asked.get("q", ""))
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})
    most = int(asked["bars"][:4]) if asked.get("bars", "").isdecimal() else 120
    field = time_field(asked.get("sort", ""))
    labels = await _label_names(request)
    found, sizes, timeline = await asyncio.gather(
        request.caller.get("SimpleQuery", place_of(request) | _counting(search, [*_FACETS, *labels])),
        _sizes(request, search),
        ask_timeline(request.caller, place_of(request), search.query, field, most),
    )
    by_type, *rest = [_facet(each) for each in _groups(found) if _tells_something(each)]
    by_time = [] if timeline is None else [facet_of(field, timeline[1])]
    facets = [by_type, *by_time, *rest, sizes]
    return request.answer({"facets": facets, "timeline": timeline and timeline[0]})


async def _label_names(request: PageRequest) -> list[str]:
    """The first of the user's own labels, each once however it is written."""
    asked = {"Contains": _LABELS, "MaxResults": _MOST_NAMES}
    found = await request.caller.get("QueryTagNames", place_of(request) | asked)
    names = {name["Name"].lower(): name["Name"] for name in found["TagNames"]}
    return [name for lower, name in names.items() if lower.startswith(_LABELS.lower())][:_MOST_LABELS]


def _tells_something(counted: dict[str, Any]) -> bool:
    """Whether the values of a label are more than an identifier of each file."""
    return (
        not counted["field"].startswith(_LABELS)
        or len(counted["groups"]) < _MOST_GROUPS
        or counted["groups"][0]["Count"] > 1
    )


def _counting(search: Search, facets: Sequence[str]) -> dict[str, Any]:
    return {
        "Query": search.query,
        "Aggregations": [{"Field": each, "Operation": "group"} for each in facets],
        "MaxResults": _MOST_GROUPS,
        "WithoutTotalHits": True,
    }


async def _sizes(request: PageRequest, search: Search) -> dict[str, Any]:
    """Size classes: each is counted by itself, for a query groups by whole values alone."""
    calls = []
    for _, parts in _SIZE_CLASSES:
        query = narrow(search.query, [read_search(part).query for part in parts])
        asked = {"Query": query, "Aggregations": [{"Field": "Size", "Operation": "count"}]}
        calls.append(
            request.caller.call("SimpleQuery", place_of(request) | asked | {"WithoutTotalHits": True})
        )
    groups = []
    for (label, parts), reply in zip(_SIZE_CLASSES, await asyncio.gather(*calls), strict=True):
        count = int(reply.data["Aggregations"][0]["Value"]) if reply.ok else 0
        if count:
            groups.append({"label": label, "count": count, "parts": parts})
    return {"field": "Size", "groups": groups}


async def tiles(request: PageRequest) -> web.Response:
    """Where the files that match are, in a part of the map; clusters of some 64 pixels."""
    asked = request.query
    try:
        search = read_search(asked.get("q", ""))
        box = read_search(f"within({asked['box'][:200]})").query if asked.get("box") else None
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})
    zoom = int(asked["zoom"][:2]) if asked.get("zoom", "").isdecimal() else 0
    query = narrow(search.query, [box])
    values = {"Query": query, "Zoom": min(zoom + 2, _LARGEST_ZOOM), "MaxResults": _MOST_TILES}
    found = await request.caller.get("QueryGeoTiles", place_of(request) | values)
    return request.answer({"tiles": found.get("Tiles") or [], "total": found.get("TotalHits", 0)})


def _groups(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": each["Field"], "groups": each.get("Groups") or []}
        for each in found.get("Aggregations") or []
    ]


def _facet(counted: dict[str, Any]) -> dict[str, Any]:
    field = counted["field"]
    groups = [
        {
            "label": group["Value"],
            "count": group["Count"],
            "parts": [write_expression(Leaf(field=field, operation="eq", value=group["Value"]))],
        }
        for group in counted["groups"]
        if group["Value"]
    ]
    facet = {"field": field, "groups": groups}
    return facet | {"title": field.removeprefix(_LABELS)} if field.startswith(_LABELS) else facet


ROUTES = (
    Route(path=_PLACE + "/reading", page=reading),
    Route(path=_PLACE + "/expression", page=expression, method="POST"),
    Route(path=_PLACE + "/values", page=values),
    Route(path=_PLACE + "/tag-names", page=tag_names),
    Route(path=_PLACE + "/counts", page=counts),
    Route(path=_PLACE + "/tiles", page=tiles),
)
