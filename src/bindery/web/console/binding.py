"""``/console/bindings/…``: one binding, live, with what may be done about it; and a new one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import web

from bindery.web.calls import CallFailed
from bindery.web.console.shown_binding import Shown, show_binding
from bindery.web.event_stream import tell_changes
from bindery.web.explorer.described import form_address
from bindery.web.page_request import PageError, PageRequest
from bindery.web.rights import rights_of
from bindery.web.routes import Route

_SAMPLE = 50
_COUNTED = 1_000
_ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "stop": ("StopBinding", {}),
    "resume": ("ResumeBinding", {}),
    "audit": ("AuditBinding", {}),
    "repair": ("AuditBinding", {"Repair": True}),
    "confirm": ("ConfirmDeletion", {}),
    "retry": ("RetryLedgerEntries", {"Outcome": "Failed"}),
}
"""What a button does: an operation, and what it says besides the binding."""
_LISTED = ("Include", "Exclude", "MediaTypes", "Prefixes")
_SIZES = ("MinSize", "MaxSize")


async def show(request: PageRequest) -> web.Response:
    """State, books, failures."""
    return request.render(
        "console/binding.html",
        binding=await _look(request),
        failures=await _failures(request),
        rights=await rights_of(request, sorted({each for each, _ in _ACTIONS.values()}), _names(request)),
        operations={action: operation for action, (operation, _) in _ACTIONS.items()},
        explorer=form_address("imm:GetBinding", _names(request)),
        texts=request.t.group("console"),
    )


async def live(request: PageRequest) -> web.StreamResponse:
    """The binding, whenever it changes."""

    async def look() -> Shown:
        return await _look(request)

    return await tell_changes(request, look)


async def history(request: PageRequest) -> web.Response:
    """The books over time, for the plot."""
    return request.answer((await request.caller.get("GetBindingHistory", _names(request)))["Points"])


async def held_back(request: PageRequest) -> web.Response:
    """A sample of what a confirmation would remove, with what the dataset knows of it."""
    names = _names(request)
    held = await request.caller.get("GetHeldBackRemovals", names)
    uris = [f"{names['URI']}/{key}" for key in held["Keys"]]
    values = {name: names[name] for name in ("ProjectName", "DatasetName")} | {"URIs": uris}
    reply = await request.caller.call("BatchGetFileMeta", values) if uris else None
    found = {each["URI"]: each for each in (reply.data.get("Files") or [])} if reply and reply.ok else {}
    shown = [
        {
            "key": key,
            "uri": uri,
            **{name: found.get(uri, {}).get(name) for name in ("Size", "MediaType", "ETag")},
        }
        for key, uri in zip(held["Keys"], uris, strict=True)
    ]
    return request.answer({"count": held["Count"], "folders": held["Folders"], "files": shown})


async def act(request: PageRequest) -> web.Response:
    """One of the buttons; the answer names a task when the work goes on."""
    chosen = _ACTIONS.get(request.named["action"])
    if chosen is None:
        raise PageError(HTTPStatus.NOT_FOUND, "errors.missing")
    operation, values = chosen
    return request.answer(await request.caller.get(operation, _names(request) | values))


async def task(request: PageRequest) -> web.Response:
    """How far work is that a button has begun."""
    values = {"ProjectName": request.named["project"], "TaskId": request.named["task"]}
    return request.answer(
        await request.caller.get("GetTask", values | {"TaskType": request.query.get("type", "")})
    )


async def show_new(request: PageRequest) -> web.Response:
    """The form of a new binding."""
    return await _show_new(request, {}, "")


async def estimate(request: PageRequest) -> web.Response:
    """What a binding with this scope would find, before there is one. A task belongs to a project, so that one that
    is missing is made, empty."""
    form = await request.form()
    project = form.get("project", "")
    values = {"ProjectName": project, "URI": _uri(form), "Scope": _scope(form)}
    reply, made = await request.caller.call("EstimateBinding", values), False
    if reply.data.get("Code") == "ResourceNotFound" and project:
        await request.caller.get("CreateProject", {"ProjectName": project})
        reply, made = await request.caller.call("EstimateBinding", values), True
    if not reply.ok:
        raise CallFailed(reply)
    return request.answer({"task": reply.data["TaskId"], "made": made})


async def create(request: PageRequest) -> web.Response:
    """Make it, with its project and dataset when they are not there, and show it."""
    form = await request.form()
    project, dataset = form.get("project", ""), form.get("dataset", "")
    names = {"ProjectName": project, "DatasetName": dataset}
    caller = request.caller
    for operation, held in (("CreateProject", {"ProjectName": project}), ("CreateDataset", names)):
        reply = await caller.call(operation, held)
        if not reply.ok and reply.data.get("Code") != "ResourceAlreadyExists":
            return await _show_new(request, form, reply.refusal)
    reply = await caller.call("CreateBinding", names | {"URI": _uri(form), "Scope": _scope(form)})
    if not reply.ok:
        return await _show_new(request, form, reply.refusal)
    return request.go_to(show_binding(reply.data["Binding"])["Page"])


async def _show_new(request: PageRequest, form: dict[str, str], problem: str) -> web.Response:
    return request.render(
        "console/new_binding.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        values=form,
        problem=problem,
        rights=await rights_of(request, ["CreateBinding", "EstimateBinding"]),
        texts=request.t.group("console"),
    )


async def _look(request: PageRequest) -> Shown:
    return show_binding((await request.caller.get("GetBinding", _names(request)))["Binding"])


async def _failures(request: PageRequest) -> list[dict[str, Any]]:
    """Reasons of what failed, with how many keys and some of them; of the first thousand."""
    values = _names(request) | {"Outcome": "Failed", "MaxResults": _COUNTED}
    reply = await request.caller.call("ListLedgerEntries", values)
    reasons: dict[str, list[str]] = {}
    for entry in reply.data.get("LedgerEntries", []) if reply.ok else []:
        reasons.setdefault(entry.get("Reason", ""), []).append(entry["Key"])
    return [
        {"reason": reason, "count": len(keys), "keys": keys[:_SAMPLE]}
        for reason, keys in sorted(reasons.items(), key=lambda each: -len(each[1]))
    ]


def _names(request: PageRequest) -> dict[str, Any]:
    named = request.named
    return {
        "ProjectName": named["project"],
        "DatasetName": named["dataset"],
        "URI": "oss://" + named["bucket"],
    }


def _uri(form: dict[str, str]) -> str:
    return "oss://" + form.get("bucket", "").strip().removeprefix("oss://").strip("/")


def _scope(form: dict[str, str]) -> dict[str, Any] | None:
    """What the form says of a scope: lines of lists, sizes, a box; None when it says nothing."""
    scope: dict[str, Any] = {}
    for name in _LISTED:
        if lines := [line.strip() for line in form.get(name, "").splitlines() if line.strip()]:
            scope[name] = lines
    for name in _SIZES:
        if text := form.get(name, "").strip():
            scope[name] = int(text) if text.isdecimal() else text
    if form.get("Everything"):
        scope["DefaultExclusions"] = False
    return scope or None


_BINDING = "/console/bindings/{project}/{dataset}/{bucket}"
ROUTES = (
    Route(path="/console/bindings/new", page=show_new),
    Route(path="/console/bindings/new", page=create, method="POST"),
    Route(path="/console/bindings/estimate", page=estimate, method="POST"),
    Route(path="/console/tasks/{project}/{task}", page=task),
    Route(path=_BINDING, page=show),
    Route(path=_BINDING + "/live", page=live),
    Route(path=_BINDING + "/history", page=history),
    Route(path=_BINDING + "/held-back", page=held_back),
    Route(path=_BINDING + "/{action}", page=act, method="POST"),
)
