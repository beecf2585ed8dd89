"""How many requests a store takes, of all of this server together, and the pace that keeps to it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping

from bindery.buckets.store import Rate, StoreMisconfigured

_AT_ONCE = "requests_at_once"
_PER_SECOND = "requests_per_second"
_LISTING = "listing_at_once"
RATE_OPTIONS = frozenset({_AT_ONCE, _PER_SECOND, _LISTING})
"""Options of a store's URL that lower what it is said to take."""
_ROUND_SECONDS = 0.2
"""Refusals within it are of requests that went out together."""
_NUMBER = re.compile(r"[0-9]{1,6}")


def rate_of(options: Mapping[str, str], most: Rate) -> Rate:
    """The rate of a store that takes ``most``, lowered by its options. Raises StoreMisconfigured."""
    at_once = _number(options, _AT_ONCE)
    per_second = _number(options, _PER_SECOND)
    limits = [limit for limit in (per_second, most.per_second) if limit is not None]
    most_at_once = most.at_once if at_once is None else min(at_once, most.at_once)
    listing = _number(options, _LISTING) or most.listing_at_once
    return Rate(
        most_at_once, min(limits) if limits else None, min(listing, max(1, most_at_once // 2), most.at_once)
    )


def _number(options: Mapping[str, str], name: str) -> int | None:
    if name not in options:
        return None
    if not _NUMBER.fullmatch(options[name]) or not int(options[name]):
        raise StoreMisconfigured(f"{name} is a whole number from 1 to 999999")
    return int(options[name])


class Pace:
    """Lets requests of this process begin: so many at once, and one behind the other so many a second. Entered around
    each request. Safe for threads.

    A store that refuses more requests gets half as many at once, and one more for each round that it takes; as TCP
    finds what a network takes (RFC 5681). But no more than one a second: a store nearby, whose rounds are short, would
    else refuse every fourth request for good.
    """

    def __init__(self, rate: Rate, share: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``share``: the part of the requests a second that is this process's; ``clock``: of seconds."""
        self._interval = 0.0 if rate.per_second is None else 1 / (rate.per_second * share)
        self._next = 0.0
        self._lock = threading.Lock()
        self._most = self._limit = float(rate.at_once)
        self._under_way = 0
        self._clock = clock
        self._halved = self._grown = float("-inf")
        self._turns = threading.Condition()

    @property
    def interval(self) -> float:
        """Seconds between two requests; 0 where there is no limit."""
        return self._interval

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return int(self._limit)

    def slow_down(self) -> None:
        """The store has refused a request for being one too many. What was under way with it counts once."""
        with self._turns:
            now = self._clock()
            if now - self._halved >= _ROUND_SECONDS:
                self._halved = self._grown = now
                self._limit = max(1.0, self._limit / 2)

    def taken(self) -> None:
        """The store has answered a request."""
        if self._limit < self._most:
            with self._turns:
                now = self._clock()
                self._limit = min(self._most, self._limit + min(1 / self._limit, now - self._grown))
                self._grown = now
                self._turns.notify()

    def __enter__(self) -> None:
        with self._turns:
            while self._under_way >= int(self._limit):
                self._turns.wait()
            self._under_way += 1
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            begins = max(now, self._next)
            self._next = begins + self._interval
        time.sleep(begins - now)

    def __exit__(self, *_: object) -> None:
        with self._turns:
            self._under_way -= 1
            self._turns.notify()
