"""What the scripts of the search bar ask: what an expression says and how it may go on, known values, counts."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from bindery.catalog.query.syntax import Leaf, QueryError
from bindery.catalog.query.written import write_expression
from bindery.web.gallery.completion import complete, has_known_values, value_option
from bindery.web.gallery.searching import expression_of, problem_of, read_search
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_PLACE = "/console/datasets/{project}/{dataset}"
_MOST_VALUES = 200
_LARGEST_QUERY = 256 * 1024
_FACETS = (
    "MediaType",
    "ContentType",
    "Addresses.Country",
    "Addresses.City",
    "Labels.LabelName",
)
_MOST_GROUPS = 30
_FOR_SECONDS = "private, max-age=20"
"""Known values may be some seconds old; browsers ask again then."""


def place_of(request: PageRequest) -> dict[str, str]:
    """Parameters that name the dataset."""
    return {"ProjectName": request.named["project"], "DatasetName": request.named["dataset"]}


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
        if group["Value"].startswith(begin) and group["Value"]
    ]
    response = request.answer({"values": shown, "all": len(groups) < _MOST_VALUES})
    response.headers["Cache-Control"] = _FOR_SECONDS
    response.headers["Vary"] = "Cookie"
    return response


async def counts(request: PageRequest) -> web.Response:
    """How many of the files that match have which type, format, place, label."""
    try:
        search = read_search(request.query.get("q", ""))
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})
    asked = {
        "Query": search.query,
        "Aggregations": [{"Field": each, "Operation": "group"} for each in _FACETS],
        "MaxResults": _MOST_GROUPS,
        "WithoutTotalHits": True,
    }
    found = await request.caller.get("SimpleQuery", place_of(request) | asked)
    return request.answer({"facets": [_facet(each) for each in _groups(found)]})


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
    return {"field": field, "groups": groups}


ROUTES = (
    Route(path=_PLACE + "/reading", page=reading),
    Route(path=_PLACE + "/expression", page=expression, method="POST"),
    Route(path=_PLACE + "/values", page=values),
    Route(path=_PLACE + "/counts", page=counts),
)
