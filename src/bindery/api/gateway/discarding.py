"""Bytes that nobody wants, of clients that were refused: read for a while, so that they see why, at a bounded rate."""

from __future__ import annotations

import time

SECONDS = 2.0
"""Of each connection, after its last answer: time enough to read it."""
_RATE = 64 * 1024 * 1024
"""Bytes a second, over all connections."""
_SHORTEST = 0.01
"""Seconds for which a pause is worth while."""


class Discarding:
    """The rate that all connections share."""

    def __init__(self) -> None:
        self._busy_until = 0.0

    def pause(self, count: int) -> float:
        """Seconds after which more may be read, now that ``count`` bytes were."""
        now = time.monotonic()
        self._busy_until = max(now, self._busy_until) + count / _RATE
        pause = self._busy_until - now
        return pause if pause > _SHORTEST else 0.0
