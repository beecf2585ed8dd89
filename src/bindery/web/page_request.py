"""One request for a page: who asks, in which language, and what he may be shown."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from bindery.access.signing_in import SignedIn
from bindery.api.errors import ApiError
from bindery.api.gateway.budget import Reservation
from bindery.api.gateway.request import Asker, Client
from bindery.web.calls import Caller
from bindery.web.code.languages import Endpoint
from bindery.web.console_parts import Navigation, current_part
from bindery.web.texts import Texts, choose_language, load_texts

if TYPE_CHECKING:
    from bindery.web.site import Site

SESSION = "bindery_session"
LANGUAGE = "bindery_language"
THEME = "bindery_theme"
THEMES = ("light", "dark")
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
_HOST = re.compile(r"[A-Za-z0-9.\[\]:-]{1,255}")
_OTHERWISE = "127.0.0.1:8180"
"""For programs, where a Host header has what should not stand in one."""
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 2_000
_YEAR = 31_536_000


class PageError(Exception):
    """What a page says instead of itself: a status and the key of a text."""

    def __init__(self, status: HTTPStatus, key: str, **values: object) -> None:
        super().__init__(key)
        self.status, self.key, self.values = status, key, values


def wants_page(http: web.BaseRequest) -> bool:
    """Whether a request asks for HTML."""
    return "text/html" in http.headers.get("Accept", "")


class PageRequest:
    """What a page works with."""

    def __init__(self, site: Site, http: web.BaseRequest, client: Client, named: Mapping[str, str]) -> None:
        self.site, self.http, self.client, self.named = site, http, client, named
        self.t: Texts = load_texts(
            choose_language(http.cookies.get(LANGUAGE, ""), http.headers.get("Accept-Language", ""))
        )
        self.signed_in: SignedIn | None = None
        self.asker = Asker.PAGE
        """For whom calls are made now: a page that is watched makes the same again and again."""
        self.navigation = Navigation()
        """Where else the reader may go in the console."""
        self.is_begun = False
        """Whether the head of the answer has been sent: no other one can follow."""
        self._body: bytes | None = None

    @property
    def token(self) -> str:
        """What the browser shows to say who it is."""
        return self.http.cookies.get(SESSION, "")

    @property
    def csrf(self) -> str:
        """What a form of this session must carry: nobody who cannot read its pages knows it."""
        return hmac.digest(self.token.encode(), b"csrf", hashlib.sha256).hex() if self.token else ""

    @property
    def part(self) -> str:
        """The part of the console that the page is of."""
        return current_part(self.http.path)

    @property
    def theme(self) -> str:
        """``light``, ``dark``, or empty: as the system has it."""
        chosen = self.http.cookies.get(THEME, "")
        return chosen if chosen in THEMES else ""

    @property
    def who(self) -> SignedIn:
        """Who is signed in; pages that are not public always have somebody."""
        assert self.signed_in is not None
        return self.signed_in

    @property
    def caller(self) -> Caller:
        """Calls the API for whoever is signed in."""
        return Caller(
            self.site.gateway,
            self.who.identity,
            self.client,
            self.http.host,
            self.http.headers.get("User-Agent", ""),
            self.asker,
        )

    @property
    def wants_page(self) -> bool:
        """Whether somebody looks with a browser; scripts, of pages too, want data."""
        return wants_page(self.http)

    @property
    def endpoint(self) -> Endpoint:
        """This server as its reader reaches it, for programs that call it."""
        host = self.http.host
        return Endpoint(
            host if _HOST.fullmatch(host) else _OTHERWISE,
            "https" if self.client.secure else "http",
            self.site.gateway.context.settings.region_id,
        )

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Parameters of the address; of one that is there twice the last."""
        return dict(parse_qsl(self.http.query_string, keep_blank_values=True, max_num_fields=_MOST_FIELDS))

    async def body(self, limit: int) -> bytes:
        """The body. Raises PageError when it is longer, or does not come."""
        if self._body is None:
            held = Reservation(self.site.gateway.strange_bytes, self.client.address)
            try:
                self._body = await self.client.read_body(held, limit)
            except ApiError as error:
                raise PageError(HTTPStatus(error.status), "errors.body") from None
            finally:
                held.release()
        return self._body

    async def form(self) -> dict[str, str]:
        """The fields of a form that was sent. Raises PageError."""
        if self.http.content_type != _FORM:
            raise PageError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "errors.form")
        try:
            text = (await self.body(self.site.largest_form)).decode()
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            raise PageError(HTTPStatus.BAD_REQUEST, "errors.form") from None

    async def json(self, kind: Any, limit: int = 65_536) -> Any:
        """A body of JSON as ``kind``. Raises PageError."""
        if self.http.content_type != "application/json":
            raise PageError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "errors.form")
        try:
            return msgspec.json.decode(await self.body(limit), type=kind)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise PageError(HTTPStatus.BAD_REQUEST, "errors.form") from None

    def render(
        self, template: str, /, *, status: HTTPStatus = HTTPStatus.OK, **values: object
    ) -> web.Response:
        """A page."""
        text = self.site.pages.render(template, self, values)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")

    def answer(self, content: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
        """JSON for a script of a page."""
        return web.Response(
            body=msgspec.json.encode(content), status=status, content_type="application/json"
        )

    async def begin(self, response: web.StreamResponse) -> bool:
        """Send the head of an answer whose bytes follow piece by piece; whether they are wanted. Whatever goes wrong
        from now on cuts the answer off: nobody is to take a part of it for all."""
        self.is_begun = True
        await response.prepare(self.http)
        return self.http.method != "HEAD"

    def go_to(self, path: str) -> web.Response:
        """See another page of this server."""
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})

    def keep(
        self, response: web.Response, name: str, value: str, *, seconds: int = _YEAR, private: bool = False
    ) -> None:
        """A cookie that no other site's request carries along but a link."""
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self.client.secure,
            httponly=private,
            samesite="Lax",
        )
