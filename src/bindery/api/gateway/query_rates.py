"""How many queries a second a project answers, where a caller has set that: ``ProjectQueriesPerSecond``.

Each project with a rate has a token bucket that holds the queries of one second, so that a burst of so many is
answered at once and no more than the rate in the long run.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from bindery.api import errors
from bindery.catalog.interface.projects import Projects
from bindery.catalog.records import NotFound

_FRESH_SECONDS = 1.0
"""How long a rate is believed without looking it up; changes through the gateway are seen at once."""
_FEW = 1_024
"""Remembered projects from which those that nobody has asked for lately are forgotten."""


class _Rate:
    """What is known of one project."""

    __slots__ = ("changes", "filled", "looked_up", "per_second", "tokens")

    def __init__(self) -> None:
        self.per_second = 0
        """Queries; 0: as many as come."""
        self.looked_up = -math.inf
        self.changes = 0
        """How often the project has changed here."""
        self.tokens = math.inf  # cut to the rate when the first query takes one
        self.filled = 0.0


class QueryRates:
    """The rates of all projects. For many threads."""

    def __init__(self, projects: Projects, clock: Callable[[], float] = time.monotonic) -> None:
        self._projects, self._clock = projects, clock
        self._rates: dict[str, _Rate] = {}
        self._lock = threading.Lock()

    def knows(self, project: str) -> bool:
        """Whether ``take`` needs nothing but memory."""
        with self._lock:
            rate = self._rates.get(project)
            return rate is not None and self._clock() - rate.looked_up < _FRESH_SECONDS

    def take(self, project: str) -> None:
        """One query of the project begins. Raises ApiError with the time to wait when it has had its share."""
        if not self.knows(project):
            self._look_up(project)
        with self._lock:
            rate = self._rates.get(project)
            missing = 0.0 if rate is None else self._missing(rate)
        if missing:
            assert rate is not None
            raise errors.throttled(
                f"the project answers {rate.per_second} queries a second (ProjectQueriesPerSecond)",
                retry_after=math.ceil(missing * 1_000) / 1_000,
            )

    def forget(self, project: str) -> None:
        """The project has changed: its rate is looked up with the next query."""
        with self._lock:
            rate = self._rates.get(project)
            if rate is not None:
                rate.looked_up = -math.inf
                rate.changes += 1

    def _missing(self, rate: _Rate) -> float:
        """Seconds until there is a token; 0 when one was taken."""
        if not rate.per_second:
            return 0.0
        now = self._clock()
        grown = rate.tokens + max(0.0, now - rate.filled) * rate.per_second
        rate.tokens, rate.filled = min(float(rate.per_second), grown), now
        if rate.tokens < 1.0:
            return (1.0 - rate.tokens) / rate.per_second
        rate.tokens -= 1.0
        return 0.0

    def _look_up(self, project: str) -> None:
        asked = self._clock()
        with self._lock:
            self._make_room(asked)
            rate = self._rates.setdefault(project, _Rate())
            changes = rate.changes
        try:
            found = self._projects.get(project)
        except NotFound:
            with self._lock:
                self._rates.pop(project, None)
            return  # the operation says so
        with self._lock:
            rate = self._rates.setdefault(project, rate)  # room may have been made meanwhile
            rate.per_second = found.enforced_queries_per_second
            if rate.changes == changes:  # else what was found may be older than that
                rate.looked_up = asked

    def _make_room(self, now: float) -> None:
        if len(self._rates) < _FEW:
            return
        for name, rate in list(self._rates.items()):
            # A bucket is full again after a second: nothing is lost with it.
            if now - rate.looked_up >= _FRESH_SECONDS and now - rate.filled >= 1.0:
                del self._rates[name]
