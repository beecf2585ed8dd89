"""What stands around a file: its neighbours in the order of the gallery, files of the same hour or place, and what the
ledger knows of its object. Each is asked for by the script of the file's page, once the page is there.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bindery.catalog.query.parse import to_simple_query
from bindery.catalog.query.syntax import And, Leaf, Node, Not, Or, QueryError
from bindery.web.gallery.object_access import Entry, find_entry
from bindery.web.gallery.place import place_of, place_path
from bindery.web.gallery.searching import SORTS, read_search
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_OTHER = {"asc": "desc", "desc": "asc"}
_TIE = "URI"
_TILE = ("URI", "Filename", "MediaType", "ETag", "ProduceTime", "LatLong")
_HOUR = timedelta(hours=1)
_METRES = 1_000
_MOST = 12


def shown_in(request: PageRequest) -> dict[str, str]:
    """The search that a file was opened from, as far as it is not the gallery's usual one."""
    asked = {name: request.query.get(name, "") for name in ("q", "sort", "order")}
    return {name: value for name, value in asked.items() if value}


def file_address(request: PageRequest, uri: str) -> str:
    """The page of another file of the same search."""
    return f"/console/files/{place_path(request)}?" + urlencode({"uri": uri, **shown_in(request)})


async def neighbours(request: PageRequest) -> web.Response:
    """Addresses of the files before and after this one; null where the gallery ends, or the search has no order."""
    sort = request.query.get("sort", "")
    sort = sort if sort in SORTS else SORTS[0]
    order = "asc" if request.query.get("order") == "asc" else "desc"
    entry, _ = await find_entry(request, (_TIE, sort))
    try:
        search = read_search(request.query.get("q", ""))
    except QueryError:
        return request.answer({"before": None, "after": None})
    if search.words:
        return request.answer({"before": None, "after": None})
    before, after = await asyncio.gather(
        _first(request, search.node, _steps_back(entry, sort, order)),
        _first(request, search.node, _steps_on(entry, sort, order)),
    )
    return request.answer({"before": before, "after": after})


def _leaf(field: str, operation: str, value: str | None = None) -> Leaf:
    return Leaf(field=field, operation=operation, value=value)


Step = tuple[Node, str, str]
"""What holds for files on that side, and how to sort so that the nearest is the first: Sort and Order."""


def _steps_on(entry: Entry, sort: str, order: str) -> list[Step]:
    """Files without the field come last, in the order of their URIs."""
    uri = _leaf(_TIE, "gt", entry["URI"])
    without = Not((_leaf(sort, "exist"),))
    if (value := _value(entry, sort)) is None:
        return [(And((without, uri)), _TIE, "asc")]
    beyond = _leaf(sort, "gt" if order == "asc" else "lt", value)
    level = And((_leaf(sort, "eq", value), uri))
    return [(Or((beyond, level)), f"{sort},{_TIE}", f"{order},asc"), (without, _TIE, "asc")]


def _steps_back(entry: Entry, sort: str, order: str) -> list[Step]:
    uri = _leaf(_TIE, "lt", entry["URI"])
    turned = f"{_OTHER[order]},desc"
    if (value := _value(entry, sort)) is None:
        without = And((Not((_leaf(sort, "exist"),)), uri))
        return [(without, _TIE, "desc"), (_leaf(sort, "exist"), f"{sort},{_TIE}", turned)]
    beyond = _leaf(sort, "lt" if order == "asc" else "gt", value)
    level = And((_leaf(sort, "eq", value), uri))
    return [(Or((beyond, level)), f"{sort},{_TIE}", turned)]


def _value(entry: Entry, sort: str) -> str | None:
    value = entry.get(sort)
    return None if value is None else str(value)


async def _first(request: PageRequest, node: Node | None, steps: list[Step]) -> str | None:
    """The address of the first file of the first step that has one."""
    for within, sort, order in steps:
        found = await _query(request, within if node is None else And((node, within)), sort, order, 1)
        if found:
            return file_address(request, found[0]["URI"])
    return None


