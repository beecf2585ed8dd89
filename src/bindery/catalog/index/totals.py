"""How many files a query has found, and its figures, for whoever asks the same again while nothing has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bindery.catalog.interface.queries import AggregationResult

_MOST = 1_000
"""Queries that are remembered of a dataset."""
_MOST_FIGURES, _MOST_GROUPS, _MOST_CHARACTERS = 200, 500, 50_000
"""Aggregations that are remembered; of how many groups, with how long names together."""


class Totals:
    """Counts and figures of one dataset as of one change of it. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._change = 0
        self._counts: dict[str, int] = {}
        self._figures: dict[str, AggregationResult] = {}

    def find(self, change: int, query: str) -> int | None:
        """The count as of this change, by the fingerprint of a query; None when it was not counted since."""
        with self._lock:
            return self._counts.get(query) if change == self._change else None

    def keep(self, change: int, query: str, count: int) -> None:
        """It was counted. What was counted as of other changes is forgotten."""
        with self._lock:
            self._begin(change)
            if len(self._counts) >= _MOST:
                self._counts.pop(next(iter(self._counts)))
            self._counts[query] = count

    def find_figure(self, change: int, question: str) -> AggregationResult | None:
        """The result of an aggregation as of this change."""
        with self._lock:
            return self._figures.get(question) if change == self._change else None

    def keep_figure(self, change: int, question: str, result: AggregationResult) -> None:
        """It was made of all files that match."""
        names = [group.value for group in result.groups or ()]
        if len(names) <= _MOST_GROUPS and sum(map(len, names)) <= _MOST_CHARACTERS:
            with self._lock:
                self._begin(change)
                if len(self._figures) >= _MOST_FIGURES:
                    self._figures.pop(next(iter(self._figures)))
                self._figures[question] = result

    def _begin(self, change: int) -> None:
        if change != self._change:
            self._change = change
            self._counts.clear()
            self._figures.clear()


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

    def find_figure(self, question: str) -> AggregationResult | None:
        """The result of an aggregation that is true as of the change."""
        return self._totals.find_figure(self._change, question)

    def keep_figure(self, question: str, result: AggregationResult) -> None:
        """Keep a result as ``keep`` does a count."""
        if self._applied() == self._change:
            self._totals.keep_figure(self._change, question, result)
