"""Keys and prefixes to look at again, each once, when its time has come."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice

_NANOSECONDS = 1_000_000_000
_HELD_FOR = 256
"""Keys for which the lock is held at once: calls that tell how old the oldest is wait for it."""


class Inbox:
    """Safe for threads. Due times are of the monotonic clock, ages of the wall clock.

    A key that was taken counts as waiting until it is ``done``, so that ages go on while it is worked on.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []
        self._since: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._due)

    def add(self, keys: Iterable[str], delay: float = 0.0) -> None:
        """Look at ``keys`` once ``delay`` seconds have passed, or earlier when that was asked before."""
        due, now = time.monotonic() + delay, time.time_ns()
        for some in _pieces(keys):
            with self._lock:
                for key in some:
                    self._since.setdefault(key, now)
                    held = self._due.get(key)
                    if held is None or due < held:
                        self._due[key] = due
                        heapq.heappush(self._queue, (due, key))

    def take(self, limit: int) -> list[str]:
        """Up to ``limit`` keys whose time has come, the longest due first."""
        now = time.monotonic()
        taken: list[str] = []
        with self._lock:
            while self._queue and self._queue[0][0] <= now and len(taken) < limit:
                due, key = heapq.heappop(self._queue)
                if self._due.get(key) == due:
                    del self._due[key]
                    taken.append(key)
        return taken

    def done(self, keys: Iterable[str]) -> None:
        """Taken keys have been dealt with; those added again meanwhile go on waiting."""
        for some in _pieces(keys):
            with self._lock:
                for key in some:
                    if key not in self._due:
                        self._since.pop(key, None)

    def add_prefixes(self, prefixes: Iterable[str]) -> None:
        """List everything below ``prefixes``."""
        now = time.time_ns()
        with self._lock:
            for prefix in prefixes:
                self._prefixes.setdefault(prefix, now)

    def take_prefixes(self) -> list[str]:
        """All prefixes, without those that lie below another, in order."""
        with self._lock:
            found = sorted(self._prefixes)
            self._prefixes.clear()
        outermost: list[str] = []
        for prefix in found:
            if not outermost or not prefix.startswith(outermost[-1]):
                outermost.append(prefix)
        return outermost

    def clear(self) -> None:
        """Forget everything, because a complete listing will find it."""
        with self._lock:
            self._due.clear()
            self._queue.clear()
            self._since.clear()
            self._prefixes.clear()

    def waiting(self, keys: Iterable[str]) -> set[str]:
        """Those of ``keys`` that have not been dealt with yet."""
        found: set[str] = set()
        for some in _pieces(keys):
            with self._lock:
                found.update(key for key in some if key in self._since)
        return found

    def wait_time(self, longest: float) -> float:
        """Seconds until something is due, at most ``longest``."""
        with self._lock:
            if self._prefixes:
                return 0.0
            while self._queue and self._due.get(self._queue[0][1]) != self._queue[0][0]:
                heapq.heappop(self._queue)
            first = self._queue[0][0] if self._queue else None
        return longest if first is None else max(0.0, min(longest, first - time.monotonic()))

    def age(self, key: str) -> float:
        """Seconds for which a key has been waiting; 0 for one that does not wait."""
        with self._lock:
            since = self._since.get(key)
        return 0.0 if since is None else (time.time_ns() - since) / _NANOSECONDS

    def oldest(self) -> int | None:
        """Since when the oldest change waits, in nanoseconds since 1970."""
        if not self._since and not self._prefixes:
            return None
        with self._lock:
            waiting = (next(iter(self._since.values()), None), next(iter(self._prefixes.values()), None))
        return min((since for since in waiting if since is not None), default=None)


def _pieces(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while piece := list(islice(rest, _HELD_FOR)):
        yield piece
