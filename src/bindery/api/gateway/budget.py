"""How much memory the requests of all clients together may hold.

Bodies and long request lines are charged before they are read and given back when their answer is made. Those
who have shown a key, and those who have not, draw on different budgets: strangers cannot use up the other.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from bindery.api import errors

_TRIM_BYTES = 16 * 1024 * 1024
"""A peak from which memory is given back to the system once nothing is held."""


class Budget:
    """Bytes that may be held at once. For one thread, that of the event loop."""

    def __init__(self, total: int, share: int) -> None:
        """``share`` is the most that one holder, an access key or a client's address, may have."""
        self.total, self.share = total, share
        self.held = 0
        self._by_holder: Counter[str] = Counter()
        self._peak = 0

    def take(self, holder: str, count: int) -> None:
        """Charge ``count`` bytes to ``holder``. Raises ApiError, and takes nothing, when he would have more than his
        share (429) or all together more than there is (503).
        """
        if self._by_holder[holder] + count > self.share:
            raise errors.throttled("your requests hold as many bytes as they may; send it again")
        if self.held + count > self.total:
            raise errors.busy("The server holds as many bytes of requests as it may; send it again.")
        self.held += count
        self._by_holder[holder] += count
        self._peak = max(self._peak, self.held)

    def give_back(self, holder: str, count: int) -> None:
        """The bytes are held no longer."""
        self.held -= count
        self._by_holder[holder] -= count
        if not self._by_holder[holder]:
            del self._by_holder[holder]
        if not self.held and self._peak >= _TRIM_BYTES:
            self._peak = 0
            _trim()


class Reservation:
    """What one request holds of a budget."""

    def __init__(self, budget: Budget, holder: str) -> None:
        self._budget, self._holder = budget, holder
        self.count = 0

    def grow(self, count: int) -> None:
        """Hold ``count`` bytes more. Raises ApiError when there is no room."""
        if count > 0:
            self._budget.take(self._holder, count)
            self.count += count

    def release(self) -> None:
        """Hold nothing; may be called again."""
        count, self.count = self.count, 0
        if count:
            self._budget.give_back(self._holder, count)


def _find_trim() -> Callable[[int], int] | None:
    with suppress(OSError, AttributeError, TypeError):
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
        return trim
    return None


_malloc_trim = _find_trim()


def _trim() -> None:
    """The C library keeps what was freed; after a flood that would be the flood's whole size for good."""
    if _malloc_trim is not None:
        _malloc_trim(0)
