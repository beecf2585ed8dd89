"""What bounds a query: the time it may take, and whoever waits for its answer."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Protocol

import duckdb

from bindery.catalog.query.syntax import QueryError
from bindery.stopping import Interrupted

_AGAIN_SECONDS = 0.05
_CLOSED = (duckdb.ConnectionException, sqlite3.ProgrammingError)
"""Somebody has closed the connection meanwhile: nothing runs on it any more."""


class Interruptible(Protocol):
    """A connection of DuckDB or SQLite."""

    def interrupt(self) -> None:
        """From any thread: end the statement that runs."""


class Bounds:
    """The end of one query, which may be many statements: its time is over, or its caller has gone."""

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._stop = stop

    @property
    def passed(self) -> bool:
        """Whether the query has to end."""
        return self._gone or time.monotonic() >= self._deadline

    @property
    def _gone(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def check(self) -> None:
        """Raises Interrupted when the caller has gone, QueryError when the time is over."""
        if self._gone:
            raise Interrupted
        if self.passed:
            raise QueryError(
                f"The query takes more than {self._seconds:g} s: use fewer or narrower conditions."
            )

    @contextlib.contextmanager
    def watch(self, connection: Interruptible) -> Iterator[None]:
        """Interrupts what runs on the connection when the query has to end, and raises what ``check`` does.

        An interrupt that nobody here asked for is passed on: the server stops. DuckDB forgets an interrupt that
        comes while it prepares a statement, which takes seconds for a large one: it is repeated until the
        statement ends.
        """
        self.check()
        ended, lock = threading.Event(), threading.Lock()

        def interrupt() -> None:
            while not ended.wait(self._wait()):
                with lock:
                    if self.passed and not ended.is_set():
                        with contextlib.suppress(*_CLOSED):
                            connection.interrupt()

        threading.Thread(target=interrupt, name="time limit", daemon=True).start()
        try:
            yield
        except (duckdb.InterruptException, sqlite3.OperationalError) as error:
            if isinstance(error, duckdb.InterruptException) or (
                error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
            ):
                self.check()
            raise
        finally:
            with lock:  # an interrupt under way ends before the next statement begins
                ended.set()

    def _wait(self) -> float:
        if self._stop is not None or self.passed:
            return _AGAIN_SECONDS
        return max(0.0, self._deadline - time.monotonic())
