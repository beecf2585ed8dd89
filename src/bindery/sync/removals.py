"""How many removals have lately followed from single changes, which no listing has judged."""

from __future__ import annotations

import time
from collections import deque

_WINDOW_SECONDS = 10.0


class RecentRemovals:
    """Counts over a sliding window. For the thread of one binding."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int]] = deque()
        self._sum = 0

    def with_more(self, count: int) -> int:
        """The removals of the last seconds and ``count`` more."""
        now = time.monotonic()
        while self._counts and self._counts[0][0] < now - _WINDOW_SECONDS:
            self._sum -= self._counts.popleft()[1]
        return self._sum + count

    def add(self, count: int) -> None:
        """So many were removed now."""
        self._counts.append((time.monotonic(), count))
        self._sum += count
