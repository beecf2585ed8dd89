"""What strangers cost: connections, broken requests, chunks and bodies before anybody is known."""

from __future__ import annotations

import asyncio
import asyncio.selector_events
import errno
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import pytest
import structlog
from tests.api.gateway.test_server import (
    FORM,
    PATIENT,
    Listening,
    is_error,
    listen,
    normal,
    read_answer,
    signed_body,
)

from bindery.api.gateway import connection as module
from bindery.api.gateway.gateway import Limits
from bindery.api.gateway.request import Call
from bindery.api.operations import Work
from bindery.stopping import Interrupted

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["listen", "normal"]
UNSIGNED = b"POST / HTTP/1.1\r\nHost: x\r\nx-acs-action: GetProject\r\nx-acs-version: 2020-09-30\r\n"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Lines of the log of connections, and of aiohttp."""
    lines: list[dict[str, Any]] = []

    def keep(_: object, level: str, line: dict[str, Any]) -> str:
        lines.append({"level": level, **line})
        raise structlog.DropEvent

    monkeypatch.setattr(module, "_log", structlog.wrap_logger(None, processors=[keep]))

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append({"level": record.levelname.lower(), "event": record.getMessage()})

    handler = Keep()
    logging.getLogger("aiohttp").addHandler(handler)
    yield lambda: lines
    logging.getLogger("aiohttp").removeHandler(handler)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


# the log


@pytest.mark.parametrize("signed", [False, True])
def test_a_client_that_hangs_up_is_no_error(
    api: Api, normal: Listening, said: Callable[[], list[dict[str, Any]]], signed: bool
) -> None:
    head = signed_body(normal, b"a") if signed else UNSIGNED + f"content-type: {FORM}\r\n".encode()
    for sent in (b"", b"abc", b"\0" * 300_000):
        with normal.connect() as connection:
            connection.sendall(head + b"content-length: 400000\r\n\r\n" + sent)
    chunked = head + b"transfer-encoding: chunked\r\n\r\n"
    for sent in (b"", b"5\r\nab", b"zz\r\n"):
        with normal.connect() as connection:
            connection.sendall(chunked + sent)
    assert normal.post("ListProjects", [])[0] == 200
    until(lambda: not normal.server._runner.server.connections)
    assert [line for line in said() if line["level"] not in ("debug", "info")] == []


def test_a_tls_client_is_named_once(
    api: Api, listen: Callable[..., Listening], said: Callable[[], list[dict[str, Any]]]
) -> None:
    listening = listen()
    for _ in range(3):
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500
        answer = listening.raw(hello)
        is_error(answer, 400, "InvalidParameter")
        assert b"http://" in answer[2]
    (line,) = [line for line in said() if "TLS" in line["event"]]
    assert (line["level"], line["client"]) == ("warning", "127.0.0.1")
    assert "--tls-certificate" in line["event"]


@pytest.mark.parametrize("expect", ["200-maybe", "100-continue, x", "\xff", "x" * 1_000])
def test_odd_expectations(
    api: Api, normal: Listening, said: Callable[[], list[dict[str, Any]]], expect: str
) -> None:
    body = b"ProjectName=expectations"
    head = signed_body(normal, body) + b"expect: %s\r\n" % expect.encode("latin-1")
    status = normal.raw(head + b"content-length: %d\r\n\r\n" % len(body) + body)[0]
    assert status == 200
    assert said() == []
    api("DeleteProject", ProjectName="expectations")


def test_the_server_tells_no_versions(api: Api, normal: Listening) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/events", "/", "/elsewhere"):
        assert normal.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())[1]["server"] == "Bindery"
    assert normal.raw(b"HELLO\r\n\r\n")[1]["server"] == "Bindery"


# bodies


def test_bodies_of_strangers_are_not_read(api: Api, normal: Listening) -> None:
    """The answer comes although the body does not."""
    signed = signed_body(normal, b"a")
    for head, status, code in (
        (UNSIGNED, 400, "MissingAccessKeyId"),
        (UNSIGNED + b"authorization: Basic eA==\r\n", 400, "IncompleteSignature"),
        (signed.replace(b"=root,", b"=nobody,"), 404, "InvalidAccessKeyId.NotFound"),
        (signed.replace(b"Signature=", b"Signature=00"), 400, "SignatureDoesNotMatch"),
    ):
        is_error(normal.raw(head + b"content-length: 10000000\r\n\r\nabc"), status, code)


def test_long_queries_of_nobody_are_not_taken_apart(
    api: Api, normal: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Call, "read_query", lambda _: pytest.fail("it was taken apart"))
    head = signed_body(normal, b"").replace(b"=root,", b"=nobody,")
    sent = head.replace(b"POST / ", b"POST /?A=" + b"%41" * 30_000 + b" ") + b"\r\n"
    is_error(normal.raw(sent), 404, "InvalidAccessKeyId.NotFound")


def test_a_body_too_long_is_refused_before_it_comes(api: Api, normal: Listening) -> None:
    is_error(normal.raw(UNSIGNED + b"content-length: 16777217\r\n\r\n"), 413, "RequestTooLarge")


def test_forms_of_strangers_are_bounded(
    api: Api, normal: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\ncontent-type: {FORM}\r\n".encode()
    is_error(normal.raw(head + b"content-length: 4194305\r\n\r\n"), 413, "RequestTooLarge")
    form = b"AccessKeyId=nobody&Signature=x&A=" + b"%41" * 30_000
    whole = head + b"content-length: %d\r\n\r\n" % len(form) + form
    is_error(normal.raw(whole), 404, "InvalidAccessKeyId.NotFound")
    monkeypatch.setattr(api.gateway.strange_bytes, "share", 50_000)
    status, headers, body = normal.raw(whole)
    assert (status, json.loads(body)["Code"]) == (429, "Throttling.User")
    assert (headers["retry-after"], headers["x-acs-retry-after"]) == ("1", "1000")
    assert api.gateway.strange_bytes.held == 0


def test_bodies_of_callers_are_bounded_together(
    api: Api, normal: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one body is awaited another finds no room; once it has come there is room again."""
    monkeypatch.setattr(api.gateway.bodies, "share", 100)
    body = b"ProjectName=bounded&Description=" + b"a" * 40
    head = signed_body(normal, body) + b"content-length: %d\r\n\r\n" % len(body)
    with normal.connect() as slow:
        slow.sendall(head + body[:10])
        until(lambda: api.gateway.bodies.held == len(body))
        other = signed_body(normal, body) + b"content-length: %d\r\n\r\n" % len(body)
        is_error(normal.raw(other + body), 429, "Throttling.User")
        slow.sendall(body[10:])
        assert read_answer(slow)[0] == 200
    assert api.gateway.bodies.held == 0


