"""The addresses a server listens on."""

from __future__ import annotations

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
            f"cannot listen on {host}:{port} ({error.strerror}); end the program that listens there, or choose "
            "another address with --host and --port"
        ) from error
    return sockets


def shown(bound: socket.socket) -> str:
    """``HOST:PORT`` as in a URL."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
