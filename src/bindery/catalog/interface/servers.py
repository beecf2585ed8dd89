"""The servers that share a record, and what each of them alone works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from bindery.catalog.interface.nonces import SharedNonces


class Lease(msgspec.Struct, frozen=True):
    """The right to work on something, until another server takes it."""

    name: str
    fence: int
    """Higher with every taking; transactions of whoever works under the lease compare it."""
    asked: int = 0
    """How often its holders had been asked to look anew until then."""


class Held(msgspec.Struct, frozen=True):
    """A lease as the record has it."""

    server: int | None
    """Who holds it; None when nobody does, or none that is alive."""
    fence: int
    asked: int
    """One more whenever somebody has asked the holder to look anew."""


class Survey(msgspec.Struct, frozen=True):
    """Servers and leases at one moment."""

    servers: tuple[int, ...]
    """Those that are alive, ascending."""
    leases: Mapping[str, Held]
    left: tuple[int, ...] = ()
    """Servers that have died or left, and whose explicit indexing nobody has taken up yet."""


class Servers(Protocol):
    """Safe for threads. Where the record belongs to one server every lease is its own, and nothing is asked."""

    @property
    def shared(self) -> bool:
        """Whether other servers may use the record at the same time: what was read a moment ago may have changed."""

    @property
    def nonces(self) -> SharedNonces | None:
        """Those that any server has taken; None where the record is not shared."""

    @property
    def id(self) -> int:
        """The number of this server; 0 where there is but one."""

    @property
    def name(self) -> str:
        """Tells this server from all others, also from itself before a restart."""

    @property
    def former(self) -> str:
        """The name of the server that had this data folder before, and is gone; empty when that is not known."""

    def take(self, name: str) -> Lease | None:
        """Take a lease that is free, or anew one that is this server's; None while another one holds it."""

    def keep(self, name: str, lease: Lease | None) -> Lease | None:
        """The lease while it is still held, else as ``take``."""

    def revoke(self, name: str) -> None:
        """Whoever holds it commits nothing more once this returns; it is free."""

    def give_back(self, lease: Lease) -> None:
        """Free what was held, unless another one has taken it."""

    def forget(self, name: str) -> None:
        """As ``revoke``, for what is gone."""

    def ask(self, name: str) -> None:
        """Have the holder look anew; not forgotten when he dies before he does."""

    def tell(self, topic: str) -> None:
        """Wake the others, which may fail to hear it. What is told lies in the record."""

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call this, from another thread and for a moment only, with each topic that servers tell of; an empty one:
        some may have been missed."""

    def survey(self, prefix: str) -> Survey:
        """Servers, and the leases whose names begin so."""

    def note_taken_up(self, server: int) -> bool:
        """The explicit indexing that a server has left is gone on with; False when another one does that."""

    def working(self, lease: Lease | None) -> AbstractContextManager[None]:
        """Transactions of this thread are refused with LeaseLost from now on when the lease is not held any more."""
