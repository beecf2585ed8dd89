"""Connections: how many there may be, and what one may send before its request is known.

aiohttp has no place for these bounds, so its connection class is extended here and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import Any, Protocol

import structlog
from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestPayloadError

from bindery.api import errors
from bindery.api.errors import ApiError
from bindery.api.gateway.at_once import (
    AtOnce,
    Begun,
    answer_bytes,
    head_bytes,
    headers_of,
    may_begin,
)
from bindery.api.gateway.budget import Budget, Reservation
from bindery.api.gateway.discarding import SECONDS as DISCARD_SECONDS
from bindery.api.gateway.discarding import Discarding
from bindery.api.gateway.gateway import Underway
from bindery.api.gateway.proxies import plain_address
from bindery.api.gateway.rendering import Answer, make_request_id, render_error
from bindery.api.gateway.seldom import Seldom

READ_SIZE = 65_536
"""Bytes taken from a socket at once, so that many that send at full speed leave time for others."""
SMALL_ANSWER = 32_768
"""Bytes that a connection takes without waiting for its client."""
BUFFER = 32_768
"""Bytes of a body that nobody reads yet, after which its client has to wait."""
_LARGE_HEAD = 65_536
"""Bytes of a request line and headers from which they are charged."""
_FEW_LINES = 256
_LINE = 64
"""More lines than ``_FEW_LINES`` must have so many bytes each in a chunked body, which else is not worth parsing."""
_TLS_HANDSHAKE = b"\x16\x03"
_log = structlog.get_logger()


class Held(Protocol):
    """A place that somebody takes up."""

    address: str
    """Of whom it is."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request."""

    def drop(self) -> None:
        """Close it at once, whatever it does."""


