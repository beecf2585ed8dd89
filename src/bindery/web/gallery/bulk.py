"""What is done with many chosen files: labels, extracting again, deleting entries. A request is about one batch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from bindery.web.gallery.place import place_of
from bindery.web.page_request import PageError, PageRequest
from bindery.web.rights import rights_of
from bindery.web.routes import Route

BATCH = 100
"""Files that one call of the API takes."""
ACTIONS = {
    "label": "BatchUpdateFileMeta",
    "unlabel": "BatchUpdateFileMeta",
    "extract": "BatchIndexFileMeta",
    "delete": "BatchDeleteFileMeta",
}
"""The operation that does it."""
_LARGEST = 2 * 1024 * 1024
"""Of a request: a hundred URIs of a kilobyte, as JSON with whatever it escapes."""


class Work(msgspec.Struct, frozen=True):
    """What a batch is asked for."""

    action: str
    uris: tuple[str, ...]
    name: str = ""
    value: str = ""


class Failed(msgspec.Struct, frozen=True):
    """A file for which it was not done."""

    uri: str
    message: str


async def reasons(request: PageRequest) -> dict[str, str]:
    """Why the reader may not do it, for each action; empty when he may."""
    rights = await rights_of(request, sorted({"BatchGetFileMeta", *ACTIONS.values()}), place_of(request))
    found = {action: rights.why_not(operation) for action, operation in ACTIONS.items()}
    for action in ("label", "unlabel"):
        found[action] = found[action] or rights.why_not("BatchGetFileMeta")
    return found


async def work(request: PageRequest) -> web.Response:
    """Does it for one batch; each file succeeds or fails by itself."""
    asked: Work = await request.json(Work, _LARGEST)
    if asked.action not in ACTIONS or not 0 < len(asked.uris) <= BATCH:
        raise PageError(HTTPStatus.BAD_REQUEST, "errors.form")
    uris = list(dict.fromkeys(asked.uris))
    if asked.action in ("label", "unlabel"):
        failed = await _label(request, asked, uris)
    elif asked.action == "extract":
        failed = await _whole_or_each(uris, lambda some: _extract(request, some))
    else:
        failed = await _whole_or_each(uris, lambda some: _delete(request, some))
    return request.answer({"failed": failed})


async def _label(request: PageRequest, asked: Work, uris: list[str]) -> list[Failed]:
    """Labels are replaced as a whole by the API, so those that a file has are read first."""
    place = place_of(request)
    read = await request.caller.get(
        "BatchGetFileMeta", place | {"URIs": uris, "WithFields": ["URI", "CustomLabels"]}
    )
    held = {file["URI"]: file.get("CustomLabels") or {} for file in read.get("Files") or []}
    failed = [Failed(uri, request.t("gallery.gone")) for uri in uris if uri not in held]
    changed = []
    for uri, labels in held.items():
        others = {name: value for name, value in labels.items() if name != asked.name}
        wanted = others | {asked.name: asked.value} if asked.action == "label" else others
        if wanted != labels:
            changed.append({"URI": uri, "CustomLabels": wanted})
    if not changed:
        return failed
    reply = await request.caller.call("BatchUpdateFileMeta", place | {"Files": changed})
    if not reply.ok:
        return [*failed, *(Failed(file["URI"], reply.refusal) for file in changed)]
    results = reply.data.get("Files") or []
    return [*failed, *(Failed(each["URI"], each["Message"]) for each in results if not each["Success"])]


async def _extract(request: PageRequest, uris: list[str]) -> str:
    files = [{"URI": uri} for uri in uris]
    return (await request.caller.call("BatchIndexFileMeta", place_of(request) | {"Files": files})).refusal


async def _delete(request: PageRequest, uris: list[str]) -> str:
    return (await request.caller.call("BatchDeleteFileMeta", place_of(request) | {"URIs": uris})).refusal


async def _whole_or_each(uris: list[str], do: Callable[[list[str]], Awaitable[str]]) -> list[Failed]:
    """For calls that do all or nothing: what is refused is halved until it is known whose fault it is."""
    refusal = await do(uris)
    if not refusal:
        return []
    if len(uris) == 1:
        return [Failed(uris[0], refusal)]
    middle = len(uris) // 2
    return [*await _whole_or_each(uris[:middle], do), *await _whole_or_each(uris[middle:], do)]


ROUTES = (Route(path="/console/datasets/{project}/{dataset}/bulk", page=work, method="POST"),)
