"""HTTP: the API at ``/``, and the pages for operators."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog
from aiohttp import web
from aiohttp.http import HttpVersion11
from aiohttp.web_exceptions import HTTPException
from aiohttp.web_protocol import RequestPayloadError

from bindery.api import errors
from bindery.api.errors import ApiError
from bindery.api.gateway.at_once import SERVER, AtOnce, plain_headers
from bindery.api.gateway.bearer import shows_token
from bindery.api.gateway.budget import Reservation
from bindery.api.gateway.connection import (
    BUFFER,
    SMALL_ANSWER,
    Connection,
    House,
    HttpServer,
    refuse,
    response_of,
)
from bindery.api.gateway.events import EventEndpoint
from bindery.api.gateway.gateway import Gateway
from bindery.api.gateway.handshakes import Handshakes
from bindery.api.gateway.listening import bind, describe_failure, shown
from bindery.api.gateway.proxies import Sender, TrustedProxies
from bindery.api.gateway.readiness import Readiness
from bindery.api.gateway.rendering import Answer
from bindery.api.gateway.request import HttpRequest
from bindery.api.gateway.site import Site
from bindery.api.gateway.tls import Certificate
from bindery.open_files import advise, raise_limit, room_for_connections

_BACKLOG = 1_024
"""Connections that wait in the system until they are taken."""
_TAKEN_AT_ONCE = 32
"""More at once would push out those that have just come, whose requests nobody has read yet."""
_log = structlog.get_logger()


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What clients may take. Bytes and seconds."""

    connections: int = 512
    header: int = 16 * 1024
    headers_seconds: float = 60.0
    """For the request line and all headers, and for a connection that waits for the next request."""
    body_seconds: float = 30.0
    answer_seconds: float = 60.0
    handshake_seconds: float = 10.0
    """For the first byte of a connection by TLS, and all of its handshake."""
    shutdown_seconds: float = 3.0


