"""HTTP connections that acknowledge what comes in at once.

A server without TCP_NODELAY (Ceph's gateway, unless told otherwise) sends the headers of a small answer, and
its body only when they are acknowledged (RFC 896). A client that asks and waits in turn acknowledges late,
up to 40 ms on Linux (RFC 1122, 4.2.3.2), so that every small read would take as long.
"""

from __future__ import annotations

import socket
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux only. It does not last, so it is set for each answer."""


class _PromptHttp(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _acknowledge_at_once(self.sock)
        return super().getresponse()


class _PromptHttps(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _acknowledge_at_once(self.sock)
        return super().getresponse()


class _PromptHttpPool(HTTPConnectionPool):
    ConnectionCls = _PromptHttp


class _PromptHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PromptHttps


def make_prompt(manager: urllib3.PoolManager) -> None:
    """Let a manager that has no connections yet make them of this kind."""
    manager.pool_classes_by_scheme = {"http": _PromptHttpPool, "https": _PromptHttpsPool}


def _acknowledge_at_once(connection: Any) -> None:
    if _QUICK_ACK is not None and connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
