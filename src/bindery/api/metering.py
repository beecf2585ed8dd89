"""Counts what projects use: in memory while calls are answered, in the record every few seconds.

A kill forgets what was counted since the record was written last, and nothing is ever in it twice. Runs of operators
are not counted here but by the catalog, in the transaction that writes what they have found; but for those of calls
that write nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import tzinfo
from functools import lru_cache

import structlog

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogError, UsageKey
from bindery.clock import day_number, now_ns

_WRITE_SECONDS = 2.0
_STORED_SECONDS = 600.0
"""How old today's figures of what is stored may be, unless somebody asks for them."""
_KEPT_DAYS = 400
_FORGOTTEN_AT_ONCE = 5_000
_CLOSE_SECONDS = 5.0
_LONGEST_NAME = 128
_SECOND = 1_000_000_000
MOST_UNKNOWN = 10_000
"""Names held in memory of which it is not known whether there are such projects."""
_log = structlog.get_logger()


@lru_cache(4)
def _day(seconds: int, zone: tzinfo) -> int:
    """Of all that is counted in one second."""
    return day_number(seconds * _SECOND, zone)


class Metering:
    """Safe for threads."""

    def __init__(self, catalog: Catalog, zone: tzinfo, seconds: float = _WRITE_SECONDS) -> None:
        self._catalog = catalog
        self._zone = zone
        self._seconds = seconds
        self._counts: Counter[UsageKey] = Counter()
        self._lock = threading.Lock()
        """Held while something is counted; never for long."""
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._stored_at = 0.0
        self._forgotten_on = 0
        self._thread = threading.Thread(target=self._write_now_and_then, name="metering", daemon=True)

    def start(self) -> None:
        """Write from time to time."""
        self._thread.start()

    def count(self, project: str, dimension: str, *, exists: bool) -> None:
        """One more, now. ``exists``: the project is there for sure, or was when the call was made."""
        if len(project) > _LONGEST_NAME:
            project = ""
        key = UsageKey(_day(now_ns() // _SECOND, self._zone), project, dimension, exists)
        with self._lock:
            if not exists and len(self._counts) >= MOST_UNKNOWN and key not in self._counts:
                key = key._replace(project="")
            self._counts[key] += 1

    def write(self) -> None:
        """Everything that was counted. Raises CatalogError, and keeps it for the next time."""
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, Counter()
            if not counts:
                return
            try:
                self._catalog.usage.add(counts)
            except BaseException:
                with self._lock:
                    self._counts.update(counts)
                raise

    def refresh(self) -> None:
        """Let the record tell all that was counted before, and what is stored now. Raises CatalogError."""
        self.write()
        self._catalog.usage.note_stored()
        self._stored_at = time.monotonic()

    def close(self) -> None:
        """Write the rest. May be called twice."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)
        self._try_to(self.refresh)

    def _write_now_and_then(self) -> None:
        while True:
            is_old = not self._stored_at or time.monotonic() - self._stored_at >= _STORED_SECONDS
            self._try_to(self.refresh if is_old else self.write)
            self._try_to(self._forget)
            if self._ended.wait(self._seconds):
                return

    def _forget(self) -> None:
        """Once a day, by pages."""
        today = self._catalog.usage.today
        if today == self._forgotten_on:
            return
        before = today - _KEPT_DAYS
        while self._catalog.usage.forget(before=before, limit=_FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
            if self._ended.is_set():
                return
        self._forgotten_on = today

    def _try_to(self, work: Callable[[], None]) -> None:
        try:
            work()
        except CatalogError as error:
            _log.debug("usage is written later", problem=str(error))
