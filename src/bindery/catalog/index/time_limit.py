"""The time that one statement of the index may take."""

from __future__ import annotations

import threading
from types import TracebackType

import duckdb

_AGAIN_SECONDS = 0.05


class TimeLimit:
    """``with TimeLimit(cursor, seconds) as limit``: interrupts what runs on the cursor when the time is over.

    DuckDB forgets an interrupt that comes while it prepares a statement, which takes seconds for a large one:
    the interrupt is repeated until the statement ends.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, seconds: float) -> None:
        self._cursor = cursor
        self._seconds = seconds
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.passed = False
        """The time is over."""

    def __enter__(self) -> TimeLimit:
        threading.Thread(target=self._run, name="time limit", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # an interrupt under way ends before the next statement begins
            self._ended.set()

    def _run(self) -> None:
        wait = self._seconds
        while not self._ended.wait(wait):
            with self._lock:
                if not self._ended.is_set():
                    self.passed = True
                    self._cursor.interrupt()
            wait = _AGAIN_SECONDS
