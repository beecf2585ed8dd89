"""``/explorer/``: operations, a form for the chosen one, and what came back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from bindery.api.spec.model import Operation, load_models
from bindery.web.calls import Reply
from bindery.web.explorer.code import download_project, languages, show_code
from bindery.web.explorer.described import describe, list_families
from bindery.web.explorer.explained import explain
from bindery.web.explorer.offered import offered
from bindery.web.page_request import PageError, PageRequest
from bindery.web.rights import rights_of
from bindery.web.routes import Route

_FIRST = "imm:ListProjects"
_LARGEST_SHOWN = 8 * 1024 * 1024
_SECRET_HEADERS = frozenset({"authorization"})


class Sending(msgspec.Struct):
    """What the form asks to be sent."""

    operation: str
    values: dict[str, Any]
    xml: bool = False


async def show(request: PageRequest) -> web.Response:
    """The explorer with an operation chosen: the one in the address, else the first."""
    identifier = _identifier(request) or _FIRST
    return request.render(
        "explorer/explorer.html",
        families=list_families(),
        chosen=await _described(request, identifier),
        texts=request.t.group("explorer"),
        languages_of_code=languages(),
        root=request.who.identity.is_account,
    )


async def model(request: PageRequest) -> web.Response:
    """What the form of another operation needs."""
    return request.answer(await _described(request, _identifier(request)))


async def _described(request: PageRequest, identifier: str) -> dict[str, Any]:
    """An operation, and why the reader may not call it on anything; empty when he may."""
    rights = await rights_of(request, [identifier])
    return describe(identifier) | {"refused": rights.why_not(identifier)}


async def send(request: PageRequest) -> web.Response:
    """Sign the call for whoever is signed in, send it, and show everything."""
    sending: Sending = await request.json(Sending, request.site.largest_call)
    operation = _operation(sending.operation)
    values = sending.values | ({"Format": "XML"} if sending.xml else {})
    return request.answer(shown(await request.caller.send(operation, values)))


def shown(reply: Reply) -> dict[str, Any]:
    """A reply for the page. The signature has had its one use, but is left out of what may be copied."""
    signed = reply.request
    answer: dict[str, Any] = {
        "request": {
            "method": signed.method,
            "target": signed.target,
            "headers": {
                name: "…" if name.lower() in _SECRET_HEADERS else value
                for name, value in signed.headers.items()
            },
            "body": signed.body.decode(),
        },
        "status": reply.status,
        "reason": HTTPStatus(reply.status).phrase,
        "headers": {"content-type": reply.content_type, "x-acs-request-id": reply.request_id},
        "seconds": reply.seconds,
        "size": len(reply.body),
        "body": reply.body[:_LARGEST_SHOWN].decode(errors="replace"),
    }
    if not reply.ok and reply.content_type.startswith("application/json"):
        found = explain(str(reply.data.get("Code", "")))
        answer["explanation"] = None if found is None else msgspec.to_builtins(found)
    return answer


def _identifier(request: PageRequest) -> str:
    """The operation that the address names; empty when it names none. Raises PageError."""
    named = request.named
    if "operation" not in named:
        return ""
    return _operation(f"{named['product']}:{named['operation']}").id


def _operation(identifier: str) -> Operation:
    try:
        return load_models()[identifier]
    except KeyError:
        raise PageError(HTTPStatus.NOT_FOUND, "explorer.no_operation") from None


async def go_to_first(request: PageRequest) -> web.Response:
    """The address without its last slash."""
    return request.go_to("/explorer/")


ROUTES = (
    Route(path="/explorer", page=go_to_first),
    Route(path="/explorer/", page=show),
    Route(path="/explorer/send", page=send, method="POST"),
    Route(path="/explorer/code", page=show_code, method="POST"),
    Route(path="/explorer/project", page=download_project, method="POST"),
    Route(path="/explorer/offered/{kind}", page=offered),
    Route(path="/explorer/{product}/{operation}", page=show),
    Route(path="/explorer/{product}/{operation}/model", page=model),
)
