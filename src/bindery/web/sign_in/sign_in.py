"""``/sign-in``, ``/sign-in/link`` and ``/sign-out``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from aiohttp import web

from bindery.access.signing_in import TooManyAttempts, WrongKey
from bindery.web.page_request import SESSION, PageRequest
from bindery.web.routes import Route
from bindery.web.safe_paths import page_path

_HOME = "/console/"


async def show(request: PageRequest) -> web.Response:
    """The form."""
    to = page_path(request.query.get("to", ""), _HOME)
    if request.signed_in is not None:
        return request.go_to(to)
    return request.render("sign_in/sign_in.html", to=to, problem="", key_id="")


async def sign_in(request: PageRequest) -> web.Response:
    """By an access key."""
    form = await request.form()
    to, key_id = page_path(form.get("to", ""), _HOME), form.get("key_id", "").strip()
    begin = partial(request.site.signing_in.by_key, key_id, form.get("secret", "").strip())
    return await _begin(request, begin, wrong="sign_in.wrong", to=to, key_id=key_id)


async def sign_in_by_link(request: PageRequest) -> web.Response:
    """By what ``bindery open`` has made."""
    begin = partial(request.site.signing_in.by_link, request.http.query_string)
    return await _begin(request, begin, wrong="sign_in.link", to=_HOME)


async def _begin(
    request: PageRequest, begin: Callable[[str, str], str], *, wrong: str, to: str, key_id: str = ""
) -> web.Response:
    """Go on as whoever it is, or show the form with what is wrong."""
    try:
        token = await asyncio.to_thread(
            begin, request.client.address, request.http.headers.get("User-Agent", "")
        )
    except WrongKey:
        problem, status = request.t(wrong), HTTPStatus.FORBIDDEN
    except TooManyAttempts as error:
        problem, status = request.t("sign_in.too_many", seconds=error.args[0]), HTTPStatus.TOO_MANY_REQUESTS
    else:
        response = request.go_to(to)
        request.keep(response, SESSION, token, seconds=request.site.signing_in.longest, private=True)
        return response
    return request.render("sign_in/sign_in.html", status=status, to=to, problem=problem, key_id=key_id)


async def sign_out(request: PageRequest) -> web.Response:
    """Of this browser, or of all."""
    form = await request.form()
    signing_in, who = request.site.signing_in, request.who
    if form.get("everywhere"):
        await asyncio.to_thread(signing_in.end_all, who.identity)
    else:
        await asyncio.to_thread(signing_in.end, who.session)
    response = request.go_to("/sign-in")
    response.del_cookie(SESSION, path="/")
    return response


ROUTES = (
    Route(path="/sign-in", page=show, public=True),
    Route(path="/sign-in", page=sign_in, method="POST", public=True),
    Route(path="/sign-in/link", page=sign_in_by_link, public=True),
    Route(path="/sign-out", page=sign_out, method="POST"),
)
