"""Calls that are answered where they arrive, and those that turn out to have to wait."""

from __future__ import annotations

import json
import re
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from tests.api.gateway.test_server import PATIENT, Listening, listen, normal, read_answer

from bindery.access.identities import Identities, Identity
from bindery.api.gateway.gateway import Gateway, Underway
from bindery.api.gateway.server import Server
from bindery.api.gateway.signature import sign_v3

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["listen", "normal"]
VERSIONS = {"GetCallerIdentity": "2015-04-01", "ListProjects": "2020-09-30"}
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many requests aiohttp has made objects of."""
    seen: list[str] = []
    find = Server._find_answer

    async def keep(server: Server, request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.raw_path)
        return await find(server, request)

    monkeypatch.setattr(Server, "_find_answer", keep)
    return lambda: len(seen)


def call(
    listening: Listening,
    action: str,
    further: str = "",
    nonce: str = "",
    key: tuple[str, str] = ("root", "root-secret"),
) -> bytes:
    """A signed request without a body."""
    version = VERSIONS[action]
    signed = sign_v3("POST", listening.address, action, [], *key, version=version, nonce=nonce)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    return f"POST / HTTP/1.1\r\n{lines}{further}\r\n".encode()


def told(answer: tuple[int, dict[str, str], bytes], status: int = 200) -> dict[str, Any]:
    """The body of an answer that looks like every other."""
    assert answer[0] == status, answer
    body: dict[str, Any] = json.loads(answer[2])
    expected = {"content-type", "x-acs-request-id", "server", "date", "content-length"}
    assert set(answer[1]) - {"connection"} == expected
    assert answer[1]["server"] == "Bindery" and _DATE.fullmatch(answer[1]["date"])
    assert answer[1]["x-acs-request-id"] == body["RequestId"]
    return body


def test_quick_and_waiting_calls_on_one_connection(normal: Listening, handed_on: Callable[[], int]) -> None:
    with normal.connect() as connection:
        for action, waits in (("GetCallerIdentity", 0), ("ListProjects", 1)) * 3:
            before = handed_on()
            connection.sendall(call(normal, action))
            body = told(read_answer(connection))
            assert ("AccountId" if action == "GetCallerIdentity" else "Projects") in body
            assert handed_on() - before == waits


def test_refusals_are_answered_at_once(normal: Listening, handed_on: Callable[[], int]) -> None:
    once = call(normal, "GetCallerIdentity", nonce="n-of-at-once")
    with normal.connect() as connection:
        connection.sendall(once)
        told(read_answer(connection))
        connection.sendall(once)
        assert told(read_answer(connection), 400)["Code"] == "SignatureNonceUsed"
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(connection)[0] == 400
    assert handed_on() == 0


def test_whose_a_key_is_is_found_out_beside_the_event_loop(
    api: Api, normal: Listening, handed_on: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once after each change of users and policies: reading and compiling may take a while."""
    api("CreateUser", UserName="at-once")
    made = api("CreateAccessKey", UserName="at-once")["AccessKey"]
    key, threads = (made["AccessKeyId"], made["AccessKeySecret"]), []
    look_up = Identities._look_up

    def keep(identities: Identities, key_id: str) -> Identity:
        threads.append(threading.current_thread().name)
        return look_up(identities, key_id)

    monkeypatch.setattr(Identities, "_look_up", keep)
    with normal.connect() as connection:
        for changes, handed in ((True, 1), (False, 0), (True, 1), (False, 0)):
            if changes:
                api("UpdateUser", UserName="at-once", NewComments=f"{len(threads)}")
            before = handed_on()
            connection.sendall(call(normal, "GetCallerIdentity", key=key))
            assert told(read_answer(connection))["UserId"]
            assert handed_on() - before == handed
        stranger = call(normal, "GetCallerIdentity", key=("nobody-knows", "this"))
        connection.sendall(stranger)
        assert told(read_answer(connection), 404)["Code"] == "InvalidAccessKeyId.NotFound"
    assert len(threads) == 3 and all(name.startswith("lookups") for name in threads)


def test_requests_sent_ahead_are_answered_in_their_order(normal: Listening) -> None:
    """Whole, and cut anywhere, so that calls arrive in pieces and some while others wait."""
    actions = [
        "ListProjects",
        "GetCallerIdentity",
        "GetCallerIdentity",
        "ListProjects",
        "GetCallerIdentity",
    ]
    for cut in (0, 1, 150, 700, 1_100):
        sent = b"".join(call(normal, action) for action in actions)
        with normal.connect() as connection:
            connection.sendall(sent[:cut])
            connection.sendall(sent[cut:])
            reader = connection.makefile("rb")
            for action in actions:
                head = b"".join(iter(reader.readline, b"\r\n")).decode()
                length = re.search(r"Content-Length: (\d+)", head)
                assert head.startswith("HTTP/1.1 200 OK") and length, head
                body = json.loads(reader.read(int(length[1])))
                assert ("AccountId" in body) is (action == "GetCallerIdentity")


def test_a_connection_that_is_to_close_closes(normal: Listening, handed_on: Callable[[], int]) -> None:
    with normal.connect() as connection:
        connection.sendall(call(normal, "GetCallerIdentity", "Connection: close\r\n"))
        status, headers, _ = read_answer(connection)
        assert (status, headers["connection"]) == (200, "close")
        assert connection.recv(1) == b""
    assert handed_on() == 1


def test_connections_that_rest_are_closed_after_their_time(listen: Callable[..., Listening]) -> None:
    listening = listen(headers_seconds=0.5)
    with listening.connect() as connection, suppress(ConnectionError):  # on a slow machine before the call
        connection.sendall(call(listening, "GetCallerIdentity"))
        told(read_answer(connection))
        assert connection.recv(1) == b""


def test_a_client_that_goes_away_leaves_nothing_behind(
    normal: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the beginning of his call and its end."""
    begin, closed = Gateway.begin, threading.Event()
    close = Underway.close

    def begin_and_go(gateway: Gateway, request: Any) -> Any:
        begun = begin(gateway, request)
        request.client._connection.drop()
        return begun

    def note(underway: Underway) -> None:
        close(underway)
        closed.set()

    monkeypatch.setattr(Gateway, "begin", begin_and_go)
    monkeypatch.setattr(Underway, "close", note)
    with warnings.catch_warnings(record=True) as never_awaited:
        warnings.simplefilter("always")
        with normal.connect() as connection:
            connection.sendall(call(normal, "ListProjects"))
            assert connection.recv(1) == b""
        assert closed.wait(PATIENT)
    assert not [warning for warning in never_awaited if issubclass(warning.category, RuntimeWarning)]
