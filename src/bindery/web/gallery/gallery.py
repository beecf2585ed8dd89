"""``/console/datasets/{project}/{dataset}/``: the files of a dataset as a grid, and the bar that searches them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bindery.catalog.query.syntax import QueryError
from bindery.web.gallery.bulk import reasons
from bindery.web.gallery.place import place_of
from bindery.web.gallery.searching import SORTS, problem_of
from bindery.web.gallery.sections import LARGEST_PAGE, number_of, read_listing
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route


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
        why_not=await reasons(request),
        search_texts=request.t.group("search"),
        query=request.query.get("q", ""),
    )


async def files(request: PageRequest) -> web.Response:
    """One page of a section, or of all that the bar asks for; with the first one of all the number of hits."""
    try:
        listing = read_listing(request)
    except QueryError as error:
        return request.answer({"problem": problem_of(error)})
    token = request.query.get("token", "")
    values = listing.values(number_of(request.query.get("size"), LARGEST_PAGE), token)
    if "bare" in request.query:
        values["WithFields"] = ["URI"]
    found = await request.caller.get(listing.search.action, place_of(request) | values)
    shown: dict[str, Any] = {"files": found.get("Files") or [], "next": found.get("NextToken") or ""}
    if not token and "TotalHits" in found:
        shown["total"] = found["TotalHits"]
    return request.answer(shown)


async def go_to_gallery(request: PageRequest) -> web.Response:
    """The address without its last slash."""
    return request.go_to(request.http.raw_path.partition("?")[0] + "/")


ROUTES = (
    Route(path="/console/datasets/{project}/{dataset}", page=go_to_gallery),
    Route(path="/console/datasets/{project}/{dataset}/", page=show),
    Route(path="/console/datasets/{project}/{dataset}/files", page=files),
)
