"""What the nouns of the record ask of the database that keeps their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from bindery.catalog.interface.servers import Servers
from bindery.catalog.record.statements import Statement
from bindery.catalog.record.writability import Writability

CLOSE_SECONDS = 10.0


class Rows(Protocol):
    """What a statement found, and how many rows it changed."""

    @property
    def rowcount(self) -> int:
        """Rows that the statement changed."""

    def fetchone(self) -> Any:
        """The next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """All further rows."""


class Connection(Protocol):
    """Runs statements, for one thread. Parameters are given by name or in order, as the statement has them."""

    def execute(self, statement: Statement, parameters: Any = ()) -> Rows:
        """Run a statement."""

    def executemany(self, statement: Statement, rows: Iterable[Any]) -> object:
        """Run a statement for each row."""

    def stream(self, statement: Statement, parameters: Any) -> AbstractContextManager[Iterator[Any]]:
        """Rows one by one, for those that are too large to be held together."""


class Database(Protocol):
    """A record that is open."""

    @property
    def reader(self) -> Connection:
        """For reading in this thread; each statement sees all that is committed."""

    @property
    def servers(self) -> Servers:
        """Those that use the record, and what each of them alone works on."""

    def transaction(
        self, *, durable: bool = False, alone: bool = True
    ) -> AbstractContextManager[Connection]:
        """A transaction that is committed at the end or undone by an exception, alone in the record.

        ``durable``: what is committed survives a power failure, too. Without ``alone`` others may write at the same
        time: what is read within, and what is written must rely on, has to be locked by its rows. Raises
        CatalogUnusable when others write for too long, CatalogUnwritable, and LeaseLost where the thread works under
        a lease that another server has.
        """

    @property
    def writability(self) -> Writability:
        """Whether it can be written."""

    def give_back(self, pages: int) -> bool:
        """Give up to so many unused pages back to the disk, when there are many; whether there may be more."""

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Interrupt what runs and close every connection; whether all of that was done. May be called twice."""
