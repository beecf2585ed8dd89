"""Connections to the SQLite file, whose errors say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from bindery.catalog.records import CatalogUnusable

_P = ParamSpec("_P")
_T = TypeVar("_T")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DISK = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)

_LOCK_SECONDS = 10.0
"""How long a write waits for another program that holds the file."""


class Cursor(sqlite3.Cursor):
    """Raises CatalogUnusable where SQLite finds the file damaged or locked, or the disk refuses.

    Rows are taken with ``fetchone`` and ``fetchall``, which are watched; iterating is not.
    """

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        """Run a statement."""
        _watched(super().execute, sql, parameters)
        return self

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        """Run a statement for each row."""
        _watched(super().executemany, sql, rows)
        return self

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        return _watched(super().fetchone)

    def fetchall(self) -> list[Any]:
        """All further rows."""
        return _watched(super().fetchall)


class Connection(sqlite3.Connection):
    """A connection to the record, whose statements run on watched cursors."""

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        """Run a statement."""
        return super().cursor(Cursor).execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        """Run a statement for each row."""
        return super().cursor(Cursor).executemany(sql, rows)


def connect(path: Path, *, cache_kib: int, read_only: bool) -> Connection:
    """A connection in WAL mode, usable from any thread.

    ``synchronous = NORMAL`` keeps every commit across a kill of the process; a power failure may take the
    newest commits with it, never the file's soundness. Raises CatalogUnusable.
    """
    try:
        connection = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            timeout=_LOCK_SECONDS,
            factory=Connection,
        )
    except sqlite3.Error as error:
        raise unusable(error) from error
    try:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "mmap_size = 0",  # a mapped file that is cut short would kill the process
            "journal_size_limit = 67108864",
            f"cache_size = -{cache_kib:d}",
            f"query_only = {read_only:d}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def unusable(error: sqlite3.Error) -> CatalogUnusable:
    """What an operator can do about an error of the file."""
    if _code(error) in _DAMAGED:
        return CatalogUnusable(
            f"the record catalog.db is damaged ({error}); nothing was changed. Restore it from a backup, or move "
            "catalog.db with its -wal and -shm files away to start anew: the buckets are then scanned again"
        )
    if _code(error) in _LOCKED:
        return CatalogUnusable(
            f"the record catalog.db is locked by another program ({error}); end its transaction, such as an open "
            "sqlite3 shell or a copy of the file under way. What was committed is safe"
        )
    return CatalogUnusable(
        f"the record catalog.db cannot be read or written ({error}); see that the disk has room and this user "
        "may write to the data folder. What was committed is safe"
    )


def _watched(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    try:
        return call(*args, **kwargs)
    except sqlite3.DatabaseError as error:
        if _code(error) in _DAMAGED | _LOCKED | _DISK:
            raise unusable(error) from error
        raise


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
