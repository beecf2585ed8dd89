"""Keys and prefixes to look at again, each once, when its time has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable


class Inbox:
    """Safe for threads. Due times are of the monotonic clock, ages of the wall clock."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._since: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, keys: Iterable[str], delay: float = 0.0) -> None:
        """Look at ``keys`` once ``delay`` seconds have passed."""
        due, now = time.monotonic() + delay, time.time_ns()
        with self._lock:
            for key in keys:
                self._due[key] = due
                self._since.setdefault(key, now)

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

    def due(self, limit: int) -> list[str]:
        """Up to ``limit`` keys whose time has come, the oldest first; they stay until ``done``."""
        now = time.monotonic()
        with self._lock:
            ready = [key for key, due in self._due.items() if due <= now]
        return ready[:limit]

    def done(self, keys: Iterable[str]) -> None:
        """These have been dealt with."""
        with self._lock:
            for key in keys:
                self._due.pop(key, None)
                self._since.pop(key, None)

    def wait_time(self, longest: float) -> float:
        """Seconds until something is due, at most ``longest``."""
        with self._lock:
            if self._prefixes:
                return 0.0
            first = min(self._due.values(), default=None)
        return longest if first is None else max(0.0, min(longest, first - time.monotonic()))

    def oldest(self) -> int | None:
        """Since when the oldest change waits, in nanoseconds since 1970."""
        with self._lock:
            return min([*self._since.values(), *self._prefixes.values()], default=None)
