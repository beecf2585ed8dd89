"""Long statements tell in the log that they are at work."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

_EVERY_SECONDS = 5.0
_OPERATIONS = 100_000
"""Instructions of SQLite between two looks at the clock: some milliseconds."""
_log = structlog.get_logger()


@contextmanager
def telling(connection: sqlite3.Connection, event: str, **values: object) -> Iterator[None]:
    """While statements run within, a line of the log every few seconds, with ``values`` and the seconds so far."""
    began = told = time.monotonic()

    def tell() -> int:
        nonlocal told
        now = time.monotonic()
        if now - told >= _EVERY_SECONDS:
            told = now
            _log.info(event, **values, seconds=round(now - began))
        return 0  # go on

    connection.set_progress_handler(tell, _OPERATIONS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
