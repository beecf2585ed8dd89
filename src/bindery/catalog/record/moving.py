"""A record goes from one kind of database to another, row for row, and is compared at the end.

The tables and their order are those of SQLite's schema. What PostgreSQL keeps besides (columns that SQLite computes,
sequences that draw ids) is made by ``postgresql/moving.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import msgspec

from bindery.catalog.records import CatalogUnusable

NUMBERED = {
    "project": "id",
    "dataset": "id",
    "binding": "id",
    "change": "sequence",
    "outbox": "sequence",
    "index_call": "id",
}
"""Tables whose rows are numbered by the database, which gives no number twice; ``file`` is numbered by its datasets."""
_TOLD_EVERY = 500

Row = tuple[Any, ...]
Progress = Callable[[str, int, int], None]
"""Told what is done, how far, and of how much."""


class Table(NamedTuple):
    """Columns that are stored, in SQLite's order."""

    name: str
    columns: tuple[str, ...]

    @property
    def listed(self) -> str:
        """The columns as SQL has them, in both kinds of database."""
        return ", ".join(f'"{column}"' for column in self.columns)


class Side(Protocol):
    """A record that no server uses meanwhile."""

    def count(self, table: Table) -> int:
        """How many rows it has."""

    def rows(self, table: Table) -> AbstractContextManager[Iterator[Row]]:
        """All of them, one by one, in any order."""


class Source(Side, Protocol):
    """Where the record is."""

    def numbers(self) -> dict[str, int]:
        """The highest number that was ever given in each table of ``NUMBERED``."""


class Target(Side, Protocol):
    """Where it goes to."""

    def put(self, table: Table, rows: Iterator[Row]) -> None:
        """In place of all rows of a table."""

    def set_numbers(self, numbers: dict[str, int]) -> None:
        """What is numbered from now on gets higher ones."""


class _Sum:
    """Count and checksum of rows, whatever their order."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0
        self._encode = msgspec.msgpack.Encoder().encode

    def watched(self, rows: Iterator[Row], doing: str, total: int, progress: Progress) -> Iterator[Row]:
        """The rows, counted as they pass."""
        progress(doing, 0, total)
        for row in rows:
            digest = hashlib.blake2b(self._encode(tuple(row)), digest_size=16).digest()
            self._sum = (self._sum + int.from_bytes(digest)) % (1 << 128)
            self.rows += 1
            if self.rows % _TOLD_EVERY == 0:
                progress(doing, self.rows, total)
            yield row

    @property
    def value(self) -> tuple[int, int]:
        """Equal for equal rows."""
        return self.rows, self._sum


def move_tables(
    tables: Sequence[Table], source: Source, target: Target, progress: Progress
) -> dict[str, int]:
    """Copy every table, read the copies again, and compare; rows of each table.

    Raises CatalogUnusable when a copy differs, or when either side cannot be used.
    """
    sums = {}
    for table in tables:
        sums[table] = copied = _Sum()
        with source.rows(table) as rows:
            doing = f"copying {table.name}"
            target.put(table, copied.watched(rows, doing, source.count(table), progress))
    for table, copied in sums.items():
        found = _Sum()
        with target.rows(table) as rows:
            for _ in found.watched(rows, f"comparing {table.name}", copied.rows, progress):
                pass
        if found.value != copied.value:
            raise CatalogUnusable(
                f"the copy of the table {table.name} is not what was copied ({found.rows:,} rows of "
                f"{copied.rows:,}, or other values); nothing was moved. Please report it"
            )
    target.set_numbers(source.numbers())
    return {table.name: copied.rows for table, copied in sums.items()}