def test_a_client_that_goes_away_gives_back_what_it_held(api: Api, normal: Listening) -> None:
    with normal.connect() as slow:
        slow.sendall(signed_body(normal, b"a") + b"content-length: 100000\r\n\r\nabc")
        until(lambda: api.gateway.bodies.held == 100_000)
    until(lambda: api.gateway.bodies.held == 0)


def test_tiny_chunks_are_not_worth_their_parsing(api: Api, normal: Listening) -> None:
    body = b"a" * 40_000
    tiny = b"1\r\na\r\n" * len(body) + b"0\r\n\r\n"
    for head in (UNSIGNED, signed_body(normal, body)):
        with normal.connect() as connection:
            connection.sendall(head + b"transfer-encoding: chunked\r\n\r\n")
            time.sleep(0.05)  # the body comes apart from the headers
            try:
                connection.sendall(tiny)
            except ConnectionError:
                continue
            connection.settimeout(PATIENT)
            answer = b""
            try:
                while piece := connection.recv(65_536):
                    answer += piece
            except ConnectionError:
                pass
            assert b" 400 " in answer or not answer
        is_error(normal.raw(head + b"transfer-encoding: chunked\r\n\r\n" + tiny), 400, "InvalidParameter")


def test_chunks_of_ordinary_size_and_bodies_of_many_lines_are_read(api: Api, normal: Listening) -> None:
    body = b"ProjectName=lines&Unknown=" + b"\r\n" * 5_000
    head = signed_body(normal, body) + b"content-length: %d\r\n\r\n" % len(body)
    assert normal.raw(head + body)[0] == 200
    body = b"ProjectName=chunks&Unknown=" + b"a" * 200_000
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    assert normal.raw(signed_body(normal, body) + b"transfer-encoding: chunked\r\n\r\n" + chunks)[0] == 200


