"""How many files a query has found, for whoever asks the same again while nothing has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable

_MOST = 1_000
"""Queries that are remembered of a dataset."""


class Totals:
    """Counts of one dataset as of one change of it. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._change = 0
        self._counts: dict[str, int] = {}

    def find(self, change: int, query: str) -> int | None:
        """The count as of this change, by the fingerprint of a query; None when it was not counted since."""
        with self._lock:
            return self._counts.get(query) if change == self._change else None

    def keep(self, change: int, query: str, count: int) -> None:
        """It was counted. What was counted as of other changes is forgotten."""
        with self._lock:
            if change != self._change:
                self._change = change
                self._counts.clear()
            if len(self._counts) >= _MOST:
                self._counts.pop(next(iter(self._counts)))
            self._counts[query] = count


class TotalsAsOf:
    """What one question may know and tell: it reads the dataset as it is behind one change, or a later one."""

    def __init__(self, totals: Totals, applied: Callable[[], int]) -> None:
        """To be made before the question's transaction begins. ``applied`` tells the last change."""
        self._totals, self._applied = totals, applied
        self._change = applied()

    def find(self, query: str) -> int | None:
        """A count that is true as of the change, by the fingerprint of a query."""
        return self._totals.find(self._change, query)

    def keep(self, query: str, count: int) -> None:
        """Keep a count, unless something has changed since: then nobody knows which state was counted."""
        if self._applied() == self._change:
            self._totals.keep(self._change, query, count)
