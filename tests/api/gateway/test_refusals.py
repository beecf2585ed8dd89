"""Answers to clients that go on sending: each is seen, whatever stays unread, and costs the server little."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.api.gateway.test_connections import UNSIGNED, until
from tests.api.gateway.test_server import PATIENT, Listening, listen, normal, read_answer, signed_body

from bindery.api.gateway import connection as module
from bindery.api.gateway.discarding import Discarding

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["listen", "normal"]
MORE = b"more\r\n" * 100_000
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
BROKEN = {
    "no HTTP": b"GARBAGE\r\n\r\n",
    "bytes": bytes(range(128, 256)) * 20 + b"\r\n\r\n",
    "version": b"POST / HTTP/7.9\r\nHost: x\r\n\r\n",
    "verb": b"P(ST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "header": b"POST / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
    "no colon": b"POST / HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "odd length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + CHUNKED,
    "coding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, odd\r\n\r\n",
    "long header": b"POST / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000,
    "many headers": b"POST / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    "chunk": UNSIGNED + CHUNKED + b"zz\r\n",
    "tiny chunks": UNSIGNED + CHUNKED + b"1\r\na\r\n" * 50_000,
    "a page with a body": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n",
    "an event": b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n",
    "a call": UNSIGNED + b"Content-Length: 600000\r\n\r\n",
}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients on a loaded machine need longer to read."""
    monkeypatch.setattr(module, "DISCARD_SECONDS", PATIENT)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_an_answer_is_seen_by_a_client_that_sends_first_and_reads_then(
    normal: Listening, sent: bytes
) -> None:
    with normal.connect() as connection:
        connection.sendall(sent)
        connection.sendall(MORE)
        assert select.select([connection], [], [], PATIENT)[0]
        connection.sendall(MORE[:1_000])  # a reset would come in answer to this
        time.sleep(0.02)
        status, _, body = read_answer(connection)
        assert status in (200, 400, 403, 413)
        assert body
        assert connection.recv(1) == b""


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("sent", [b"zz\r\n", b"1\r\na\r\n" * 50_000], ids=["chunk", "tiny chunks"])
def test_a_caller_whose_body_turns_out_to_be_broken_is_told(normal: Listening, sent: bytes) -> None:
    with normal.connect() as connection:
        connection.sendall(signed_body(normal, b"a" * 50_000) + CHUNKED)
        time.sleep(0.1)  # the body comes apart from the headers, unless the machine is busy
        connection.sendall(sent)
        connection.sendall(MORE)
        status, _, body = read_answer(connection)
        assert status == 400, body


@pytest.mark.usefixtures("patient")
def test_garbage_behind_a_request_is_refused_as_garbage_alone_is(normal: Listening) -> None:
    with normal.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(connection)[0] == 200
        connection.sendall(b"GARBAGE\r\n\r\n" + MORE)
        assert read_answer(connection)[0] == 400
        assert connection.recv(1) == b""


def test_who_never_stops_is_closed(normal: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DISCARD_SECONDS", 0.2)
    for sent in (b"GARBAGE\r\n\r\n", UNSIGNED + b"Content-Length: 100000000\r\n\r\n"):
        with normal.connect() as connection:
            connection.sendall(sent)
            with pytest.raises(ConnectionError):
                end = time.monotonic() + PATIENT
                while time.monotonic() < end:
                    connection.sendall(MORE)


def test_who_reads_nothing_and_sends_nothing_is_closed(
    normal: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISCARD_SECONDS", 0.2)
    connections = normal.server._house.connections
    until(lambda: connections.count == 0)  # those of other tests are gone
    with normal.connect() as connection:
        until(lambda: connections.count == 1)
        connection.sendall(b"GARBAGE\r\n\r\n")
        until(lambda: connections.count == 0)


@pytest.fixture
def floods(normal: Listening) -> Iterator[Callable[[], list[socket.socket]]]:
    """Clients that send garbage for as long as they may."""
    ended = threading.Event()
    opened: list[socket.socket] = []

    def send(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(b"GARBAGE\r\n\r\n")
            while not ended.is_set():
                connection.sendall(MORE)

    threads = []
    for _ in range(4):
        connection = normal.connect()
        opened.append(connection)
        threads.append(threading.Thread(target=send, args=(connection,), daemon=True))
        threads[-1].start()
    yield lambda: opened
    ended.set()
    for connection in opened:
        connection.close()
    for thread in threads:
        thread.join(PATIENT)


@pytest.mark.usefixtures("floods", "patient")
def test_floods_behind_refusals_leave_others_their_turn(api: Api, normal: Listening) -> None:
    for _ in range(20):
        assert normal.post("ListProjects", [])[0] == 200
    assert api.gateway.strange_bytes.held < 2**20


def test_the_rate_is_shared() -> None:
    discarding = Discarding()
    assert discarding.pause(1_000) == 0
    assert 0.5 < discarding.pause(64 * 2**20) <= 1.1
    assert discarding.pause(1) > 0.4
