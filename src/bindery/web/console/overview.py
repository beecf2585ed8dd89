"""``/console/``: all projects, their datasets and bindings, and what needs attention."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bindery.web.calls import Caller
from bindery.web.console.shown_binding import Shown, show_binding
from bindery.web.event_stream import tell_changes
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_MOST = 100
"""Of each kind; a page that lists more is read by nobody."""
_TYPES = {"Field": "MediaType", "Operation": "group"}


async def show(request: PageRequest) -> web.Response:
    """Everything that the reader may see."""
    caller = request.caller
    projects = (await caller.get("ListProjects", {"MaxResults": _MOST}))["Projects"]
    found = await asyncio.gather(*(_look_into(caller, each["ProjectName"]) for each in projects))
    bindings = [binding for _, held in found for binding in held]
    return request.render(
        "console/overview.html",
        projects=[
            project | {"Datasets": datasets} for project, (datasets, _) in zip(projects, found, strict=True)
        ],
        bindings=bindings,
        attention=[binding for binding in bindings if binding["Attention"]],
        files=sum(each["FileCount"] for datasets, _ in found for each in datasets),
        size=sum(each["TotalFileSize"] for datasets, _ in found for each in datasets),
        texts=request.t.group("console"),
    )


async def live(request: PageRequest) -> web.StreamResponse:
    """The bindings, whenever one changes."""

    async def look() -> list[Shown]:
        caller = request.caller
        projects = (await caller.get("ListProjects", {"MaxResults": _MOST}))["Projects"]
        found = await asyncio.gather(*(_bindings_of(caller, each["ProjectName"]) for each in projects))
        return [binding for held in found for binding in held]

    return await tell_changes(request, look, seconds=2.0)


async def media_types(request: PageRequest) -> web.Response:
    """Files of a dataset by media type."""
    project, dataset = request.named["project"], request.named["dataset"]
    values = {"ProjectName": project, "DatasetName": dataset, "Aggregations": [_TYPES]}
    answer = await request.caller.get("SimpleQuery", values)
    groups = (answer.get("Aggregations") or [{}])[0].get("Groups") or []
    return request.answer([{"type": each.get("Value", ""), "count": each["Count"]} for each in groups])


async def _look_into(caller: Caller, project: str) -> tuple[list[dict[str, Any]], list[Shown]]:
    values = {"ProjectName": project, "MaxResults": _MOST}
    listed = await caller.call("ListDatasets", values)
    names = [each["DatasetName"] for each in listed.data["Datasets"]] if listed.ok else []
    datasets = await asyncio.gather(*(_dataset(caller, project, name) for name in names))
    return [each for each in datasets if each], await _bindings_of(caller, project)


async def _dataset(caller: Caller, project: str, name: str) -> dict[str, Any] | None:
    """None when the reader may list it, but not look into it."""
    reply = await caller.call(
        "GetDataset", {"ProjectName": project, "DatasetName": name, "WithStatistics": True}
    )
    return {"FileCount": 0, "TotalFileSize": 0, **reply.data["Dataset"]} if reply.ok else None


async def _bindings_of(caller: Caller, project: str) -> list[Shown]:
    reply = await caller.call("ListBindings", {"ProjectName": project, "MaxResults": _MOST})
    return [show_binding(each) for each in reply.data["Bindings"]] if reply.ok else []


async def go_to_overview(request: PageRequest) -> web.Response:
    """The address without its last slash."""
    return request.go_to("/console/")


ROUTES = (
    Route(path="/console", page=go_to_overview),
    Route(path="/console/", page=show),
    Route(path="/console/live", page=live),
    Route(path="/console/datasets/{project}/{dataset}/media-types", page=media_types),
)
