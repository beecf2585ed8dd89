"""The call of the form as a program, and as a project to take away."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from bindery.web.code.languages import LANGUAGES, Program, write_program
from bindery.web.code.projects import project_of
from bindery.web.page_request import PageError, PageRequest


class Wanted(msgspec.Struct):
    """A call in a language."""

    language: str
    operation: str
    values: dict[str, Any]


async def show_code(request: PageRequest) -> web.Response:
    """The program, for the panel beside the form."""
    return request.answer(_write(request, await request.json(Wanted, request.site.largest_call)))


async def download_project(request: PageRequest) -> web.Response:
    """The same as an archive."""
    try:
        wanted = msgspec.json.decode((await request.form()).get("wanted", ""), type=Wanted)
    except msgspec.MsgspecError:
        raise PageError(HTTPStatus.BAD_REQUEST, "errors.form") from None
    packed = project_of(wanted.language, _write(request, wanted))
    name = wanted.operation.rpartition(":")[2]
    headers = {"Content-Disposition": f'attachment; filename="{name}-{wanted.language}.zip"'}
    return web.Response(body=packed, content_type="application/zip", headers=headers)


def languages() -> dict[str, str]:
    """Titles by id, in the order in which they are shown."""
    return {identifier: language.TITLE for identifier, language in LANGUAGES.items()}


def _write(request: PageRequest, wanted: Wanted) -> Program:
    try:
        return write_program(wanted.language, wanted.operation, wanted.values, request.endpoint)
    except KeyError:
        raise PageError(HTTPStatus.NOT_FOUND, "explorer.no_operation") from None
