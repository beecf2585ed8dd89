"""The DuckDB file of the index and its connections: one that writes, and a cursor for each query that runs."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb

from bindery.catalog.records import CatalogUnusable

_MEMORY_LIMIT = "192MB"
"""Beyond it DuckDB writes intermediate results to the spill folder."""
_CHECKPOINT_THRESHOLD = "64MB"
"""Size of the log at which it is worked into the file: half the work and half the file of the default, 16MB."""


class IndexFile:
    """``index.duckdb`` of a data folder. Renewing it waits for the queries that run.

    Raises CatalogUnusable when the folder gives no place for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spill = path.with_name("index.spill")
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._running = 0
        self._renewing = False
        self._changed = threading.Condition()
        shutil.rmtree(self._spill, ignore_errors=True)
        try:
            self.writer = self._connect()
        except duckdb.Error:
            self.writer = self._connect_anew()

    @contextlib.contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in one transaction, so that what is read with it fits together."""
        cursor = self._borrow()
        try:
            cursor.execute("BEGIN")
            yield cursor
        finally:
            with contextlib.suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
            with self._changed:
                self._idle.append(cursor)
                self._running -= 1
                self._changed.notify_all()

    def _borrow(self) -> duckdb.DuckDBPyConnection:
        with self._changed:
            self._changed.wait_for(lambda: not self._renewing)
            cursor = self._idle.pop() if self._idle else self.writer.cursor()
            self._running += 1
            return cursor

    def renew(self, *, empty: bool) -> None:
        """Close the file and open it again, or a new and empty one. Only the writing thread may call it."""
        with self._changed:
            self._renewing = True
            self._changed.wait_for(lambda: self._running == 0)
        try:
            self.close()
            try:
                self.writer = self._connect_anew() if empty else self._connect()
            except duckdb.Error:
                self.writer = self._connect_anew()
        finally:
            with self._changed:
                self._renewing = False
                self._changed.notify_all()

    def close(self) -> None:
        """Close every connection. May be called twice."""
        for connection in (*self._idle, self.writer):
            with contextlib.suppress(duckdb.Error):
                connection.close()
        self._idle.clear()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY_LIMIT,
            "temp_directory": str(self._spill),
            "checkpoint_threshold": _CHECKPOINT_THRESHOLD,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        connection = duckdb.connect(str(self._path), config=settings)
        connection.execute("SET enable_external_access = false")
        return connection

    def _connect_anew(self) -> duckdb.DuckDBPyConnection:
        try:
            for path in (self._path, self._path.with_name(self._path.name + ".wal")):
                path.unlink(missing_ok=True)
            return self._connect()
        except (duckdb.Error, OSError) as error:
            raise CatalogUnusable(
                f"the index {self._path} cannot be written ({error}); make room, or let this user write there. "
                "The index is derived: nothing is lost"
            ) from error