def test_long_request_lines_are_charged(
    api: Api, normal: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.gateway.strange_bytes, "share", 300_000)
    with normal.connect() as slow:
        slow.sendall(b"POST /?Query=" + b"a" * 200_000)
        until(lambda: api.gateway.strange_bytes.held >= 200_000)
        is_error(normal.raw(b"POST /?Query=" + b"a" * 200_000), 429, "Throttling.User")
    until(lambda: api.gateway.strange_bytes.held == 0)
    assert normal.post("ListProjects", [])[0] == 200


def test_a_long_line_for_a_page_is_given_back_with_its_answer(api: Api, normal: Listening) -> None:
    with normal.connect() as kept:
        kept.sendall(b"GET /healthz?" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(kept)[0] == 200
        until(lambda: api.gateway.strange_bytes.held == 0)


# connections


def test_too_many_connections_close_the_oldest_of_strangers(
    api: Api, listen: Callable[..., Listening]
) -> None:
    listening = listen(connections=20)
    trusted = listening.connect()
    lines = "".join(f"{name}: {value}\r\n" for name, value in listening.signed("ListProjects", []).items())
    trusted.sendall(f"POST / HTTP/1.1\r\n{lines}\r\n".encode())
    assert read_answer(trusted)[0] == 200
    crowd: list[socket.socket] = []
    for number in range(100):
        crowd.append(listening.connect())
        crowd[-1].sendall(b"POST / HTTP/1.1\r\n" if number % 2 else UNSIGNED + b"content-length: 9\r\n\r\n")
        if number % 10 == 0:
            assert listening.post("ListProjects", [])[0] == 200
    assert listening.post("ListProjects", [])[0] == 200
    until(lambda: len(listening.server._runner.server.connections) <= 20)
    lines = "".join(f"{name}: {value}\r\n" for name, value in listening.signed("ListProjects", []).items())
    trusted.sendall(f"POST / HTTP/1.1\r\n{lines}\r\n".encode())
    assert read_answer(trusted)[0] == 200, "a connection on which a key was shown is the last to be closed"
    for connection in (trusted, *crowd):
        connection.close()


def test_the_greedy_address_pays() -> None:
    class Other:
        def __init__(self, address: str) -> None:
            self.address, self.is_idle, self.dropped = address, True, False

        def drop(self) -> None:
            self.dropped = True

    connections = module.Connections(10)
    modest = [Other("10.0.0.2") for _ in range(2)]
    greedy = [Other("10.0.0.1") for _ in range(30)]
    for connection in (*modest, *greedy):
        connections.add(connection)  # type: ignore[arg-type]
    assert [connection.dropped for connection in modest] == [False, False]
    assert [connection.dropped for connection in greedy] == [True] * 22 + [False] * 8
    assert connections.count == 10
    for connection in (*modest, *greedy):
        connections.remove(connection)  # type: ignore[arg-type]
    assert connections.count == 0


def test_limits_are_those_of_the_documentation() -> None:
    assert (Limits().body, Limits().stranger_form) == (16 * 2**20, 4 * 2**20)


# callers


def call(listening: Listening, action: str, query: list[tuple[str, str]]) -> socket.socket:
    """A connection on which a signed call was sent, and nothing read."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in listening.signed(action, query).items())
    connection = listening.connect()
    connection.sendall(f"POST /?{urlencode(query)} HTTP/1.1\r\n{lines}\r\n".encode())
    return connection


def hold_back(api: Api, monkeypatch: pytest.MonkeyPatch, action: str, gate: threading.Event) -> None:
    """Calls of the operation wait for the gate."""
    built = api.gateway.built[f"imm:{action}"]

    def run(*_: object) -> Any:
        assert gate.wait(PATIENT)
        return built.response()

    monkeypatch.setitem(api.gateway.built, f"imm:{action}", msgspec.structs.replace(built, run=run))  # type: ignore[index]


def test_who_hangs_up_ends_his_query(
    api: Api, normal: Listening, dataset: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def run(context: Any, _: Any) -> Any:
        begun.set()
        assert context.stop.wait(PATIENT)
        ended.set()
        raise Interrupted

    built = api.gateway.built["imm:SimpleQuery"]
    monkeypatch.setitem(api.gateway.built, "imm:SimpleQuery", msgspec.structs.replace(built, run=run))  # type: ignore[index]
    with call(normal, "SimpleQuery", list(dataset.items())):
        assert begun.wait(PATIENT)
    assert ended.wait(PATIENT)


def test_slow_calls_and_queries_keep_no_quick_call_waiting(
    api: Api, normal: Listening, dataset: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    for action in ("SimpleQuery", "DetectMediaMeta"):
        hold_back(api, monkeypatch, action, gate)
    detect = [("ProjectName", "project"), ("SourceURI", "oss://bucket/key")]
    held = [call(normal, "DetectMediaMeta", detect) for _ in range(40)]
    held += [call(normal, "SimpleQuery", list(dataset.items())) for _ in range(40)]
    until(lambda: all(api.gateway.work[kind].waiting > 20 for kind in (Work.QUERY, Work.SLOW)))
    for _ in range(5):
        assert normal.post("ListProjects", [])[0] == 200
        assert normal.post("GetDataset", list(dataset.items()))[0] == 200
    bound = [*dataset.items(), ("URI", "oss://quick-bucket")]
    assert normal.post("CreateBinding", bound)[0] in (
        200,
        400,
    )  # as far as it goes without asking the store
    gate.set()
    assert [read_answer(connection)[0] for connection in held] == [200] * 80
    for connection in held:
        connection.close()


def test_own_excess_is_told_to_the_caller_with_a_time_to_wait(
    api: Api, normal: Listening, dataset: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, pool = threading.Event(), api.gateway.work[Work.QUERY]
    hold_back(api, monkeypatch, "SimpleQuery", gate)
    monkeypatch.setattr(pool, "_most_waiting", 4)
    most = pool._most_of_caller
    held = [call(normal, "SimpleQuery", list(dataset.items())) for _ in range(most)]
    until(lambda: pool.running == most)
    held += [call(normal, "SimpleQuery", list(dataset.items())) for _ in range(2)]
    until(lambda: pool.waiting == 2)
    with call(normal, "SimpleQuery", list(dataset.items())) as connection:
        status, headers, body = read_answer(connection)
    assert (status, json.loads(body)["Code"]) == (429, "Throttling.User")
    assert (headers["retry-after"], headers["x-acs-retry-after"]) == ("1", "1000")
    gate.set()
    assert [read_answer(connection)[0] for connection in held] == [200] * (most + 2)
    for connection in held:
        connection.close()


def test_a_client_that_goes_when_his_last_answer_is_written_is_no_error(
    normal: Listening, said: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the system's word that he is there and the next call he may reset the connection."""
    tried = threading.Event()

    def gone(_: object) -> None:
        tried.set()
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(asyncio.selector_events._SelectorSocketTransport, "write_eof", gone)
    answer = normal.raw(UNSIGNED + b"content-length: 100\r\n\r\n" + b"a" * 50)
    assert answer[0] == 400
    assert tried.wait(PATIENT)
    with normal.connect() as connection:  # the event loop has gone on
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(connection)[0] == 200
    assert [line for line in said() if line["level"] == "error"] == []
