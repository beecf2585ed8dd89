"""How often a request to a store is repeated before its failure is told: one policy for all stores.

It spans the trouble of a moment. What lasts longer is the caller's business, who rests for as long as the store asks
(``StoreUnavailable.retry_after``), or longer and longer.
"""

from __future__ import annotations

import random
import time

import msgspec


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. Pauses double, and are cut by up to a half at random, so that callers do not come back together."""

    tries: int = 4
    first_pause: float = 0.2
    longest_pause: float = 1.0
    patience: float = 5.0
    """No further try is started after this time, so that a dead endpoint is reported within about ten seconds."""

    def has_time(self, attempt: int, began: float) -> bool:
        """Whether another try may follow the ``attempt`` (from 1) of a request that began then, by the monotonic
        clock."""
        return attempt < self.tries and time.monotonic() - began < self.patience

    def pause(self, attempt: int) -> float:
        """How long to wait after the ``attempt`` (from 1)."""
        longest = min(self.longest_pause, self.first_pause * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311  (no secret)


RETRIES = RetryPolicy()
