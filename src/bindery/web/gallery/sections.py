"""Where the files of a search are before any of them is loaded: months of the time they are sorted by, and pages."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from bindery.catalog.query.syntax import QueryError
from bindery.web.gallery.place import place_of
from bindery.web.gallery.searching import SORTS, Search, narrow, problem_of, read_search
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

TIMES = ("ProduceTime", "FileModifiedTime")
"""Orders that have sections."""
LARGEST_PAGE = 100
_MOST_PAGES = 1_000
_FIRST_YEAR, _LAST_YEAR = "1677", "2262"
"""Times beyond these are held as the first and the last instant that 64 bits can tell: there are no bounds outside."""


class Listing(msgspec.Struct, frozen=True):
    """What the address of a list of files asks for."""

    search: Search
    sort: str
    descending: bool
    bounds: tuple[dict[str, Any], ...] = ()
    """Further conditions: those of a section."""

    @property
    def order(self) -> str:
        """As calls say it."""
        return "desc" if self.descending else "asc"

    @property
    def query(self) -> dict[str, Any] | None:
        """The search within the section."""
        return narrow(self.search.query, self.bounds)

    def values(self, size: int, token: str) -> dict[str, Any]:
        """Parameters of the call that answers one page."""
        values = self.search.values(self.sort, self.order, size, token)
        if not self.bounds or self.search.words:
            return values
        return values | {"Query": self.query, "WithoutTotalHits": True}


def read_listing(request: PageRequest) -> Listing:
    """Raises QueryError for what looks like an expression and is none."""
    asked = request.query
    sort = asked.get("sort", "")
    sort = sort if sort in SORTS else SORTS[0]
    return Listing(read_search(asked.get("q", "")), sort, asked.get("order") != "asc", _bounds(sort, asked))


def _bounds(field: str, asked: Any) -> tuple[dict[str, Any], ...]:
    if "undated" in asked:
        return ({"Operation": "not", "SubQueries": [{"Field": field, "Operation": "exist"}]},)
    bounds = [
        {"Field": field, "Operation": operation, "Value": asked[name]}
        for name, operation in (("from", "gte"), ("to", "lt"))
        if asked.get(name)
    ]
    if not bounds and "from" in asked:
        bounds.append({"Field": field, "Operation": "exist"})
    return tuple(bounds)


def number_of(text: str | None, most: int) -> int:
    """A number of an address, 1 to ``most``; ``most`` for everything else."""
    return (
        min(most, max(1, int(text)))
        if text and text.isascii() and text.isdigit() and len(text) < 9
        else most
    )


async def sections(request: PageRequest) -> web.Response:
    """How many files there are in each month or day; in an order that knows no time, on each page."""
    try:
        listing = read_listing(request)
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})
    search = listing.search
    said = {"query": search.query, "words": search.words, "parts": search.parts}
    if search.words:
        return request.answer(said)
    if listing.sort in TIMES:
        return request.answer(said | await _months(request, listing))
    place = place_of(request)
    counting = {"Query": search.query, "MaxResults": 1, "WithFields": ["URI"]}
    counted, listed = await asyncio.gather(
        request.caller.get("SimpleQuery", place | counting), _pages(request, listing)
    )
    return request.answer(said | {"total": counted.get("TotalHits")} | listed)


async def _months(request: PageRequest, listing: Listing) -> dict[str, Any]:
    interval = "day" if request.query.get("interval") == "day" else "month"
    asked = {"Query": listing.query, "Field": listing.sort, "Interval": interval}
    found = await request.caller.get("QueryDateHistogram", place_of(request) | asked)
    buckets = [_section(bucket) for bucket in found["Buckets"]]
    if listing.descending:
        buckets.reverse()
    if found["Undated"]["Count"]:
        buckets.append(_section(found["Undated"]))
    return {"sections": buckets, "total": sum(bucket["count"] for bucket in buckets)}


def _section(bucket: dict[str, Any]) -> dict[str, Any]:
    value = bucket.get("Value", "")
    return {
        "value": value,
        "from": bucket.get("StartTime", "") if value[:4] > _FIRST_YEAR else "",
        "to": bucket.get("EndTime", "") if value[:4] < _LAST_YEAR else "",
        "count": bucket["Count"],
        "ratios": round(bucket["AspectRatioSum"], 3),
    }


async def pages(request: PageRequest) -> web.Response:
    """Where the pages of a section begin, or those behind ``token``."""
    try:
        listing = read_listing(request)
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})
    return request.answer(await _pages(request, listing))


async def _pages(request: PageRequest, listing: Listing) -> dict[str, Any]:
    asked = listing.values(LARGEST_PAGE, request.query.get("token", ""))
    found = await request.caller.get(
        "ListQueryPages",
        place_of(request)
        | {name: asked[name] for name in ("Query", "Sort", "Order", "NextToken")}
        | {
            "PageSize": number_of(request.query.get("size"), LARGEST_PAGE),
            "MaxResults": number_of(request.query.get("most"), _MOST_PAGES),
        },
    )
    listed = [
        {"count": page["Count"], "ratios": round(page["AspectRatioSum"], 3), "token": page["NextToken"]}
        for page in found["Pages"]
    ]
    return {"pages": listed, "next": found["NextToken"]}


_PLACE = "/console/datasets/{project}/{dataset}"
ROUTES = (
    Route(path=_PLACE + "/sections", page=sections),
    Route(path=_PLACE + "/pages", page=pages),
)
