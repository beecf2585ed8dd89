"""Ports of this machine."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from pathlib import Path

_CHOSEN_BY_THE_SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LINUX = (32_768, 60_999)
_FIRST = 20_000
"""Ray's workers have those before it."""

_claims: list[socket.socket] = []
"""Ports that this process has given away."""


def free_port() -> int:
    """A port of loopback that nobody listens on, for who must be told where to listen, or stops and begins again.

    The system chooses it for no connection, and no other process gets it here while this one lives: none takes it
    before it is listened on, or in between.
    """
    candidates = _candidates()
    random.SystemRandom().shuffle(candidates)
    for port in candidates:
        if _is_free(port) and _claim(port):
            return port
    raise RuntimeError("no port is free")


def _candidates() -> list[int]:
    first, last = _LINUX
    with suppress(OSError, ValueError):
        first, last = (int(number) for number in _CHOSEN_BY_THE_SYSTEM.read_text("ascii").split())
    every = range(_FIRST, 65_536)
    return [port for port in every if not first <= port <= last] or list(every)


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


def _claim(port: int) -> bool:
    """By a name that the kernel forgets with this process. Only Linux has such names."""
    if not _CHOSEN_BY_THE_SYSTEM.exists():
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0port {port} of tests of Bindery")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True
