"""``/console/datasets/{project}/{dataset}/``: the files of a dataset as a grid, and the bar that searches them."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bindery.catalog.query.syntax import QueryError
from bindery.web.gallery.searching import SORTS, read_search
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_PAGE = 100


async def show(request: PageRequest) -> web.Response:
    """The frame; what it holds is asked for by its script."""
    place = {"ProjectName": request.named["project"], "DatasetName": request.named["dataset"]}
    dataset = (await request.caller.get("GetDataset", place))["Dataset"]
    return request.render(
        "gallery/gallery.html",
        dataset=dataset,
        place=place,
        sorts=SORTS,
        texts=request.t.group("gallery"),
        query=request.query.get("q", ""),
    )


async def files(request: PageRequest) -> web.Response:
    """One page of what the bar asks for; with the first one the number of hits, and counts by facets."""
    asked = request.query
    try:
        search = read_search(asked.get("q", ""))
    except QueryError as error:
        return request.answer({"problem": str(error)})
    sort = asked.get("sort") if asked.get("sort") in SORTS else SORTS[0]
    order = "asc" if asked.get("order") == "asc" else "desc"
    token = asked.get("token", "")
    place = {"ProjectName": request.named["project"], "DatasetName": request.named["dataset"]}
    caller = request.caller
    calls = [caller.get(search.action, place | search.values(str(sort), order, _PAGE, token))]
    if not token and not search.words:
        calls.append(caller.get("SimpleQuery", place | search.counting))
    found, *counted = await asyncio.gather(*calls)
    shown: dict[str, Any] = {"files": found.get("Files") or [], "next": found.get("NextToken") or ""}
    if not token:
        shown |= {
            "total": found.get("TotalHits"),
            "facets": _facets(counted[0]) if counted else [],
            "query": search.query,
            "words": search.words,
        }
    return request.answer(shown)


def _facets(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": each["Field"], "groups": each["Groups"]}
        for each in found.get("Aggregations") or []
        if each.get("Groups")
    ]


async def go_to_gallery(request: PageRequest) -> web.Response:
    """The address without its last slash."""
    return request.go_to(request.http.raw_path.partition("?")[0] + "/")


ROUTES = (
    Route(path="/console/datasets/{project}/{dataset}", page=go_to_gallery),
    Route(path="/console/datasets/{project}/{dataset}/", page=show),
    Route(path="/console/datasets/{project}/{dataset}/files", page=files),
)
