"""Connections to the SQLite file, whose errors say what to do, and which end without harm to their users.

One thread uses a connection; another one, which closes the record, may only interrupt it, and close it while
nobody uses it. Each native call is made under the lock of its connection, so that the two never meet.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from bindery.catalog.records import CatalogUnusable, CatalogUnwritable

_P = ParamSpec("_P")
_T = TypeVar("_T")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DISK = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)

_LOCK_SECONDS = 10.0
"""How long a write waits for another program that holds the file."""

CLOSED = "the catalog is closed; the server is stopping"


class Cursor(sqlite3.Cursor):
    """Raises CatalogUnusable where SQLite finds the file damaged or locked, the disk refuses, or the record closes.

    Rows are taken with ``fetchone`` and ``fetchall``, which are watched; iterating is not.
    """

    connection: Connection

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        """Run a statement."""
        _watched(self.connection, super().execute, sql, parameters)
        return self

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        """Run a statement for each row."""
        _watched(self.connection, super().executemany, sql, rows)
        return self

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        return _watched(self.connection, super().fetchone)

    def fetchall(self) -> list[Any]:
        """All further rows."""
        return _watched(self.connection, super().fetchall)


class Connection(sqlite3.Connection):
    """A connection to the record, whose statements run on watched cursors."""

    def __init__(self, *values: Any, **settings: Any) -> None:
        super().__init__(*values, **settings)
        self.using = threading.RLock()
        """Held during every native call; a statement with many rows may call for others within."""
        self.refusing = False
        """The record closes: statements raise CatalogUnusable."""

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        """Run a statement."""
        return self._cursor().execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        """Run a statement for each row."""
        return self._cursor().executemany(sql, rows)

    @contextlib.contextmanager
    def stream(self, sql: str, parameters: Any) -> Iterator[Iterator[Any]]:
        """Rows one by one."""
        cursor = self.execute(sql, parameters)
        try:
            yield iter(cursor.fetchone, None)
        finally:
            cursor.close()

    def _cursor(self) -> Cursor:
        try:
            return super().cursor(Cursor)
        except sqlite3.ProgrammingError as error:
            if self.refusing:  # and closed
                raise CatalogUnusable(CLOSED) from error
            raise

    def undo(self) -> None:
        """Roll the transaction back if there is one, also while the record closes."""
        with self.using:
            self.rollback()

    def end(self) -> bool:
        """From another thread: close it if nobody uses it, else interrupt what runs; whether it is closed.

        SQLite forgets an interrupt that comes between two statements, so this is called until it says yes.
        """
        self.refusing = True
        if not self.using.acquire(blocking=False):
            # Under the interpreter's lock, and closed by its own thread under it too: it cannot close meanwhile.
            with contextlib.suppress(sqlite3.ProgrammingError):
                self.interrupt()
            return False
        try:
            self.close()
        finally:
            self.using.release()
        return True


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
            *([] if read_only else ["auto_vacuum = INCREMENTAL"]),  # counts until the first table is made
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
    return CatalogUnwritable(
        f"the record catalog.db cannot be read or written ({error}); see that the disk has room and this user "
        "may write to the data folder. What was committed is safe"
    )


def _watched(connection: Connection, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    with connection.using:
        if connection.refusing:
            raise CatalogUnusable(CLOSED)
        try:
            return call(*args, **kwargs)
        except sqlite3.DatabaseError as error:
            if connection.refusing and _code(error) == sqlite3.SQLITE_INTERRUPT:
                raise CatalogUnusable(CLOSED) from error
            if _code(error) in _DAMAGED | _LOCKED | _DISK:
                raise unusable(error) from error
            raise


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