class Connections:
    """All that are open, also those whose handshake is not done.

    Beyond their number the one that is worth least is closed, for the newest may be a caller.
    Worth least are connections on which no key was shown yet, of the address that has most of them the oldest;
    then those that wait for their next request.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._strangers: dict[str, OrderedDict[Held, None]] = {}
        self._trusted: OrderedDict[Held, None] = OrderedDict()
        self.count = 0

    def add(self, connection: Held) -> None:
        """A new one; closes another when there are too many."""
        while self.count >= self.most and (victim := self._worth_least()) is not None:
            self.remove(victim)
            victim.drop()
        self.count += 1
        self._strangers.setdefault(connection.address, OrderedDict())[connection] = None

    def remove(self, connection: Held) -> None:
        """It is closed; may be called again."""
        strangers = self._strangers.get(connection.address)
        if strangers is not None and connection in strangers:
            del strangers[connection]
            if not strangers:
                del self._strangers[connection.address]
        elif connection in self._trusted:
            del self._trusted[connection]
        else:
            return
        self.count -= 1

    def trust(self, connection: Held) -> None:
        """A key was shown on it."""
        strangers = self._strangers.get(connection.address)
        if strangers is not None and connection in strangers:
            self.remove(connection)
            self.count += 1
            self._trusted[connection] = None
        elif connection in self._trusted:
            self._trusted.move_to_end(connection)

    def move(self, connection: Held, address: str) -> None:
        """Its next request comes from somebody else, as on the connections of proxies: he has shown no key yet."""
        self.remove(connection)
        connection.address = address
        self.count += 1
        self._strangers.setdefault(address, OrderedDict())[connection] = None

    def _worth_least(self) -> Held | None:
        if self._strangers:
            _, address = max((len(held), address) for address, held in self._strangers.items())
            return next(iter(self._strangers[address]))
        return next((connection for connection in self._trusted if connection.is_idle), None)


class Connection(web.RequestHandler):
    """A connection that bounds what it takes, and answers broken HTTP in the form the SDKs read."""

    __slots__ = (
        "_arrival",
        "_begun",
        "_body",
        "_chunked",
        "_ended",
        "_first",
        "_head",
        "_held",
        "_house",
        "_speaks_tls",
        "address",
        "peer",
    )

    def __init__(
        self, house: House, server: web.Server, arrival: Held | None = None, **settings: Any
    ) -> None:
        """``arrival``: what has kept its place until now."""
        super().__init__(server, loop=asyncio.get_running_loop(), **settings)
        # Requests sent ahead wait in the client, not here.
        self._max_msg_queue_size, self._msg_queue_resume_size = 2, 0
        self._house, self._arrival = house, arrival
        self._held = Reservation(house.strange_bytes, "")
        self._head = 0
        self._first, self._speaks_tls = True, False
        self._body: Any = None
        self._chunked = False
        self._begun: Begun | None = None
        """What has become of the present request before aiohttp hands it on."""
        self._ended = False
        """Whether what still comes belongs to no request."""
        self.peer = ""
        """Who is at the other end: a client, or a proxy."""
        self.address = ""
        """Whose request came last: the peer's own, or that of a client of a proxy."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request."""
        return self._current_request is None

    def trust(self) -> None:
        """Somebody has shown a key on it."""
        self._house.connections.trust(self)

    def belongs_to(self, address: str) -> None:
        """The present request is of a client at this address."""
        if address != self.address:
            self._house.connections.move(self, address)

    def release_head(self) -> None:
        """The request whose line and headers were charged has got its answer."""
        self._held.release()

    def drop(self) -> None:
        """Close it at once, whatever it does."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take part in the count of connections."""
        peer = transport.get_extra_info("peername")
        self.address = self.peer = plain_address(str(peer[0])) if peer else ""
        self._held = Reservation(self._house.strange_bytes, self.peer)
        if hasattr(transport, "max_size"):
            transport.max_size = READ_SIZE
        elif hasattr(transport, "set_read_buffer_limits"):  # by TLS; see handshakes.py
            transport.set_read_buffer_limits(READ_SIZE // 2)
        super().connection_made(transport)
        if self._arrival is not None:
            self._house.connections.remove(self._arrival)
        self._house.connections.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give back what it held."""
        self._house.connections.remove(self)
        self._held.release()
        begun = self.take_begun()
        if isinstance(begun, Underway):
            begun.close()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of the client, unless they would cost more than they are worth."""
        if self._ended:
            self._drop_bytes(len(data))
            return
        if self._first and data:
            self._first = False
            if data.startswith(_TLS_HANDSHAKE):
                self._speaks_tls = True
                self._house.note_tls(self.peer)
        if len(data) > 1_024 and self._is_chaff(data):
            self._end_with(errors.malformed_request("The chunks of the body are too small."))
            return
        before, task = self._request_count, self._waiter
        if task is None or task.done() or self._messages:
            super().data_received(data)
            task = None
        else:
            self._waiter = None  # so that aiohttp does not wake its task, which most calls do not need
            try:
                super().data_received(data)
            finally:
                self._waiter = task
        if self._request_count != before:
            self._head = 0
            self._follow_body()
            if task is not None and not self._answer_at_once():
                task.set_result(None)
        elif self._body is None or self._body.is_eof():
            self._count_head(len(data))

    def take_begun(self) -> Begun | None:
        """What has become of the present request already; None when nothing has been done for it."""
        begun, self._begun = self._begun, None
        return begun

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write the answer. What its client goes on sending, when it is the last, is read for a while: what is left
        unread would take the answer away from him.
        """
        resp, reset = await super().finish_response(request, resp, start_time)
        if not reset and not resp.keep_alive and (self._ended or request.can_read_body):
            self._end()
            await asyncio.sleep(DISCARD_SECONDS)  # ends with the connection
        return resp, reset

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, or to a defect of the server's own."""
        if isinstance(exc, ConnectionError):
            raise exc  # the client has gone: that is no error of the server
        self._ended = True
        if status >= 500:
            _log.error("a request could not be answered", exc_info=exc)
            error = errors.internal_error()
        elif isinstance(exc, LineTooLong):
            error = errors.request_too_large(
                "The request line or a header is longer than this server accepts; "
                "see server.max_request_line in /docs/configuration here."
            )
        elif self._speaks_tls:
            error = errors.malformed_request("This port speaks plain HTTP: write http:// in the endpoint.")
        else:
            error = errors.malformed_request("The request is not valid HTTP.")
        return refuse(error, "")

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What aiohttp would write about a connection, in this server's words."""
        problem = kw.get("exc_info")
        if isinstance(problem, ConnectionError):
            _log.debug("a client went away", client=self.peer)
        else:
            _log.error("a connection failed", exc_info=problem)

    def _answer_at_once(self) -> bool:
        """Answer the only request that waits, when that takes nothing but this moment."""
        transport, at_once = self.transport, self._house.at_once
        if at_once is None or transport is None or self._parser is None or len(self._messages) != 1:
            return False
        message, body = self._messages[0]
        if not may_begin(message, body) or transport.is_closing() or transport.get_write_buffer_size():
            return False
        begun = at_once.begin(message, self, secure=self.ssl_context is not None)
        if not isinstance(begun, Answer) or len(begun.body) > SMALL_ANSWER:
            self._begun = begun
            return False
        self._messages.popleft()
        self._parser.message_consumed()
        self._held.release()
        transport.write(answer_bytes(begun))
        self._rest()
        return True

    def _rest(self) -> None:
        """Wait for the next request, for as long as aiohttp would."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(
                self._next_keepalive_close_time, self._process_keepalive
            )

    def _follow_body(self) -> None:
        if not self._messages:
            return
        message, body = self._messages[-1]
        if isinstance(message, RawRequestMessage):
            self._body, self._chunked = body, message.chunked
        else:  # nothing can be parsed any more: aiohttp leaves a body under way without its end
            self._end_body()

    def _is_chaff(self, data: bytes) -> bool:
        few = _FEW_LINES + len(data) // _LINE
        if data.count(b"\n") <= few or data.count(b"\r\n") <= few:  # one byte is found much faster than two
            return False
        reading = self._body is not None and not self._body.is_eof()
        return self._chunked if reading else b"chunked" in data[:READ_SIZE].lower()

    def _count_head(self, count: int) -> None:
        """Charge a request line and headers that go on and on."""
        self._head += count
        if self._head > _LARGE_HEAD:
            try:
                self._held.grow(self._head - self._held.count)
            except ApiError as error:
                self._end_with(error)

    def _end_with(self, error: ApiError) -> None:
        """Refuse what aiohttp has not seen whole. A request under way answers for itself, its body is no more."""
        if self.transport is None:
            return
        if self.is_idle and not self._messages:
            self.transport.write(refusal_bytes(error))
            self.close()
            self._end()
            asyncio.get_running_loop().call_later(DISCARD_SECONDS, self.force_close)
        else:
            self._end_body()

    def _end_body(self) -> None:
        """Who reads the body of the request under way is told that there is no more of it."""
        self._ended = True
        if self._body is not None and not self._body.is_eof():
            self._body.set_exception(RequestPayloadError("the rest is not valid HTTP"))

    def _end(self) -> None:
        """The last answer is written: tell so, and drop what still comes."""
        self._ended = True
        self._parser = None
        self._held.release()
        transport = self.transport
        if transport is not None and not transport.is_closing():
            if transport.can_write_eof():
                with suppress(OSError):  # he may have gone in this moment
                    transport.write_eof()
            transport.resume_reading()

    def _drop_bytes(self, count: int) -> None:
        pause = self._house.discarding.pause(count)
        if pause and self.transport is not None:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(pause, self._read_on)

    def _read_on(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()


def refusal_bytes(error: ApiError) -> bytes:
    """An answer as it is sent, where aiohttp knows of no request; the connection ends with it."""
    answer = render_error(error, make_request_id(), "", xml=False)
    return head_bytes(answer, "Refused", {"Connection": "close"}) + answer.body


class House:
    """What all connections of a server share."""

    def __init__(self, connections: int, strange_bytes: Budget) -> None:
        self.connections = Connections(connections)
        self.strange_bytes = strange_bytes
        self.at_once: AtOnce | None = None
        """Who begins calls where they arrive."""
        self.discarding = Discarding()
        self._tls, self._plain = Seldom(), Seldom()

    def note_tls(self, address: str) -> None:
        """Somebody speaks TLS to a port that does not: said now and then, for he will try again."""
        if self._tls.may_say():
            _log.warning(
                "a client speaks TLS (https) to this plain HTTP port; let it use http://, or give the server a"
                " certificate: --tls-certificate and --tls-key (server.tls_certificate, server.tls_key)",
                client=address,
            )

    def note_plain(self, address: str) -> None:
        """Somebody speaks plain HTTP to a port that does not."""
        if self._plain.may_say():
            _log.warning(
                "a client speaks plain HTTP to this TLS port; let it use https:// (SDKs: protocol='https'), or start"
                " the server without --tls-certificate and --tls-key",
                client=address,
            )


class HttpServer(web.Server):
    """Makes a ``Connection`` for each client. A client that goes away ends the work for it."""

    def __init__(self, handler: Any, house: House, **settings: Any) -> None:
        super().__init__(handler, handler_cancellation=True)
        self._house, self._settings = house, settings

    def __call__(self) -> web.RequestHandler:
        """A new connection; asyncio asks for its protocol by calling."""
        return self.make_connection(None)

    def make_connection(self, arrival: Held | None) -> Connection:
        """A new connection, in the place of what has arrived."""
        return Connection(self._house, self, arrival, **self._settings)


def response_of(answer: Answer) -> web.Response:
    """An answer of the gateway for aiohttp."""
    return web.Response(status=answer.status, body=answer.body, headers=headers_of(answer))


def refuse(error: ApiError, host: str) -> web.Response:
    """An error about a request that never reached the gateway; the connection ends with it."""
    response = response_of(render_error(error, make_request_id(), host, xml=False))
    response.force_close()
    return response
