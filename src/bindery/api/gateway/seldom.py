"""What would be said again and again is said once in a while."""

from __future__ import annotations

import time

_SECONDS = 60.0


class Seldom:
    """Lets something be said once a minute."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._said = float("-inf")

    def may_say(self) -> bool:
        """Whether it is time again."""
        now = time.monotonic()
        if now - self._said < self._seconds:
            return False
        self._said = now
        return True
