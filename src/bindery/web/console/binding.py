"""``/console/bindings/…``: one binding, live, with what may be done about it; and a new one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import web

from bindery.web.console.shown_binding import Shown, show_binding
from bindery.web.event_stream import tell_changes
from bindery.web.explorer.described import form_address
from bindery.web.page_request import PageError, PageRequest
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
        explorer=form_address("imm:GetBinding", _names(request)),
        texts=request.t.group("console"),
    )


async def live(request: PageRequest) -> web.StreamResponse:
    """The binding, whenever it changes."""

    async def look() -> Shown:
        return await _look(request)

    return await tell_changes(request, look)


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
    return request.render(
        "console/new_binding.html", values={}, problem="", texts=request.t.group("console")
    )


async def estimate(request: PageRequest) -> web.Response:
    """What a binding with this scope would find, before there is one."""
    form = await request.form()
    values = {"ProjectName": form.get("project", ""), "URI": _uri(form), "Scope": _scope(form)}
    return request.answer(await request.caller.get("EstimateBinding", values))


async def create(request: PageRequest) -> web.Response:
    """Make it, with its project and dataset when they are not there, and show it."""
    form = await request.form()
    project, dataset = form.get("project", ""), form.get("dataset", "")
    names = {"ProjectName": project, "DatasetName": dataset}
    caller = request.caller
    for operation, held in (("CreateProject", {"ProjectName": project}), ("CreateDataset", names)):
        reply = await caller.call(operation, held)
        if not reply.ok and reply.data.get("Code") != "ResourceAlreadyExists":
            return _again(request, form, reply.refusal)
    reply = await caller.call("CreateBinding", names | {"URI": _uri(form), "Scope": _scope(form)})
    if not reply.ok:
        return _again(request, form, reply.refusal)
    return request.go_to(show_binding(reply.data["Binding"])["Page"])


def _again(request: PageRequest, form: dict[str, str], problem: str) -> web.Response:
    return request.render(
        "console/new_binding.html",
        status=HTTPStatus.BAD_REQUEST,
        values=form,
        problem=problem,
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
    """What the form says of a scope: lines of lists, and sizes; None when it says nothing."""
    scope: dict[str, Any] = {}
    for name in _LISTED:
        if lines := [line.strip() for line in form.get(name, "").splitlines() if line.strip()]:
            scope[name] = lines
    for name in _SIZES:
        if text := form.get(name, "").strip():
            scope[name] = int(text) if text.isdecimal() else text
    return scope or None


_BINDING = "/console/bindings/{project}/{dataset}/{bucket}"
ROUTES = (
    Route(path="/console/bindings/new", page=show_new),
    Route(path="/console/bindings/new", page=create, method="POST"),
    Route(path="/console/bindings/estimate", page=estimate, method="POST"),
    Route(path="/console/tasks/{project}/{task}", page=task),
    Route(path=_BINDING, page=show),
    Route(path=_BINDING + "/live", page=live),
    Route(path=_BINDING + "/{action}", page=act, method="POST"),
)
