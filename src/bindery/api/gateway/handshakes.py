"""Connections that come by TLS, until their handshake is done.

asyncio tells nothing of a connection before that, so it would be counted nowhere: here each counts among all
connections from the moment it is taken, and has little time. Who speaks HTTP instead is told what the port speaks.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import sslproto
from collections.abc import Sequence
from contextlib import suppress

import structlog

from bindery.api import errors
from bindery.api.gateway.connection import READ_SIZE, House, HttpServer, refusal_bytes
from bindery.api.gateway.listening import describe_failure
from bindery.api.gateway.proxies import plain_address
from bindery.api.gateway.tls import Certificate

_EXHAUSTED_SECONDS = 1.0
_SHUTDOWN_SECONDS = 5.0
"""For the end of a TLS connection, which its client has to confirm."""
_DISCARD_SECONDS = 2.0
_DISCARD_PIECES = 16
_log = structlog.get_logger()


class Arrival:
    """A connection whose handshake is under way."""

    __slots__ = ("address", "is_given", "is_idle", "socket", "task")

    def __init__(self, taken: socket.socket, address: str) -> None:
        self.socket, self.address = taken, address
        self.is_idle = True
        self.is_given = False
        """Whether the socket belongs to asyncio."""
        self.task: asyncio.Task[None] | None = None

    def drop(self) -> None:
        """End it at once."""
        if self.task is not None:
            self.task.cancel()


class Handshakes:
    """Takes connections from listening sockets and hands them to the server once TLS is agreed upon."""

    def __init__(self, house: House, server: HttpServer, certificate: Certificate, seconds: float) -> None:
        self._house, self._server, self._certificate = house, server, certificate
        self._seconds = seconds
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        # 256 KiB of each connection otherwise, read at once: what waits and what comes must be READ_SIZE together.
        sslproto.SSLProtocol.max_size = READ_SIZE // 2

    def listen(self, sockets: Sequence[socket.socket], backlog: int) -> None:
        """Begin to take connections, until ``close``."""
        for listening in sockets:
            listening.listen(backlog)
            listening.setblocking(False)
            self._sockets.append(listening)
            self._start(asyncio.create_task(self._take(listening)))

    def close(self) -> None:
        """Take no more, and end the handshakes under way."""
        for task in list(self._tasks):
            task.cancel()
        for listening in self._sockets:
            listening.close()

    def _start(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                taken, peer = await loop.sock_accept(listening)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                describe_failure(loop, {"message": "no connection can be taken", "exception": error})
                await asyncio.sleep(_EXHAUSTED_SECONDS)
                continue
            arrival = Arrival(taken, plain_address(str(peer[0])))
            arrival.task = asyncio.create_task(self._greet(arrival))
            self._start(arrival.task)
            self._house.connections.add(arrival)
            await asyncio.sleep(0)  # a flood of connections leaves the others their turns

    async def _greet(self, arrival: Arrival) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                first = await _first_byte(arrival.socket)
                if first.isalpha():
                    await self._tell(arrival)
                elif first:
                    await self._shake_hands(arrival)
        except (OSError, TimeoutError) as error:
            _log.debug("no TLS was agreed upon", client=arrival.address, problem=str(error))
        finally:
            self._house.connections.remove(arrival)
            if not arrival.is_given:
                arrival.socket.close()

    async def _shake_hands(self, arrival: Arrival) -> None:
        arrival.is_given = True
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: self._server.make_connection(arrival),
            arrival.socket,
            ssl=self._certificate.context,
            ssl_handshake_timeout=self._seconds,
            ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
        )

    async def _tell(self, arrival: Arrival) -> None:
        """The answer to somebody who speaks plain HTTP, and time to read it."""
        self._house.note_plain(arrival.address)
        loop = asyncio.get_running_loop()
        error = errors.malformed_request("This port speaks HTTPS alone: write https:// in the endpoint.")
        await loop.sock_sendall(arrival.socket, refusal_bytes(error))
        arrival.socket.shutdown(socket.SHUT_WR)
        with suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_SECONDS):
                for _ in range(_DISCARD_PIECES):  # what is left unread would take the answer away from him
                    if not await loop.sock_recv(arrival.socket, READ_SIZE):
                        return
                    await asyncio.sleep(0)


async def _first_byte(taken: socket.socket) -> bytes:
    """What the client begins with, left where it is; empty when he has gone."""
    loop = asyncio.get_running_loop()
    while True:
        with suppress(BlockingIOError, InterruptedError):
            return taken.recv(1, socket.MSG_PEEK)
        ready = asyncio.Event()
        loop.add_reader(taken, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(taken)
