"""The DuckDB instance of the index: one memory limit for all datasets, whose files are attached to it.

A file fails alone, but an instance that has met a fatal error refuses every further statement: it is thrown
away and made anew, which takes milliseconds, and the files are attached again by whoever asks next.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from bindery.catalog.records import CatalogUnusable
from bindery.processors import count_processors
from bindery.sql_text import literal

_MEMORY_LIMIT = "288MB"
"""Beyond it DuckDB writes intermediate results to the spill folder."""
_POLL_SECONDS = 0.02
_REVIVE_SECONDS = 10.0
_CHECKPOINT_THRESHOLD = "64MB"
"""Size of a file's log at which it is worked into the file: half the work and half the file of the default, 16MB."""

CLOSED = "the catalog is closed; the server is stopping"


class Instance:
    """Cursors for one thread at a time each. Raises CatalogUnusable when the folder gives no place for files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._renewing = False
        self.closing = False
        """Set once: from then on no statement begins, and an interrupted one ends the work it is part of."""
        self.generation = 0
        """How often the instance was made anew; files attached in an earlier one are attached no more."""
        self._changed = threading.Condition()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.rmtree(folder / "spill", ignore_errors=True)
            self._root = self._connect()
        except (OSError, duckdb.Error) as error:
            raise CatalogUnusable(
                f"the index {folder} cannot be written ({error}); make room, or let this user write there. "
                "The index is derived: nothing is lost"
            ) from error

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that nobody else uses meanwhile. Raises CatalogUnusable when the server stops."""
        cursor = self._borrow()
        try:
            yield cursor
        except (duckdb.InterruptException, duckdb.ConnectionException) as error:
            if self.closing:
                raise CatalogUnusable(CLOSED) from error
            raise
        finally:
            with self._changed:
                self._idle.append(cursor)
                self._running.discard(cursor)
                self._changed.notify_all()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction, which is undone unless it is committed within."""
        with self.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            finally:
                with contextlib.suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")

    def _borrow(self) -> duckdb.DuckDBPyConnection:
        with self._changed:
            self._changed.wait_for(lambda: self.closing or not self._renewing)
            if self.closing:
                raise CatalogUnusable(CLOSED)
            cursor = self._idle.pop() if self._idle else self._root.cursor()
            self._running.add(cursor)
            return cursor

    def revive(self) -> None:
        """Make the instance anew if it refuses statements; the caller must not hold a cursor.

        Raises CatalogUnusable when statements of others do not end; they are let go on.
        """
        try:
            with self.cursor() as cursor:
                cursor.execute("SELECT 1")
                return
        except duckdb.Error:
            pass
        with self._changed:
            if self._renewing:
                return
            self._renewing = True
        try:
            self._renew()
        finally:
            with self._changed:
                self._renewing = False
                self._changed.notify_all()

    def _renew(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: not self._running, _REVIVE_SECONDS):
                raise CatalogUnusable("the index is busy with statements that do not end; ask again")
        self._disconnect()
        self._root = self._connect()
        self.generation += 1

    def stop(self) -> None:
        """From any thread: begin no more statements and interrupt those that run.

        DuckDB forgets an interrupt that comes between two statements or while one is prepared, so whoever waits
        for their end repeats this.
        """
        with self._changed:
            self.closing = True
            self._changed.notify_all()
            cursors = list(self._running)
        for cursor in cursors:
            with contextlib.suppress(duckdb.Error):
                cursor.interrupt()

    def close(self, seconds: float) -> bool:
        """Interrupt what runs, then close all; whether that was done.

        A statement that does not end in time keeps the instance open, for closing it under the statement would
        end the process. May be called twice.
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
        for connection in (*self._idle, self._root):
            with contextlib.suppress(duckdb.Error):
                connection.close()
        self._idle.clear()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY_LIMIT,
            "threads": count_processors(),
            "temp_directory": str(self._folder / "spill"),
            "checkpoint_threshold": _CHECKPOINT_THRESHOLD,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        connection = duckdb.connect(":memory:", config=settings)
        connection.execute(f"SET allowed_directories = [{literal(f'{self._folder.resolve()}/')}]")
        connection.execute("SET enable_external_access = false")
        return connection
