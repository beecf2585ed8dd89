"""One listing by several requests at a time: of ranges of keys, which are found while it goes on, merged in order.

The keys from the last one listed to the end are one range. Whoever has nothing to do divides the range that has most
left, at a key that ``KeySpace`` guesses, and lists what lies behind. A bad guess leaves a range that is empty, which
costs a request: the ranges always share out all keys, each one once. Only what comes within the next pages is fetched,
so that little is held however far apart the guesses lie, and the request that the caller waits for always may be made.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Generic, TypeVar

from bindery.buckets.key_space import KeySpace
from bindery.buckets.store import Keyed, StoreUnavailable

_AHEAD = 6
"""Pages that are fetched or held ahead of the caller, for each request that may be under way."""
_AHEAD_IN_RANGE = 4
"""Of these, pages of one range that is not the first."""
_GROWTH = 4
_LEAST_LEFT = 5.0
"""Pages of a range that is worth dividing."""
_NEAR_LEFT = 8.0
"""Of ranges with so many pages or more the nearest is divided, whatever the others have."""
_UNKNOWN = 64.0
"""Pages that a range is taken to have of which nothing is known."""
_FREE_WASTE, _PAGES_FOR_WASTE = 16, 4
"""Requests that may bring nothing: so many, and one more for so many pages."""
_TRIES = 3

_Item = TypeVar("_Item", bound=Keyed)
Open = Callable[[str], Iterator[list[_Item]]]
"""Pages of what is listed after a key, in the order of UTF-8."""


def list_in_ranges(
    open_after: Open[_Item],
    *,
    prefix: str,
    start_after: str,
    at_once: int,
    lists_after: Callable[[list[_Item]], bool],
    is_placed: Callable[[_Item], bool],
) -> Iterator[list[_Item]]:
    """The pages of ``open_after(start_after)``, by up to ``at_once`` requests at a time once the caller waits for them.

    ``lists_after``: whether the store lists after a key that is no object's place to go on at, asked with a page of it.
    ``is_placed``: whether the key of an item is the one that the store has ordered it by. Raises what ``open_after``
    does, behind the pages that come before.
    """
    source = open_after(start_after)
    first = next(source, None)
    if first is None:
        return
    yield first
    second = next(source, None)
    if second is None:
        return
    yield second
    if at_once < 2 or not _ascends(second, is_placed) or not lists_after(first):
        yield from source
        return
    space = KeySpace(prefix)
    space.learn([item.key for item in first])
    space.learn([item.key for item in second])
    begun = _Range[_Item](first[0].key, None, _UNKNOWN)
    begun.source, begun.at = source, second[-1].key
    begun.fetched = len(first) + len(second)
    yield from _Listing(open_after, space, begun, at_once, is_placed).pages()


def _ascends(page: list[Any], is_placed: Callable[[Any], bool]) -> bool:
    return all(before.key <= after.key for before, after in pairwise(filter(is_placed, page)))


class _Range(Generic[_Item]):
    """The keys behind ``begin``, through ``until`` (None: to the end). Those through ``at`` have been fetched."""

    def __init__(self, begin: str, until: str | None, left: float) -> None:
        self.begin = self.at = begin
        self.until = until
        self.left = left
        """Pages still to come, as far as can be guessed."""
        self.pages: deque[list[_Item]] = deque()
        """Fetched, and not yet taken."""
        self.fetched = 0
        self.source: Iterator[list[_Item]] | None = None
        self.busy = self.done = False
        self.undivided_at: str | None = None
        """Where it was when it could not be divided."""
        self.failures = 0
        self.failure: Exception | None = None

    @property
    def waits(self) -> bool:
        """Whether its next page is to be fetched by somebody."""
        return not (self.busy or self.done or self.failure)


class _Listing(Generic[_Item]):
    """The ranges, the threads that fetch them, and the caller who takes them in order. ``_lock`` guards all but the
    requests themselves."""

    def __init__(
        self,
        open_after: Open[_Item],
        space: KeySpace,
        begun: _Range[_Item],
        at_once: int,
        is_placed: Callable[[_Item], bool],
    ) -> None:
        self._open_after = open_after
        self._space = space
        self._ranges = [begun]
        """Ascending; together they are all that is left of the listing."""
        self._most = at_once
        self._is_placed = is_placed
        self._allowed = 1
        self._busy = self._held = self._fetched = self._wasted = 0
        self._slowed = self._closed = False
        self._lock = threading.Lock()
        self._came = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._threads: list[threading.Thread] = []

    def pages(self) -> Iterator[list[_Item]]:
        """All pages in order. Closed early, no further request is begun."""
        try:
            while (page := self._take()) is not None:
                yield page
        finally:
            with self._lock:
                self._closed = True
                self._room.notify_all()

    def _take(self) -> list[_Item] | None:
        """The next page, once it is there; None at the end."""
        with self._lock:
            self._begin_threads()
            while self._ranges:
                front = self._ranges[0]
                if front.pages:
                    self._held -= 1
                    self._room.notify()
                    return front.pages.popleft()
                if front.failure is not None:
                    raise front.failure
                if front.done:
                    del self._ranges[0]
                    self._room.notify()
                    continue
                if self._fetched and not self._slowed and self._allowed < self._most:
                    self._allowed = min(self._most, self._allowed * _GROWTH)
                    self._begin_threads()
                    self._room.notify_all()
                self._came.wait()
            return None

    def _begin_threads(self) -> None:
        while len(self._threads) < self._allowed:
            thread = threading.Thread(target=self._work, name="listing", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (chosen := self._next()) is not None:
            try:
                if chosen.source is None:
                    chosen.source = self._open_after(chosen.at)
                page = next(chosen.source, None)
                with self._lock:
                    self._arrived(chosen, page)
            except Exception as error:
                with self._lock:
                    self._failed(chosen, error)
            with self._lock:
                chosen.busy = False
                self._busy -= 1
                if chosen.done:
                    chosen.source = None
                self._came.notify()
                self._room.notify()

    def _next(self) -> _Range[_Item] | None:
        """A range to fetch a page of; None when nothing more is to be fetched."""
        with self._lock:
            while not self._closed:
                if self._busy < self._allowed and (chosen := self._choose()) is not None:
                    chosen.busy = True
                    self._busy += 1
                    self._room.notify()  # there may be work for another one
                    return chosen
                self._room.wait()
            return None

    def _choose(self) -> _Range[_Item] | None:
        """The first range that waits; else the second half of one that somebody fetches, the nearest of the large."""
        is_full = self._held + self._busy >= _AHEAD * self._allowed
        most, found = _LEAST_LEFT, None
        for number, each in enumerate(self._ranges):
            if each.waits and self._is_wanted(each, is_full=is_full):
                return each
            if is_full:
                break
            left = min(each.left, _NEAR_LEFT)
            if each.busy and each.fetched and left > most and each.undivided_at != each.at:
                most, found = left, number
        return None if found is None else self._divide(found)

    def _is_wanted(self, waiting: _Range[_Item], *, is_full: bool) -> bool:
        """Whether its next page may be fetched: in any case that for which the caller waits."""
        if waiting is self._ranges[0]:
            return not (waiting.pages and is_full)
        return not is_full and len(waiting.pages) < _AHEAD_IN_RANGE

    def _divide(self, number: int) -> _Range[_Item] | None:
        """The second half of a range, as far as can be guessed, as a new one. By halves, for what is near is needed
        first, and of a bucket however large a few pages lie far away then."""
        if self._wasted > _FREE_WASTE + self._fetched // _PAGES_FOR_WASTE:
            return None
        divided = self._ranges[number]
        key = self._space.between(divided.begin, divided.at, divided.until)
        if key is None:
            divided.undivided_at = divided.at
            return None
        rest = _Range[_Item](key, divided.until, divided.left / 2)
        divided.until, divided.left = key, divided.left / 2
        self._ranges.insert(number + 1, rest)
        return rest

    def _arrived(self, fetched: _Range[_Item], page: list[_Item] | None) -> None:
        if page is None:
            fetched.done = True
            self._wasted += not fetched.fetched
        else:
            self._keep(fetched, page)
        if fetched.done and not fetched.pages and fetched is not self._ranges[0]:
            self._ranges.remove(fetched)
        fetched.failures = 0

    def _keep(self, fetched: _Range[_Item], page: list[_Item]) -> None:
        """What of a page lies within the range. One out of order is kept as it is: whoever takes it, sees it."""
        kept = page
        if _ascends(page, self._is_placed):
            kept = self._within(page, fetched.until)
            self._space.learn([item.key for item in page])
        else:
            fetched.done = True
        if kept:
            fetched.begin = fetched.begin if fetched.fetched else kept[0].key
            fetched.pages.append(kept)
            fetched.at = next((item.key for item in reversed(kept) if self._is_placed(item)), fetched.at)
            fetched.fetched += len(kept)
            self._held += 1
            self._fetched += 1
        else:
            self._wasted += not fetched.fetched
        if len(kept) < len(page):
            fetched.done = True
        self._guess(fetched, fetched.fetched / len(page))

    def _guess(self, fetched: _Range[_Item], pages: float) -> None:
        """What is left of a range, from the share of it that so many pages were."""
        share = self._space.progress(fetched.begin, fetched.at, fetched.until)
        left = pages * (1 - share) / share if share > 0 else fetched.left
        least = _UNKNOWN / 2 if fetched.until is None else pages if share <= 0 else 0.0
        fetched.left = max(left, least)

    def _within(self, page: list[_Item], until: str | None) -> list[_Item]:
        """The items before the first one behind ``until``."""
        if until is None or (page[-1].key <= until and self._is_placed(page[-1])):
            return page
        for number, item in enumerate(page):
            if item.key > until and self._is_placed(item):
                return page[:number]
        return page

    def _failed(self, fetched: _Range[_Item], error: Exception) -> None:
        """A store that refuses so many requests gets fewer, and the range is tried again by itself."""
        fetched.source = None
        fetched.failures += 1
        throttled = isinstance(error, StoreUnavailable) and error.throttled
        if throttled and (self._allowed > 1 or self._busy > 1) and fetched.failures < _TRIES:
            self._allowed = max(1, self._allowed // 2)
            self._slowed = True
        else:
            fetched.failure = error
