"""``/console/datasets/{project}/{dataset}/``: the files of a dataset as a grid, and the bar that searches them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bindery.catalog.query.syntax import QueryError
from bindery.web.gallery.search_pages import place_of
from bindery.web.gallery.searching import SORTS, problem_of, read_search
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_PAGE = 100


async def show(request: PageRequest) -> web.Response:
    """The frame; what it holds is asked for by its script."""
    place = place_of(request)
    dataset = (await request.caller.get("GetDataset", place))["Dataset"]
    return request.render(
        "gallery/gallery.html",
        dataset=dataset,
        place=place,
        sorts=SORTS,
        texts=request.t.group("gallery"),
        search_texts=request.t.group("search"),
        query=request.query.get("q", ""),
    )


async def files(request: PageRequest) -> web.Response:
    """One page of what the bar asks for; with the first one the number of hits, and what the bar says."""
    asked = request.query
    try:
        search = read_search(asked.get("q", ""))
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})
    sort = asked.get("sort") if asked.get("sort") in SORTS else SORTS[0]
    order = "asc" if asked.get("order") == "asc" else "desc"
    token = asked.get("token", "")
    values = place_of(request) | search.values(str(sort), order, _PAGE, token)
    found = await request.caller.get(search.action, values)
    shown: dict[str, Any] = {"files": found.get("Files") or [], "next": found.get("NextToken") or ""}
    if not token:
        shown |= {
            "total": found.get("TotalHits"),
            "query": search.query,
            "words": search.words,
            "parts": search.parts,
        }
    return request.answer(shown)


async def go_to_gallery(request: PageRequest) -> web.Response:
    """The address without its last slash."""
    return request.go_to(request.http.raw_path.partition("?")[0] + "/")


ROUTES = (
    Route(path="/console/datasets/{project}/{dataset}", page=go_to_gallery),
    Route(path="/console/datasets/{project}/{dataset}/", page=show),
    Route(path="/console/datasets/{project}/{dataset}/files", page=files),
)
