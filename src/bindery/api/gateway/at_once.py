"""Calls that are answered in the moment they arrive.

A call without a body that needs nothing but memory takes less time than the task, the request object and the
response object that aiohttp makes for every request. It is answered where its bytes are read; one that turns out to
have to wait goes on as all others do, from where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.utils import formatdate
from functools import lru_cache
from http.client import responses
from time import time
from typing import Protocol, TypeGuard

from aiohttp import EMPTY_PAYLOAD
from aiohttp.http import HttpVersion11, RawRequestMessage

from bindery.api.gateway.budget import Reservation
from bindery.api.gateway.gateway import Gateway, Underway
from bindery.api.gateway.proxies import Sender, TrustedProxies
from bindery.api.gateway.rendering import Answer
from bindery.api.gateway.request import HttpRequest, storable_header

SERVER = "Bindery"
"""The ``Server`` header: no versions."""
Begun = Answer | Underway


class Reached(Protocol):
    """The connection on which a call has arrived."""

    peer: str
    """Who is at its other end."""

    def belongs_to(self, address: str) -> None:
        """The present request is of a client at this address."""

    def trust(self) -> None:
        """Somebody has shown a key on it."""


class _Caller:
    """The sender of a call without a body."""

    __slots__ = ("_connection", "address", "body_length", "secure")

    def __init__(self, connection: Reached, sender: Sender) -> None:
        self._connection = connection
        self.address, self.secure = sender
        self.body_length: int | None = 0

    def trust(self) -> None:
        """He has shown a key."""
        self._connection.trust()

    async def read_body(self, _held: Reservation, _limit: int) -> bytes:
        """There is none."""
        return b""


class AtOnce:
    """Begins calls where they arrive."""

    def __init__(self, gateway: Gateway, proxies: TrustedProxies) -> None:
        self._gateway, self._proxies = gateway, proxies

    def begin(self, message: RawRequestMessage, connection: Reached, *, secure: bool) -> Begun:
        """What has become of a call for which ``may_begin`` is true."""
        headers = plain_headers(message.headers.items())
        sender = self._proxies.sender(Sender(connection.peer, secure), headers)
        connection.belongs_to(sender.address)
        caller = _Caller(connection, sender)
        return self._gateway.begin(HttpRequest(message.method, message.path, headers, client=caller))


def may_begin(message: object, body: object) -> TypeGuard[RawRequestMessage]:
    """Whether it is a call as SDKs make them, without a body, after which the connection stays open."""
    return (
        isinstance(message, RawRequestMessage)
        and body is EMPTY_PAYLOAD
        and message.method == "POST"
        and (message.path == "/" or message.path.startswith("/?"))
        and message.version == HttpVersion11
        and not message.should_close
        and not message.upgrade
    )


def plain_headers(items: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """All values of each header, its name in lower case."""
    headers: dict[str, list[str]] = {}
    for name, value in items:
        lower = name.lower()
        storable = value if value.isascii() else storable_header(value)
        if lower in headers:
            headers[lower].append(storable)
        else:
            headers[lower] = [storable]
    return headers


def headers_of(answer: Answer) -> dict[str, str]:
    """Headers of an answer. Clients and SDKs look for the time to wait in two places."""
    headers = {
        "Content-Type": answer.content_type,
        "x-acs-request-id": answer.request_id,
        "Server": SERVER,
    }
    if answer.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(answer.retry_after)))
        headers["x-acs-retry-after"] = str(max(1, round(answer.retry_after * 1000)))
    return headers


def answer_bytes(answer: Answer) -> bytes:
    """An answer as it is sent, after which the connection stays open."""
    if answer.retry_after is not None:
        further = {"Date": _date(int(time()))}
        return head_bytes(answer, responses.get(answer.status, ""), further) + answer.body
    start, end = _head(answer.status, answer.content_type, int(time()))
    return f"{start}{answer.request_id}{end}{len(answer.body)}\r\n\r\n".encode() + answer.body


@lru_cache(64)
def _head(status: int, content_type: str, seconds: int) -> tuple[str, str]:
    """What all answers of one second begin with, before and behind their ids."""
    start = f"HTTP/1.1 {status} {responses.get(status, '')}\r\nContent-Type: {content_type}\r\n"
    end = f"\r\nServer: {SERVER}\r\nDate: {_date(seconds)}\r\nContent-Length: "
    return f"{start}x-acs-request-id: ", end


def head_bytes(answer: Answer, reason: str, further: Mapping[str, str]) -> bytes:
    """Status line and headers of an answer."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in {**headers_of(answer), **further}.items()])
    status = f"HTTP/1.1 {answer.status} {reason}\r\n"
    return f"{status}{lines}Content-Length: {len(answer.body)}\r\n\r\n".encode()


@lru_cache(2)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
