"""Removals that single changes tell, held for a moment: what goes one by one goes, what goes together is judged
together.

A few at a time follow at once. More of them wait until no further ones come, so that a folder that is being emptied,
or a bucket whose every look-up says 404, is recognised as a whole. What has vanished then is left to the next
listing and its guard. How much of a part is gone is told by what it held when it began to lose much and by what is
still there: a folder whose files are replaced all the time does not vanish.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from bindery.catalog.interface.ledger import Ledger
from bindery.sync.settings import SyncSettings
from bindery.sync.subtrees import EMPTIED_SHARE

_AT_ONCE = 10
"""So many removals within the window follow at once."""
_WINDOW_SECONDS = 10.0
"""After so long without a removal, counting begins anew."""
_PATIENCE_SECONDS = 5.0
_LONG_PATIENCE_SECONDS = 30.0
"""Removals that do not end are judged so often once they are more than ``guard_count``."""
_LONGEST_SECONDS = 600.0
"""What seems to vanish waits so long for the end of it."""
_MOST_WAITING = 100_000
_MOST_COUNTED = 1_000_000
"""Of a larger folder it is only known that it is as large."""
_WHOLE = ""


class Verdict(msgspec.Struct, frozen=True):
    """What removals that waited come to; those in neither list go on waiting."""

    removed: list[str]
    left: list[str]
    """What vanished together: a listing judges it."""


class Removals:
    """For the thread of one binding."""

    def __init__(self, ledger: Ledger, binding_id: int, settings: SyncSettings) -> None:
        self._ledger = ledger
        self._binding_id = binding_id
        self._settings = settings
        self._waiting: dict[str, None] = {}
        self._lately: deque[tuple[float, int]] = deque()
        self._gone: Counter[str] = Counter()
        """Removals since counting began, by each folder above them."""
        self._waiting_below: Counter[str] = Counter()
        self._held_at_first: dict[str, int] = {}
        """Entries below a folder when it had lost some, with those."""
        self._last = self._judged = self._began = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: str) -> bool:
        return key in self._waiting

    def __iter__(self) -> Iterator[str]:
        """Keys that wait, ascending."""
        return iter(sorted(self._waiting))

    def admit(self, keys: Sequence[str]) -> bool:
        """Whether the objects, which are gone, are to be removed at once; otherwise they wait."""
        fresh = [key for key in keys if key not in self._waiting]
        if not fresh:
            return not keys
        now = time.monotonic()
        if now - self._last > _WINDOW_SECONDS and not self._waiting:
            self._gone.clear()
            self._waiting_below.clear()
            self._held_at_first.clear()
        self._last = now
        while self._lately and self._lately[0][0] < now - _WINDOW_SECONDS:
            self._lately.popleft()
        self._lately.append((now, len(fresh)))
        at_once = not self._waiting and sum(count for _, count in self._lately) <= _AT_ONCE
        if not at_once:
            if not self._waiting:
                self._judged = self._began = now
            self._waiting.update(dict.fromkeys(fresh))
            _count(self._waiting_below, fresh, 1)
        self._note(fresh)
        return at_once

    def forget(self, keys: Iterable[str]) -> None:
        """These are there, or have other names now: they neither wait nor count."""
        _count(self._gone, self.settle(keys), -1)

    def settle(self, keys: Iterable[str]) -> list[str]:
        """These have been dealt with; those of them that waited."""
        waited = [key for key in keys if key in self._waiting]
        for key in waited:
            del self._waiting[key]
        _count(self._waiting_below, waited, -1)
        return waited

    def seconds_left(self, longest: float) -> float:
        """Until the removals that wait are to be judged; at most ``longest``."""
        if not self._waiting:
            return longest
        now = time.monotonic()
        return max(0.0, min(longest, self._quiet_at() - now, self._judged + self._patience() - now))

    def judge(self) -> Verdict:
        """What the removals that wait come to, as far as it can be told now."""
        now = time.monotonic()
        ended = now >= self._quiet_at() or now - self._began > _LONGEST_SECONDS
        ended = ended or len(self._waiting) > _MOST_WAITING
        self._judged = now
        keys = list(self)
        many = [
            prefix
            for prefix, count in self._gone.items()
            if count > self._settings.guard_count and self._waiting_below[prefix]
        ]
        vanishing = tuple(prefix for prefix in many if self._vanishes(prefix, ended=ended))
        together = [key for key in keys if key.startswith(vanishing)]
        removed = [key for key in keys if not key.startswith(vanishing)]
        return Verdict(removed, together if ended else [])

    def _vanishes(self, prefix: str, *, ended: bool) -> bool:
        """Whether too much below a prefix is gone; while removals go on, half as much is enough to wait."""
        gone, waiting, held = self._gone[prefix], self._waiting_below[prefix], self._held_at_first[prefix]
        share = self._settings.guard_share if ended else self._settings.guard_share / 2
        if ended and prefix != _WHOLE:
            share = EMPTIED_SHARE
        if gone < share * held:
            return False
        lost = held + waiting - self._entries(prefix, held + waiting)
        return lost >= share * held if prefix else lost > share * held

    def _note(self, keys: Sequence[str]) -> None:
        """Count removals; a folder that loses more than some is counted itself."""
        for prefix in _count(self._gone, keys, 1):
            gone = self._gone[prefix]
            if gone > min(_AT_ONCE, self._settings.guard_count) and prefix not in self._held_at_first:
                removed = gone - self._waiting_below[prefix]
                self._held_at_first[prefix] = self._entries(prefix, _MOST_COUNTED) + removed

    def _entries(self, prefix: str, most: int) -> int:
        return self._ledger.count_below(self._binding_id, prefix, limit=most)

    def _quiet_at(self) -> float:
        return self._last + self._settings.removal_quiet

    def _patience(self) -> float:
        many = self._gone[_WHOLE] > self._settings.guard_count
        return _LONG_PATIENCE_SECONDS if many else _PATIENCE_SECONDS


def _count(counts: Counter[str], keys: Iterable[str], difference: int) -> set[str]:
    """Count keys for each folder above them, and for the bucket; those that were touched."""
    touched: set[str] = set()
    for key in keys:
        end = 0
        while end >= 0:
            counts[key[:end]] += difference
            touched.add(key[:end])
            end = key.find("/", end) + 1 or -1
    return touched
