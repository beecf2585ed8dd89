"""Leases: who may commit what; and the one server of a record that is not shared."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

from bindery.catalog.interface.servers import Lease, Survey

_working: ContextVar[Lease | None] = ContextVar("lease", default=None)


def present_lease() -> Lease | None:
    """The lease under which this thread works."""
    return _working.get()


@contextmanager
def working_under(lease: Lease | None) -> Iterator[None]:
    """Every transaction within compares the lease, before it writes anything."""
    token = _working.set(lease)
    try:
        yield
    finally:
        _working.reset(token)


def server_name() -> str:
    """Host and process, with something that a restart changes."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


class OnlyServer:
    """Implements ``interface.servers.Servers`` where the folder of the record is locked."""

    shared = False
    nonces = None
    former = ""
    id = 0

    def __init__(self) -> None:
        self.name = server_name()

    def take(self, name: str) -> Lease | None:
        """It is always free."""
        return Lease(name, 0)

    def keep(self, name: str, lease: Lease | None) -> Lease | None:
        """It stays."""
        return lease or Lease(name, 0)

    def revoke(self, name: str) -> None:
        """Nobody else holds it."""

    def give_back(self, lease: Lease) -> None:
        """Nobody else would take it."""

    def forget(self, name: str) -> None:
        """It is kept nowhere."""

    def ask(self, name: str) -> None:
        """There is nobody to ask."""

    def tell(self, topic: str) -> None:
        """There is nobody to tell."""

    def listen(self, listener: Callable[[str], None]) -> None:
        """Nobody tells anything."""

    def survey(self, prefix: str) -> Survey:
        """Itself alone."""
        return Survey((self.id,), {})

    def note_taken_up(self, server: int) -> bool:
        """Nobody else would."""
        return True

    def working(self, lease: Lease | None) -> nullcontext[None]:
        """Nothing is compared."""
        return nullcontext()
