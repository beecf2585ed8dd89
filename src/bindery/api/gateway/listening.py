"""The addresses a server listens on."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import structlog

from bindery.api.gateway.seldom import Seldom
from bindery.open_files import EXHAUSTED, explain

_EXHAUSTED = (*EXHAUSTED, errno.ENOBUFS, errno.ENOMEM)
_exhaustion = Seldom()
_log = structlog.get_logger()


class CannotListen(OSError):
    """The address cannot be had; the message says what to do."""


def bind(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of ``host``, bound and not yet listening; port 0 takes a free one.

    Raises CannotListen.
    """
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(
            socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        ):
            bound = socket.socket(family, kind, protocol)
            sockets.append(bound)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind(address)
    except OSError as error:
        for opened in sockets:
            opened.close()
        raise CannotListen(
            f"cannot listen on {host}:{port} ({error.strerror}); {_advice(error)}"
        ) from error
    except UnicodeError as error:  # of a name that no host can have
        raise CannotListen(
            f"cannot listen on {host}:{port}; choose an address of this machine with --host"
        ) from error
    return sockets


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "end the program that listens there, or choose another address with --host and --port"
    if error.errno == errno.EACCES:
        return "this user may not take that port; choose one above 1023 with --port"
    return "choose an address of this machine with --host"


def shown(bound: socket.socket) -> str:
    """``HOST:PORT`` as in a URL."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def describe_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tell what went wrong in an event loop. One that may open no more files waits a second before it takes the next
    connection, and would say so each time."""
    error = context.get("exception")
    if not isinstance(error, OSError) or error.errno not in _EXHAUSTED:
        loop.default_exception_handler(context)
    elif _exhaustion.may_say():
        _log.error(
            "no connection can be taken for now: the system gives this process nothing more; raise the limit, or lower"
            " server.connections",
            problem=explain(error),
        )
