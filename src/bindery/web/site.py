"""All pages: finds the one that is asked for, sees that its reader may have it, and answers when something is wrong."""

from __future__ import annotations

import asyncio
import hmac
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web

from bindery.access.signing_in import SigningIn
from bindery.api import errors
from bindery.api.gateway.gateway import Gateway
from bindery.api.gateway.readiness import Readiness
from bindery.api.gateway.request import Client
from bindery.sync.previews import Previews
from bindery.web import (
    access,
    console,
    explorer,
    front,
    gallery,
    preferences,
    reference,
    server,
    sign_in,
    usage,
)
from bindery.web.assets import load_assets, takes_gzip
from bindery.web.calls import CallFailed
from bindery.web.console_parts import find_navigation
from bindery.web.cut_off import cut_off
from bindery.web.headers import HEADERS
from bindery.web.page_request import CSRF_FIELD, CSRF_HEADER, PageError, PageRequest, wants_page
from bindery.web.pages import Pages
from bindery.web.routes import Route, Routes

_ASSETS = "/assets/"
_FOR_EVER = "public, max-age=31536000, immutable"
_SAFE = ("GET", "HEAD")
_OURS = ("same-origin", "none")
ROUTES: tuple[Route, ...] = (
    *front.ROUTES,
    *access.ROUTES,
    *console.ROUTES,
    *usage.ROUTES,
    *server.ROUTES,
    *gallery.ROUTES,
    *explorer.ROUTES,
    *reference.ROUTES,
    *sign_in.ROUTES,
    *preferences.ROUTES,
)
_log = structlog.get_logger()


class Site:
    """Answers browsers. Knows no store and no SQL: what pages show, they ask the gateway for."""

    largest_form = 1024 * 1024
    largest_call = 16 * 1024 * 1024

    def __init__(
        self, gateway: Gateway, signing_in: SigningIn, readiness: Readiness, previews: Previews
    ) -> None:
        self.gateway, self.signing_in, self.readiness = gateway, signing_in, readiness
        self.previews = previews
        self.pages = Pages()
        self.ending = asyncio.Event()
        """Set when the server stops."""
        self._routes = Routes(ROUTES)

    def end(self) -> None:
        """The server stops: answers that go on and on end with it."""
        self.ending.set()

    async def answer(self, http: web.BaseRequest, client: Client) -> web.StreamResponse | None:
        """The page; None when the request is a call of the API."""
        path = http.raw_path.partition("?")[0]
        if path.startswith(_ASSETS):
            return _asset(http, path)
        if path == "/" and (http.query_string or not _is_look(http)):
            return None
        response = await self._find(http, client, path)
        if response is not None and not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    async def _find(self, http: web.BaseRequest, client: Client, path: str) -> web.StreamResponse | None:
        """The vendor's clients may have a path in their endpoint: what no page answers is a call, but a look by a
        browser."""
        found = self._routes.find(http.method, path)
        methods = [] if found else self._routes.methods(path)
        if not (found or methods or _is_look(http)):
            return None
        request = PageRequest(self, http, client, found[1] if found else {})
        if found:
            return await self._page(request, found[0])
        return self._no_method(request, methods) if methods else self._missing(request)

    async def _page(self, request: PageRequest, route: Route) -> web.StreamResponse:
        try:
            await self._admit(request, route)
            if request.signed_in is None and not route.public:
                return self._to_sign_in(request)
            if request.signed_in is not None:
                request.navigation = await find_navigation(request)
            return await route.page(request)
        except ConnectionError:
            raise
        except Exception as error:
            if request.is_begun:
                raise cut_off(request, route.path, error) from error
            return self._failed(request, route, error)

    def _failed(self, request: PageRequest, route: Route, error: Exception) -> web.Response:
        """What the rooms below cannot do now is told as the API tells it; all else is a defect."""
        if isinstance(error, PageError):
            return self._error(request, error.status, request.t(error.key, **error.values))
        if isinstance(error, CallFailed):
            return self._error(request, HTTPStatus(error.reply.status), str(error), error.code)
        known = errors.from_exception(error)
        if known is not None:
            return self._error(request, HTTPStatus(known.status), known.message, known.code)
        _log.error("a page could not be made", page=route.path, exc_info=error)
        return self._error(request, HTTPStatus.INTERNAL_SERVER_ERROR, request.t("errors.defect"))

    async def _admit(self, request: PageRequest, route: Route) -> None:
        """Who asks; and that a change comes from a page of this server. Raises PageError."""
        if request.token:
            request.signed_in = await asyncio.to_thread(self.signing_in.find, request.token)
        if request.signed_in is not None:
            request.client.trust()
        if route.method in _SAFE:
            return
        if not _is_from_here(request.http):
            raise PageError(HTTPStatus.FORBIDDEN, "errors.foreign")
        if request.signed_in is not None:
            shown = request.http.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD, "")
            if not hmac.compare_digest(shown.encode(), request.csrf.encode()):
                raise PageError(HTTPStatus.FORBIDDEN, "errors.foreign")

    def _to_sign_in(self, request: PageRequest) -> web.Response:
        if not request.wants_page:
            return request.answer({"Code": "SignedOut"}, HTTPStatus.UNAUTHORIZED)
        back = request.http.raw_path if request.http.method in _SAFE else "/console/"
        return request.go_to("/sign-in?to=" + quote(back, safe=""))

    def _missing(self, request: PageRequest) -> web.Response:
        return self._error(request, HTTPStatus.NOT_FOUND, request.t("errors.missing"))

    def _no_method(self, request: PageRequest, methods: list[str]) -> web.Response:
        response = self._error(request, HTTPStatus.METHOD_NOT_ALLOWED, request.t("errors.method"))
        response.headers["Allow"] = ", ".join(methods)
        return response

    def _error(
        self, request: PageRequest, status: HTTPStatus, message: str, code: str = ""
    ) -> web.Response:
        if not request.wants_page:
            response = request.answer({"Code": code or status.phrase, "Message": message}, status)
        else:
            response = request.render("layout/error.html", status=status, message=message, code=code)
        if request.http.can_read_body and not request.http.content.at_eof():
            response.force_close()
        return response


def _asset(http: web.BaseRequest, path: str) -> web.Response:
    """A script, a style or an icon, compressed where the browser takes that."""
    version, _, name = path.removeprefix(_ASSETS).partition("/")
    assets = load_assets()
    asset = assets.find(name) if version == assets.version else None
    if asset is None:
        return web.Response(status=HTTPStatus.NOT_FOUND, text="There is no such file.\n", headers=HEADERS)
    packed = asset.packed if takes_gzip(http.headers.get("Accept-Encoding", "")) else b""
    etag = f'"{version}{"-gzip" if packed else ""}"'
    headers = HEADERS | {"Cache-Control": _FOR_EVER, "ETag": etag, "Vary": "Accept-Encoding"}
    if http.headers.get("If-None-Match") == etag:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(
        body=packed or asset.content, content_type=asset.type, charset="utf-8", headers=headers
    )


def _is_look(http: web.BaseRequest) -> bool:
    return http.method in _SAFE and wants_page(http)


def _is_from_here(http: web.BaseRequest) -> bool:
    """Browsers say from which site a request comes."""
    site, origin = http.headers.get("Sec-Fetch-Site"), http.headers.get("Origin")
    if site is not None and site not in _OURS:
        return False
    return origin is None or urlsplit(origin).netloc == http.host
