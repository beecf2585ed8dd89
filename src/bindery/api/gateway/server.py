"""HTTP: the API at ``/``, and the pages for operators."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from bindery.api import errors
from bindery.api.errors import ApiError
from bindery.api.gateway.events import EventEndpoint
from bindery.api.gateway.gateway import Gateway
from bindery.api.gateway.rendering import Answer, make_request_id, render_error
from bindery.api.gateway.request import HttpRequest

_SMALL_ANSWER = 32_768
"""Bytes that a connection takes without waiting for its client."""


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may take. Bytes and seconds."""

    body: int = 16 * 1024 * 1024
    header: int = 16 * 1024
    headers_seconds: float = 60.0
    """For the request line and all headers, and for a connection that waits for the next request."""
    body_seconds: float = 30.0
    answer_seconds: float = 60.0
    shutdown_seconds: float = 5.0


class Server:
    """Serves a gateway."""

    def __init__(self, gateway: Gateway, limits: HttpLimits | None = None) -> None:
        self._gateway = gateway
        self._limits = limits or HttpLimits()
        self._runner: _Runner | None = None
        self._ready = False

    async def start(self, host: str, port: int) -> str:
        """Listen; port 0 takes a free one. Returns ``HOST:PORT``. Raises OSError when it cannot listen."""
        app = web.Application(client_max_size=self._limits.body)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        events = EventEndpoint(self._gateway.context, self._gateway.metrics, self._limits.body_seconds)
        app.router.add_route("*", "/events", events.handle)
        app.router.add_route("*", "/events/{name}", events.handle)
        app.router.add_route("*", "/", self._call)  # found without trying patterns
        app.router.add_route("*", "/{path:.+}", self._call)
        self._runner = _Runner(
            app,
            access_log=None,
            auto_decompress=False,  # bodies are hashed as they were sent
            keepalive_timeout=self._limits.headers_seconds,
            lingering_time=1.0,
            max_field_size=self._limits.header,
            max_line_size=self._gateway.context.settings.max_request_line,
            shutdown_timeout=self._limits.shutdown_seconds,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self._ready = True
        bound = self._runner.addresses[0]
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        return f"{shown}:{bound[1]}"

    async def stop(self) -> None:
        """Take no more requests, and let those under way finish."""
        self._ready = False
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.get_running_loop().run_in_executor(None, self._gateway.close)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        headers: dict[str, list[str]] = {}
        for name, value in request.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        try:
            body = await self._body(request)
        except ApiError as error:
            return _refuse(error, request.host)
        answer = await self._gateway.handle(HttpRequest(request.method, request.raw_path, headers, body))
        return await self._send(request, _response(answer))

    async def _body(self, request: web.Request) -> bytes:
        if not request.can_read_body:
            return b""
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await request.read()
        except TimeoutError:
            raise errors.request_timeout() from None
        except web.HTTPRequestEntityTooLarge:
            raise errors.request_too_large(
                f"The body may have up to {self._limits.body} bytes; send fewer files in one call."
            ) from None

    async def _send(self, request: web.Request, response: web.Response) -> web.Response:
        """Write the answer; a client that does not take it loses its connection."""
        transport = request.transport
        if transport is None or (
            transport.get_write_buffer_size() == 0 and (response.content_length or 0) <= _SMALL_ANSWER
        ):
            return response
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            transport.abort()
        return response

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        return web.Response(text="ready\n") if self._ready else web.Response(status=503, text="not ready\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(None, self._gateway.metrics.text)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


class _Connection(web.RequestHandler):
    """A connection that answers broken HTTP in the form the SDKs read, without a line in the log."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, or to a defect of the server's own."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        if isinstance(exc, LineTooLong):
            error = errors.request_too_large(
                "The request line or a header is longer than this server accepts; "
                "see server.max_request_line in docs/configuration.md."
            )
        else:
            error = errors.malformed_request("The request is not valid HTTP.")
        return _refuse(error, "")


class _HttpServer(web.Server):
    """Makes a ``_Connection`` for each client."""

    def __init__(self, server: web.Server, **settings: object) -> None:
        super().__init__(server.request_handler, request_factory=server.request_factory)
        self._settings = settings

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **self._settings)  # type: ignore[arg-type]


class _Runner(web.AppRunner):
    """Serves through ``_HttpServer``; aiohttp has no other place for a connection class of one's own."""

    async def _make_server(self) -> web.Server:
        return _HttpServer(await super()._make_server(), **self._kwargs)


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, "x-acs-request-id": answer.request_id}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _refuse(error: ApiError, host: str) -> web.Response:
    """An error about a request that never reached the gateway; the connection ends with it."""
    response = _response(render_error(error, make_request_id(), host, xml=False))
    response.force_close()
    return response
