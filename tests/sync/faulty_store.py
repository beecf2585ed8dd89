"""A store over any other whose requests go wrong on order: at a rate, drawn from a seed, or by a script.

Workers of the sync tests reach their buckets through it too (``sync_room.InlinePool``), so that reads can be
cut short and counted.
"""

from __future__ import annotations

import enum
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from bindery.buckets.identity import StoreIdentity
from bindery.buckets.store import ObjectDetails, ObjectInfo, Store, StoreError, StoreUnavailable


class Kind(enum.Enum):
    """What goes wrong."""

    THROTTLED = "any request is answered 429, with a time to wait"
    BROKEN = "any request is answered 503"
    TIMED_OUT = "any request is not answered"
    LOOKUP = "a request for one object is answered 500"
    TRUNCATED = "a read sends less than was asked for, without an error"
    CUT = "a listing breaks off with an error"
    ENDS_EARLY = "a listing ends before its end, without an error"
    KEY_AGAIN = "a listing names a key twice in a row"
    PAGE_AGAIN = "a listing sends a page twice"
    BACKWARDS = "a listing sends a page in the wrong order"


_ANYWHERE = {
    Kind.THROTTLED: lambda: StoreUnavailable("the store answers 429 SlowDown", 0.01),
    Kind.BROKEN: lambda: StoreUnavailable("the store answers 503"),
    Kind.TIMED_OUT: lambda: StoreUnavailable("the store does not answer: timed out"),
}
LISTING = (Kind.CUT, Kind.ENDS_EARLY, Kind.KEY_AGAIN, Kind.PAGE_AGAIN, Kind.BACKWARDS)
"""Struck at most one per listing."""


class Faults:
    """When what goes wrong. Outlives the stores it is given to; safe for threads."""

    def __init__(self, seed: int = 0) -> None:
        self.rates: dict[Kind, float] = {}
        self.script: Counter[Kind] = Counter()
        """So many of the next requests go wrong."""
        self.struck: Counter[Kind] = Counter()
        self.skew = 0.0
        """Seconds by which the store's clock is ahead of ours."""
        self.page = 1_000
        """Objects of one page of a listing."""
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def strikes(self, kind: Kind) -> bool:
        """Whether this request goes wrong in this way."""
        with self._lock:
            if self.script[kind] > 0:
                self.script[kind] -= 1
            elif self._chance.random() >= self.rates.get(kind, 0.0):
                return False
            self.struck[kind] += 1
            return True

    def choose(self, count: int) -> int:
        """A number below ``count``, which is at least 1."""
        with self._lock:
            return self._chance.randrange(count)

    def end(self) -> None:
        """Everything is well from now on; clocks stay as they are."""
        with self._lock:
            self.rates.clear()
            self.script.clear()


class FaultyStore:
    """The store, with its faults. While ``fault`` is set, every request raises it besides."""

    def __init__(self, store: Store, faults: Faults | None = None) -> None:
        self._store = store
        self.address, self.capabilities = store.address, store.capabilities
        self.faults = faults or Faults()
        self.fault: StoreError | None = None
        self.fault_after_pages: int | None = None
        self.hidden: Callable[[str], bool] = lambda _: False
        """Keys that a listing leaves out; a listing that has begun goes on as it began."""
        self.poisoned: dict[str, StoreError] = {}
        """Keys that cannot be looked up or read, though they are listed."""
        self.listings = 0
        """Begun, of the bucket and of parts of it."""
        self.complete_listings = 0
        """Listings of all that a binding has of the bucket, which has told what came of them."""
        self.reads = 0
        self.lookups: list[str] = []
        self.before_page: Callable[[], None] = lambda: None

    def check(self) -> None:
        self._meet()
        self._store.check()

    def identity(self) -> StoreIdentity:
        return self._store.identity()

    def mounts(self) -> dict[str, str]:
        return self._store.mounts()

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        if self.fault_after_pages is None:
            self._meet()
        self.listings += 1
        hidden = self.hidden
        for number, page in enumerate(self._pages(prefix, start_after)):
            self.before_page()
            if self.fault is not None and number >= (self.fault_after_pages or 0):
                raise self.fault
            if number:
                self._meet_any()
            shown = [self._skewed(info) for info in page if not hidden(info.key)]
            if shown:
                yield shown

    def details(self, key: str) -> ObjectDetails:
        self._meet()
        self.lookups.append(key)
        if key in self.poisoned:
            raise self.poisoned[key]
        if self.faults.strikes(Kind.LOOKUP):
            raise StoreUnavailable(f"the store answers 500 for {key}")
        found = self._store.details(key)
        return msgspec.structs.replace(found, info=self._skewed(found.info))

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        self._meet()
        self.reads += 1
        if key in self.poisoned:
            raise self.poisoned[key]
        data = self._store.read(key, offset, length, etag=etag)
        if data and self.faults.strikes(Kind.TRUNCATED):
            return data[: self.faults.choose(len(data))]
        return data

    def watch(self) -> Any:
        self._meet()
        return self._store.watch()

    def close(self) -> None:
        self._store.close()

    def _meet(self) -> None:
        if self.fault is not None and self.fault_after_pages is None:
            raise self.fault
        self._meet_any()

    def _meet_any(self) -> None:
        for kind, error in _ANYWHERE.items():
            if self.faults.strikes(kind):
                raise error()

    def _pages(self, prefix: str, start_after: str) -> Iterator[list[ObjectInfo]]:
        """Pages of the size in force, with at most one fault among them; where it strikes is drawn."""
        pages = self._cut_up(self._store.list(prefix=prefix, start_after=start_after))
        kind = next((kind for kind in LISTING if self.faults.strikes(kind)), None)
        if kind is None:
            yield from pages
            return
        held = list(pages)
        yield from spoil(held, self.faults.choose(len(held)), kind) if held else ()
        if kind is Kind.CUT:
            raise StoreUnavailable("the store cut the listing off")

    def _cut_up(self, pages: Iterator[list[ObjectInfo]]) -> Iterator[list[ObjectInfo]]:
        size = self.faults.page
        for page in pages:
            for start in range(0, len(page), size):
                yield page[start : start + size]

    def _skewed(self, info: ObjectInfo) -> ObjectInfo:
        if not self.faults.skew:
            return info
        return msgspec.structs.replace(info, modified_ns=info.modified_ns + int(self.faults.skew * 1e9))


def spoil(pages: list[list[ObjectInfo]], place: int, kind: Kind) -> list[list[ObjectInfo]]:
    """What a listing shows when it goes wrong at the page ``place``."""
    before, page, behind = pages[:place], pages[place], pages[place + 1 :]
    if kind in (Kind.CUT, Kind.ENDS_EARLY):
        return [*before, page[: len(page) // 2]]
    if kind is Kind.KEY_AGAIN:
        return [*before, [*page, page[-1]], *behind]
    if kind is Kind.PAGE_AGAIN:
        return [*before, page, page, *behind]
    return [*pages[: place + 1], *([page[::-1]] if len(page) > 1 else [[*page, *page]]), *behind]