class Server:
    """Serves a gateway; by TLS when there is a certificate."""

    def __init__(
        self,
        gateway: Gateway,
        limits: HttpLimits | None = None,
        certificate: Certificate | None = None,
        proxies: TrustedProxies | None = None,
        readiness: Readiness | None = None,
        site: Site | None = None,
    ) -> None:
        self._gateway, self._settings, self._site = gateway, gateway.context.settings, site
        self._certificate, self._proxies = certificate, proxies or TrustedProxies()
        self._following: asyncio.Task[None] | None = None
        self._handshakes: Handshakes | None = None
        self._limits = limits or HttpLimits()
        self._readiness = readiness or Readiness(gateway)
        self._events = EventEndpoint(
            gateway.context, gateway.metrics, gateway.reading, self._limits.body_seconds
        )
        self._pages: dict[str, Callable[[web.BaseRequest], Awaitable[web.Response]]] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }
        self._runner: web.ServerRunner | None = None
        self._metrics_tasks: dict[bool, asyncio.Task[bytes]] = {}

    async def start(self, host: str, port: int, bound: Sequence[socket.socket] = ()) -> str:
        """Listen, on sockets that are ``bound`` already if there are any; port 0 takes a free one.

        Returns ``HOST:PORT``. Raises CannotListen.
        """
        self._house = House(_connections(self._limits.connections), self._gateway.strange_bytes)
        self._house.at_once = AtOnce(self._gateway, self._proxies)
        server = HttpServer(
            self._answer,
            self._house,
            access_log=None,
            auto_decompress=False,  # bodies are hashed as they were sent
            keepalive_timeout=self._limits.headers_seconds,
            lingering_time=0.0,  # what was not read is discarded here, within bounds
            max_field_size=self._limits.header,
            max_line_size=self._gateway.context.settings.max_request_line,
            read_bufsize=BUFFER,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=self._limits.shutdown_seconds)
        await self._runner.setup()
        sockets = bound or bind(host, port)
        asyncio.get_running_loop().set_exception_handler(describe_failure)
        if self._certificate is not None:
            seconds = self._limits.handshake_seconds
            self._handshakes = Handshakes(self._house, server, self._certificate, seconds)
            self._handshakes.listen(sockets, _BACKLOG)
            self._following = asyncio.create_task(self._certificate.follow())
        else:
            for listening in sockets:
                await web.SockSite(self._runner, listening, backlog=_TAKEN_AT_ONCE).start()
                listening.listen(_BACKLOG)  # asyncio has one number for both
        self._readiness.is_open = True
        return shown(sockets[0])

    async def stop(self) -> None:
        """Take no more requests, and let those under way finish."""
        self._readiness.is_open = False
        if self._site is not None:
            self._site.end()
        if self._following is not None:
            self._following.cancel()
        if self._handshakes is not None:
            self._handshakes.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.get_running_loop().run_in_executor(None, self._gateway.close)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request.protocol, Connection)
        try:
            return await self._send(request, await self._find_answer(request))
        finally:
            request.protocol.release_head()

    async def _find_answer(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request.protocol, Connection)
        begun = request.protocol.take_begun()
        if begun is not None:
            return response_of(begun if isinstance(begun, Answer) else await self._gateway.finish(begun))
        path = request.raw_path.partition("?")[0]
        headers = plain_headers(request.headers.items())
        sender = self._sender(request, headers)
        page = self._pages.get(path)
        if page is not None and request.method in ("GET", "HEAD"):
            response = await page(request)
        elif path == "/events" or path.startswith("/events/"):
            await _continue(request)
            response = await self._events.handle(request)
        else:
            client = _Client(request, sender, self._limits.body_seconds)
            if self._site is not None and (path != "/" or request.method != "POST"):
                shown = await self._site.answer(request, client)
                if shown is not None:
                    return shown
            return await self._call(request, headers, client)
        response.headers["Server"] = SERVER
        return response

    async def _call(
        self, request: web.BaseRequest, headers: Mapping[str, Sequence[str]], client: _Client
    ) -> web.StreamResponse:
        limit = self._gateway.limits.body
        if (client.body_length or 0) > limit:
            response = refuse(_too_large(limit), headers.get("host", [""])[0])
        else:
            http = HttpRequest(request.method, request.raw_path, headers, client=client)
            response = response_of(await self._gateway.handle(http))
        return response

    def _sender(self, request: web.BaseRequest, headers: Mapping[str, Sequence[str]]) -> Sender:
        assert isinstance(request.protocol, Connection)
        peer = Sender(request.protocol.peer, request.secure)
        sender = self._proxies.sender(peer, headers)
        request.protocol.belongs_to(sender.address)
        return sender

    async def _send(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        """Write the answer; a client that does not take it loses its connection."""
        transport, unread = request.transport, request.can_read_body
        if transport is None or (
            not unread
            and transport.get_write_buffer_size() == 0
            and (response.content_length or 0) <= SMALL_ANSWER
        ):
            return response
        if unread:
            response.force_close()
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            transport.abort()
        return response

    async def _healthz(self, request: web.BaseRequest) -> web.Response:
        if not self._settings.health_enabled:
            return _switched_off("health.enabled")
        return web.Response(text="ok\n")

    async def _readyz(self, request: web.BaseRequest) -> web.Response:
        if not self._settings.health_enabled:
            return _switched_off("health.enabled")
        figures = shows_token(request.headers.get("Authorization", ""), self._settings.health_token)
        problems = await self._readiness.problems(figures=figures)
        if problems:
            return web.Response(status=503, text="not ready\n" + "".join(f"{line}\n" for line in problems))
        return web.Response(text="ready\n")

    async def _metrics(self, request: web.BaseRequest) -> web.Response:
        """Made once for all who ask at the same time."""
        if not self._settings.metrics_enabled:
            return _switched_off("metrics.enabled")
        named = shows_token(request.headers.get("Authorization", ""), self._settings.metrics_token)
        if self._settings.metrics_token and not named:
            challenge = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            text = "send metrics.token of the configuration: Authorization: Bearer TOKEN\n"
            return web.Response(status=401, text=text, headers=challenge)
        task = self._metrics_tasks.get(named)
        if task is None or task.done():
            made = asyncio.to_thread(self._gateway.metrics.text, named=named)
            task = self._metrics_tasks[named] = asyncio.ensure_future(made)
        body = await asyncio.shield(task)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _switched_off(setting: str) -> web.Response:
    return web.Response(status=404, text=f"switched off in the configuration of this server: {setting}\n")


class _Client:
    """The sender of one request."""

    __slots__ = ("_request", "_seconds", "address", "body_length", "connection", "secure")

    def __init__(self, request: web.BaseRequest, sender: Sender, seconds: float) -> None:
        assert isinstance(request.protocol, Connection)
        self.connection = request.protocol
        self.address, self.secure = sender
        self.body_length: int | None = request.content_length if request.can_read_body else 0
        self._request, self._seconds = request, seconds

    def trust(self) -> None:
        """He has shown a key."""
        self.connection.trust()

    async def read_body(self, held: Reservation, limit: int) -> bytes:
        """The body. Raises ApiError, and CancelledError when he goes away meanwhile."""
        length = self.body_length
        if length is not None and length > limit:
            raise _too_large(limit)
        held.grow(length or 0)
        await _continue(self._request)
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                while piece := await self._request.content.readany():
                    if length is None:
                        held.grow(len(piece))
                    body += piece
                    if len(body) > limit:
                        raise _too_large(limit)
        except TimeoutError:
            raise errors.request_timeout() from None
        except (HTTPException, RequestPayloadError):
            raise errors.malformed_request(
                "The body is not valid HTTP, or comes in chunks that are too small."
            ) from None
        except ConnectionError:
            raise errors.malformed_request("The body broke off.") from None
        return bytes(body)


async def _continue(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send the body. Other expectations are not met, nor refused."""
    if (
        request.headers.get("Expect", "").lower() == "100-continue"
        and request.version == HttpVersion11
        and request.can_read_body
        and request.transport is not None
    ):
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _too_large(limit: int) -> ApiError:
    return errors.request_too_large(f"The body may have up to {limit} bytes; send fewer files in one call.")


def _connections(most: int) -> int:
    """How many connections fit into what the system lets this process open."""
    limit = raise_limit()
    room = room_for_connections(limit)
    if room < most:
        _log.warning(
            "fewer connections than configured: the system lets this process open few files",
            connections=room,
            configured=most,
            open_files=limit,
            advice=advise(most),
        )
    return min(most, room)