async def _query(request: PageRequest, node: Node, sort: str, order: str, most: int) -> list[Entry]:
    """Files; none where the search cannot be narrowed down further, since it is too deep already."""
    values: dict[str, Any] = {
        "Query": to_simple_query(node),
        "Sort": sort,
        "Order": order,
        "MaxResults": most,
        "WithFields": list(_TILE),
        "WithoutTotalHits": True,
    }
    reply = await request.caller.call("SimpleQuery", place_of(request) | values)
    return (reply.data.get("Files") or []) if reply.ok else []


async def alike(request: PageRequest) -> web.Response:
    """Files of the same hour, the nearest in time first, and of the same kilometre, the newest first."""
    entry, _ = await find_entry(request, _TILE)
    time, place = await asyncio.gather(_same_hour(request, entry), _same_place(request, entry))
    return request.answer({"time": time, "place": place})


async def _same_hour(request: PageRequest, entry: Entry) -> list[dict[str, str]]:
    taken = _time(entry)
    if taken is None:
        return []
    earlier, later = ("lte", "gte", taken - _HOUR, "desc"), ("gt", "lte", taken + _HOUR, "asc")
    found = await asyncio.gather(
        *(_side(request, entry["ProduceTime"], *side) for side in (earlier, later))
    )
    files = [file for side in found for file in side if file["URI"] != entry["URI"] and _time(file)]
    files.sort(key=lambda file: abs((_time(file) or taken) - taken))
    return [_tile(request, file) for file in files[:_MOST]]


async def _side(
    request: PageRequest, taken: str, operation: str, bound: str, end: datetime, order: str
) -> list[Entry]:
    """The files nearest to a time, on one side of it."""
    within = And((_leaf("ProduceTime", operation, taken), _leaf("ProduceTime", bound, end.isoformat())))
    return await _query(request, within, f"ProduceTime,{_TIE}", f"{order},asc", _MOST + 1)


async def _same_place(request: PageRequest, entry: Entry) -> list[dict[str, str]]:
    if not entry.get("LatLong"):
        return []
    circle = _leaf("LatLong", "geo-distance", f"{entry['LatLong']};{_METRES}")
    found = await _query(request, circle, f"ProduceTime,{_TIE}", "desc,asc", _MOST + 1)
    return [_tile(request, file) for file in found if file["URI"] != entry["URI"]][:_MOST]


def _time(entry: Entry) -> datetime | None:
    try:
        taken = datetime.fromisoformat(entry.get("ProduceTime", ""))
        return taken if taken.tzinfo else None
    except ValueError:
        return None


def _tile(request: PageRequest, file: Entry) -> dict[str, str]:
    place = place_path(request)
    uri = file["URI"]
    return {
        "name": file.get("Filename") or uri,
        "page": f"/console/files/{place}?" + urlencode({"uri": uri}),
        "thumbnail": f"/console/thumbnails/{place}?" + urlencode({"uri": uri, "v": file.get("ETag", "")}),
        "time": file.get("ProduceTime", ""),
    }


async def history(request: PageRequest) -> web.Response:
    """What the ledger of the binding says of the object: null when there is none, or no binding looks at it."""
    _, uri = await find_entry(request, (_TIE,))
    values = {"URI": f"oss://{uri.bucket}", "Prefix": uri.key, "MaxResults": 1}
    reply = await request.caller.call("ListLedgerEntries", place_of(request) | values)
    if not reply.ok:
        unbound = reply.data.get("Code") == "ResourceNotFound"
        return request.answer({"row": None, "refused": "" if unbound else reply.refusal})
    row = next(iter(reply.data.get("LedgerEntries") or ()), None)
    return request.answer({"row": row if row and row.get("Key") == uri.key else None, "refused": ""})


ROUTES = (
    Route(path="/console/files/{project}/{dataset}/neighbours", page=neighbours),
    Route(path="/console/files/{project}/{dataset}/alike", page=alike),
    Route(path="/console/files/{project}/{dataset}/history", page=history),
)
