"""The addresses a server listens on."""

from __future__ import annotations

import errno
import socket


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
