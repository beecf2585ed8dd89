"""The DuckDB file of the index and its connections: one that writes, and a cursor for each query that runs."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from bindery.catalog.records import CatalogUnusable

_MEMORY_LIMIT = "192MB"
"""Beyond it DuckDB writes intermediate results to the spill folder."""
_POLL_SECONDS = 0.02
_CHECKPOINT_THRESHOLD = "64MB"
"""Size of the log at which it is worked into the file: half the work and half the file of the default, 16MB."""

CLOSED = "the catalog is closed; the server is stopping"


class IndexFile:
    """``index.duckdb`` of a data folder. Renewing it waits for the queries that run.

    Raises CatalogUnusable when the folder gives no place for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spill = path.with_name("index.spill")
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._renewing = False
        self.closing = False
        """Set once: from then on no query begins, and an interrupted statement ends the work it is part of."""
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
                self._running.discard(cursor)
                self._changed.notify_all()

    @contextlib.contextmanager
    def until_closed(self) -> Iterator[None]:
        """What an interrupt or a closed file raises is CatalogUnusable when the server stops."""
        try:
            yield
        except (duckdb.InterruptException, duckdb.ConnectionException) as error:
            if self.closing:
                raise CatalogUnusable(CLOSED) from error
            raise

    def _borrow(self) -> duckdb.DuckDBPyConnection:
        with self._changed:
            self._changed.wait_for(lambda: self.closing or not self._renewing)
            if self.closing:
                raise CatalogUnusable(CLOSED)
            cursor = self._idle.pop() if self._idle else self.writer.cursor()
            self._running.add(cursor)
            return cursor

    def renew(self, *, empty: bool) -> None:
        """Close the file and open it again, or a new and empty one. Only the writing thread may call it."""
        with self._changed:
            self._renewing = True
            self._changed.wait_for(lambda: not self._running)
        try:
            self._disconnect()
            try:
                self.writer = self._connect_anew() if empty else self._connect()
            except duckdb.Error:
                self.writer = self._connect_anew()
        finally:
            with self._changed:
                self._renewing = False
                self._changed.notify_all()

    def stop(self) -> None:
        """From any thread: begin no more statements and interrupt those that run.

        DuckDB forgets an interrupt that comes between two statements or while one is prepared, so whoever waits
        for their end repeats this.
        """
        with self._changed:
            self.closing = True
            self._changed.notify_all()
            cursors = list(self._running)
        for connection in (*cursors, self.writer):
            with contextlib.suppress(duckdb.Error):
                connection.interrupt()

    def close(self, seconds: float) -> bool:
        """Interrupt the queries that run, then close the file; whether it is closed.

        The writing thread must have ended. A query that does not end in time keeps the file open, for closing
        it under the query would end the process. May be called twice.
        """
        deadline = time.monotonic() + seconds
        while True:
            self.stop()
            with self._changed:
                if self._changed.wait_for(lambda: not self._running, _POLL_SECONDS):
                    self._disconnect()
                    return True
            if time.monotonic() >= deadline:
                return False

    def _disconnect(self) -> None:
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
