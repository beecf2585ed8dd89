"""How many requests a store takes, of all of this server together, and the pace that keeps to it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping

from bindery.buckets.store import Rate, StoreMisconfigured

_AT_ONCE = "requests_at_once"
_PER_SECOND = "requests_per_second"
RATE_OPTIONS = frozenset({_AT_ONCE, _PER_SECOND})
"""Options of a store's URL that lower what it is said to take."""
_NUMBER = re.compile(r"[0-9]{1,6}")


def rate_of(options: Mapping[str, str], most: Rate) -> Rate:
    """The rate of a store that takes ``most``, lowered by its options. Raises StoreMisconfigured."""
    at_once = _number(options, _AT_ONCE)
    per_second = _number(options, _PER_SECOND)
    limits = [limit for limit in (per_second, most.per_second) if limit is not None]
    return Rate(
        most.at_once if at_once is None else min(at_once, most.at_once),
        min(limits) if limits else None,
    )


def _number(options: Mapping[str, str], name: str) -> int | None:
    if name not in options:
        return None
    if not _NUMBER.fullmatch(options[name]) or not int(options[name]):
        raise StoreMisconfigured(f"{name} is a whole number from 1 to 999999")
    return int(options[name])


class Pace:
    """Lets requests of this process begin: so many at once, and one behind the other so many a second. Entered around
    each request. Safe for threads."""

    def __init__(self, rate: Rate, share: float) -> None:
        """``share``: the part of the requests a second that is this process's."""
        self._interval = 0.0 if rate.per_second is None else 1 / (rate.per_second * share)
        self._next = 0.0
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(rate.at_once)

    @property
    def interval(self) -> float:
        """Seconds between two requests; 0 where there is no limit."""
        return self._interval

    def __enter__(self) -> None:
        self._turns.acquire()
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            begins = max(now, self._next)
            self._next = begins + self._interval
        time.sleep(begins - now)

    def __exit__(self, *_: object) -> None:
        self._turns.release()
