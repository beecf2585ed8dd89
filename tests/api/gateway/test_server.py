"""HTTP itself: long lines, chunked and slow clients, broken requests, the pages for operators."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock
from urllib.parse import quote, urlencode

import pytest

from bindery.api.context import ApiSettings
from bindery.api.gateway.gateway import Limits
from bindery.api.gateway.server import HttpLimits, Server
from bindery.api.gateway.signature import (
    canonical_request,
    hash_v3,
    sign_v3,
    signature_v3,
    string_to_sign_v3,
)
from bindery.catalog.interface.queries import IndexProgress
from bindery.catalog.records import CatalogUnusable

if TYPE_CHECKING:
    from tests.api.conftest import Api

FORM = "application/x-www-form-urlencoded"
PATIENT = 60.0
"""Seconds a client waits for what should come at once."""


class Listening:
    """A server on a port, in a thread of its own."""

    def __init__(self, api: Api, limits: HttpLimits) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.server = self.make_server(api, limits)
        self.address = self.run(self.start())
        self.host, port = self.address.rsplit(":", 1)
        self.port = int(port)

    def make_server(self, api: Api, limits: HttpLimits) -> Server:
        return Server(api.gateway, limits)

    async def start(self) -> str:
        """``HOST:PORT`` where it listens."""
        return await self.server.start("127.0.0.1", 0)

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENT)

    def close(self) -> None:
        self.run(self._abort())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENT)
        self._loop.close()

    async def _abort(self) -> None:
        """Connections that the server still hears out, whose sockets would outlive the loop."""
        for transport in list(self._loop._transports.values()):  # type: ignore[attr-defined]
            transport.abort()
        await asyncio.sleep(0)

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENT)

    def raw(self, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        """The answer to bytes as they are."""
        with self.connect() as connection:
            connection.sendall(sent)
            return read_answer(connection)

    def signed(self, action: str, query: list[tuple[str, str]]) -> dict[str, str]:
        return sign_v3("POST", self.address, action, query, "root", "root-secret", version="2020-09-30")

    def post(self, action: str, query: list[tuple[str, str]]) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENT)
        connection.request("POST", "/?" + urlencode(query), headers=self.signed(action, query))
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@pytest.fixture(scope="module")
def listen(shared_api: Api) -> Iterator[Callable[..., Listening]]:
    opened: list[Listening] = []

    def make(**limits: Any) -> Listening:
        opened.append(Listening(shared_api, HttpLimits(**limits)))
        return opened[-1]

    yield make
    for listening in opened:
        listening.run(listening.server._runner.cleanup())
        listening.close()


@pytest.fixture(scope="module")
def normal(listen: Callable[..., Listening]) -> Listening:
    return listen()


def signed_body(listening: Listening, body: bytes, **headers: str) -> bytes:
    """A request for CreateProject with its parameters in the body, up to the headers about the body."""
    values = {
        "host": listening.address,
        "x-acs-action": "CreateProject",
        "x-acs-version": "2020-09-30",
        "x-acs-date": listening.signed("A", [])["x-acs-date"],
        "x-acs-signature-nonce": listening.signed("A", [])["x-acs-signature-nonce"],
        "x-acs-content-sha256": hash_v3(body),
        "content-type": FORM,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    names = sorted(values)
    canonical = canonical_request(
        "POST", "", {name: [value] for name, value in values.items()}, names, hash_v3(body)
    )
    signature = signature_v3("root-secret", string_to_sign_v3(canonical))
    values["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential=root,SignedHeaders={';'.join(names)},Signature={signature}"
    )
    lines = [f"{name}: {value}" for name, value in values.items()]
    return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n").encode()


def is_error(answer: tuple[int, dict[str, str], bytes], status: int, code: str) -> None:
    assert answer[0] == status, answer
    assert answer[1]["content-type"] == "application/json;charset=utf-8"
    body = json.loads(answer[2])
    assert list(body) == ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert body["Code"] == code
    assert answer[1]["x-acs-request-id"] == body["RequestId"]


def test_an_answer(api: Api, normal: Listening) -> None:
    connection = http.client.HTTPConnection(normal.host, normal.port, timeout=PATIENT)
    for _ in range(3):
        connection.request("POST", "/", headers=normal.signed("ListProjects", []))
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert (answer.status, body["Projects"]) == (200, [])
        assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
        assert answer.headers["x-acs-request-id"] == body["RequestId"]
    connection.close()


def test_any_path_is_the_api(api: Api, normal: Listening) -> None:
    """An endpoint with a path sends requests there, signed for ``/``."""
    connection = http.client.HTTPConnection(normal.host, normal.port, timeout=PATIENT)
    connection.request("POST", "/imm/", headers=normal.signed("ListProjects", []))
    assert connection.getresponse().status == 200
    connection.close()


def test_the_pages_for_operators(api: Api, listen: Callable[..., Listening]) -> None:
    listening = listen()
    for path, expected in (("/healthz", b"ok\n"), ("/readyz", b"ready\n")):
        status, _, body = listening.raw(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert (status, body) == (200, expected)
    status, headers, body = listening.raw(b"GET /metrics HTTP/1.0\r\n\r\n")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b"bindery_requests_total" in body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.context.nonces, "problem", "The disk is full.")
        status, _, body = listening.raw(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert (status, body) == (503, b"not ready\nThe disk is full.\n")
        patch.setattr(api.context.nonces, "problem", "")
        building = IndexProgress(dataset_id=1, state="Building", done=3, total=10)
        patch.setattr(type(api.catalog.queries), "ready", False)
        patch.setattr(type(api.catalog.queries), "progress", lambda _: [building])
        status, _, body = listening.raw(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert (status, body.splitlines()[1:]) == (
            503,
            [b"The index is being built; queries that need it are answered after that."],
        )
        patch.setattr(listening.server, "_settings", ApiSettings(health_token="seen"))
        for shown, figures in (("seen", b"3 of 10 entries"), ("Seen", b""), ("", b"")):
            asked = f"GET /readyz HTTP/1.0\r\nAuthorization: Bearer {shown}\r\n\r\n"
            status, _, body = listening.raw(asked.encode())
            assert status == 503
            assert (b"entries" in body) == bool(figures)
            assert figures in body
        shared = Mock(take=Mock(side_effect=CatalogUnusable("the clocks differ")))
        patch.setattr(api.catalog.servers, "nonces", shared, raising=False)
        status, _, body = listening.raw(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert (status, body) == (503, b"not ready\nThe catalog cannot be used: the clocks differ.\n")
        failing = CatalogUnusable("the record is damaged")
        patch.setattr(type(api.catalog.projects), "list", Mock(side_effect=failing))
        status, _, body = listening.raw(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert (status, body) == (503, b"not ready\nThe catalog cannot be used: the record is damaged.\n")
    listening.server._readiness.is_open = False
    assert listening.raw(b"GET /readyz HTTP/1.0\r\n\r\n")[0] == 503


def test_metrics_name_nothing_without_the_token(
    listen: Callable[..., Listening], api: Api, dataset: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put("told", "a.txt", b"text")
    api("CreateBinding", **dataset, URI="oss://told")
    listening = listen()

    def ask(settings: ApiSettings, authorization: str = "") -> tuple[int, bytes]:
        monkeypatch.setattr(listening.server, "_settings", settings)
        header = f"Authorization: {authorization}\r\n" if authorization else ""
        status, headers, body = listening.raw(f"GET /metrics HTTP/1.0\r\n{header}\r\n".encode())
        assert ("www-authenticate" in headers) == (status == 401)
        return status, body

    for authorization in ("", "Bearer", "Bearer ", "Bearer x"):
        status, body = ask(ApiSettings(), authorization)
        assert (status, b'bindery_bindings{state="' in body) == (200, True)
        assert not any(name in body for name in (b"told", b"dataset=", b"project=", b"bucket="))
    guarded = ApiSettings(metrics_token="shown 杭州")
    for authorization in ("", "Bearer", "Bearer shown", "Basic shown", "shown", "Bearer Shown"):
        status, body = ask(guarded, authorization)
        assert (status, b"bindery" in body) == (401, False)
    status, body = ask(ApiSettings(metrics_token="shown"), "bearer shown")
    assert (status, b'bucket="told"' in body) == (200, True)
    assert ask(ApiSettings(metrics_enabled=False, metrics_token="shown"), "Bearer shown")[0] == 404


def test_health_can_be_switched_off(
    listen: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = listen()
    monkeypatch.setattr(listening.server, "_settings", ApiSettings(health_enabled=False))
    for path in ("/healthz", "/readyz"):
        assert listening.raw(f"GET {path} HTTP/1.0\r\n\r\n".encode())[0] == 404


# long


def test_a_megabyte_of_chinese_in_the_request_line(
    api: Api, dataset: dict[str, str], normal: Listening
) -> None:
    query = [*dataset.items(), ("Query", "文" * 349_525)]
    assert len(urlencode(query)) > 3_000_000
    status, body = normal.post("FuzzyQuery", query)
    assert (status, body["TotalHits"]) == (200, 0)


def test_a_request_line_that_is_too_long(api: Api, normal: Listening) -> None:
    answer = normal.raw(b"POST /?Query=" + b"a" * 4_300_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    is_error(answer, 413, "RequestTooLarge")


def test_a_header_that_is_too_long(api: Api, normal: Listening) -> None:
    answer = normal.raw(b"POST / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 17_000 + b"\r\n\r\n")
    is_error(answer, 413, "RequestTooLarge")


def test_too_many_headers(api: Api, normal: Listening) -> None:
    headers = b"".join(b"A%d: b\r\n" % number for number in range(10_000))
    assert normal.raw(b"POST / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")[0] in (400, 413)


def test_a_body_that_is_too_long(api: Api, normal: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.gateway, "limits", Limits(body=1_000))
    announced = signed_body(normal, b"a") + b"content-length: 1001\r\n\r\n"
    is_error(normal.raw(announced), 413, "RequestTooLarge")  # at once: nothing of it was sent
    chunked = signed_body(normal, b"a") + b"transfer-encoding: chunked\r\n\r\n"
    is_error(normal.raw(chunked + b"3e9\r\n" + b"a" * 1_001 + b"\r\n0\r\n\r\n"), 413, "RequestTooLarge")


# bodies


def test_a_chunked_body(api: Api, normal: Listening) -> None:
    """As Node sends every body."""
    body = ("ProjectName=chunked&Description=" + quote("一 & +")).encode()
    chunks = [body[:5], body[5:6], body[6:]]
    sent = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    head = signed_body(normal, body) + b"transfer-encoding: chunked\r\n\r\n"
    status, _, answered = normal.raw(head + sent)
    assert (status, json.loads(answered)["Project"]["Description"]) == (200, "一 & +")


def test_a_compressed_body_is_taken_as_sent(api: Api, normal: Listening) -> None:
    """Its hash is that of the compressed bytes, and nothing is inflated."""
    body = gzip.compress(b"ProjectName=bomb&Description=" + b"a" * 10_000_000)
    head = signed_body(normal, body) + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body)
    is_error(normal.raw(head + body), 400, "InvalidParameter")


def test_a_body_that_was_asked_to_be_announced(api: Api, normal: Listening) -> None:
    body = b"ProjectName=announced"
    head = signed_body(normal, body) + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body)
    with normal.connect() as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert read_answer(connection)[0] == 200


def test_a_body_that_does_not_come(api: Api, listen: Callable[..., Listening]) -> None:
    listening = listen(body_seconds=0.2)
    answer = listening.raw(signed_body(listening, b"a" * 10) + b"content-length: 10\r\n\r\nabc")
    is_error(answer, 408, "RequestTimeout")


def test_headers_that_do_not_end(api: Api, listen: Callable[..., Listening]) -> None:
    """A line now and then keeps no connection open."""
    listening = listen(headers_seconds=0.5)
    with listening.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n")
        connection.settimeout(0.05)
        for number in range(2_000):
            try:
                if connection.recv(100) == b"":
                    break
            except TimeoutError:
                connection.sendall(b"A%d: b\r\n" % number)
            except ConnectionError:
                break
        else:
            pytest.fail("the connection was never closed")


def test_a_connection_that_says_nothing(api: Api, listen: Callable[..., Listening]) -> None:
    listening = listen(headers_seconds=0.2)
    with listening.connect() as connection:
        assert connection.recv(100) == b""


def test_a_client_that_does_not_read(
    api: Api, dataset: dict[str, str], listen: Callable[..., Listening]
) -> None:
    files = [{"URI": f"oss://bucket/{number}", "Title": "t" * 100_000} for number in range(100)]
    api("BatchIndexFileMeta", **dataset, Files=files)
    listening = listen(answer_seconds=0.3)
    http_server = listening.server._runner.server
    headers = listening.signed("SimpleQuery", list(dataset.items()))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(PATIENT)
        connection.connect((listening.host, listening.port))
        listening.run(wait_until(lambda: http_server.connections))
        connection.sendall(f"POST /?{urlencode(dataset)} HTTP/1.1\r\n{lines}\r\n".encode())
        # it gives up a client although that still holds its connection
        listening.run(wait_until(lambda: not http_server.connections))


async def wait_until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


# broken


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
    ],
    ids=["tls", "no http", "version", "header", "negative", "length", "smuggling", "nul"],
)
def test_what_is_no_http(api: Api, normal: Listening, sent: bytes) -> None:
    is_error(normal.raw(sent), 400, "InvalidParameter")
    assert normal.post("ListProjects", [])[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /?A=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /?A=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /?A=%00 HTTP/1.1\r\nHost: \xff\xfe\r\nx-acs-action: \xff\r\n\r\n",
        b"POST http://x/?A=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST //x?A=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
def test_odd_requests_are_refused_in_order(api: Api, normal: Listening, sent: bytes) -> None:
    assert 400 <= normal.raw(sent)[0] < 500
    assert normal.post("ListProjects", [])[0] == 200


@pytest.mark.parametrize("sent", [b"\xff", b"\xfc", b"\xed\xb3\xbf", b"\xc3\xbc", b"\xf0\x9f\x98\x80"])
@pytest.mark.parametrize(
    "name",
    [
        *("Credential", "SignedHeaders", "Signature"),
        *("x-acs-security-token", "x-acs-bindery-operator", "x-acs-signature-nonce"),
        *("x-acs-date", "x-acs-action", "user-agent", "x-forwarded-for"),
    ],
)
def test_headers_of_any_bytes_are_no_failure_of_the_server(
    api: Api, normal: Listening, name: str, sent: bytes
) -> None:
    headers = {key: value.encode() for key, value in normal.signed("ListProjects", []).items()}
    authorization = next(key for key in headers if key.lower() == "authorization")
    if name in ("Credential", "SignedHeaders", "Signature"):
        headers[authorization] = headers[authorization].replace(
            name.encode() + b"=", name.encode() + b"=" + sent
        )
    else:
        headers[name] = sent
    lines = b"".join(key.encode() + b": " + value + b"\r\n" for key, value in headers.items())
    assert normal.raw(b"POST / HTTP/1.1\r\n" + lines + b"Content-Length: 0\r\n\r\n")[0] < 500


def test_a_connection_cut_in_the_middle_harms_nobody(api: Api, normal: Listening) -> None:
    for sent in (b"POST / HT", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc", b""):
        with normal.connect() as connection:
            connection.sendall(sent)
    assert normal.post("ListProjects", [])[0] == 200


def test_requests_sent_ahead_are_answered_in_order(api: Api, normal: Listening) -> None:
    sent = b""
    for action in ("ListProjects", "GetNothing", "ListProjects"):
        lines = "".join(f"{name}: {value}\r\n" for name, value in normal.signed(action, []).items())
        sent += f"POST / HTTP/1.1\r\n{lines}\r\n".encode()
    with normal.connect() as connection:
        connection.sendall(sent)
        reader = connection.makefile("rb")
        statuses = []
        for _ in range(3):
            statuses.append(int(reader.readline().split()[1]))
            headers = http.client.parse_headers(reader)
            reader.read(int(headers["content-length"]))
    assert statuses == [200, 404, 200]
