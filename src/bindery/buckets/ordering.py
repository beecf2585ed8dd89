"""Listings in the order of UTF-8, of stores that list in another one.

The order of UTF-16 code units differs in one thing: characters beyond U+FFFF (emoji, rare ideographs), which it
writes as two units from U+D800 to U+DFFF, come before those from U+E000 to U+FFFF (full-width ``！（：``), and not
after them. Keys that have the same beginning and go on with the former stand in one run, right before the run of
those that go on with the latter: so each such run is held back until the one behind it is over. What is held
spills to a temporary file.
"""

from __future__ import annotations

import heapq
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import IO, Literal, cast

import msgspec

from bindery.buckets.store import ObjectInfo, StoreMisconfigured, StoreUnavailable

Order = Literal["utf8", "utf16", "none"]
ORDERS = ("utf8", "utf16", "none")
_PAGE = 1_000
_HELD = 50_000
"""Objects in memory, about 300 bytes each; more become a sorted run on disk."""
_LEAST_HELD = 1_000
_RUNS = 32
"""Sorted runs that become one."""
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_MOVED = re.compile("[\ue000-\U0010ffff]")
_by_key = attrgetter("key")
_MOST_BARREN = 20
"""Pages in a row that bring nothing new: some stores answer a few while they clean up."""


def order_of(options: Mapping[str, str]) -> Order:
    """The option ``order`` of a store. Raises StoreMisconfigured."""
    order = options.get("order", "utf8")
    if order not in ORDERS:
        raise StoreMisconfigured(f"order is one of {', '.join(ORDERS)}, not {order[:32]!r}")
    return cast("Order", order)


class Advance:
    """Sees that a listing goes on. Markers of folders count as well, which are no objects."""

    def __init__(self, order: Order) -> None:
        self._order, self._last = order, ""
        self._barren = 0

    def check(self, last: str | None) -> None:
        """Note the last key of a page, None of an empty one. Raises StoreUnavailable when many pages in a row bring
        nothing new."""
        if last is not None and self._goes_on(last):
            self._last, self._barren = last, 0
            return
        self._barren += 1
        if self._barren > _MOST_BARREN:
            raise StoreUnavailable(
                f"the store answered {self._barren} pages of a listing in a row with nothing new, after {self._last!r}"
            )

    def _goes_on(self, last: str) -> bool:
        if self._order == "none":
            return last != self._last
        if self._order == "utf16":
            return last.encode("utf-16-be", "surrogatepass") > self._last.encode(
                "utf-16-be", "surrogatepass"
            )
        return last > self._last


def lower_bound(start_after: str, order: Order) -> str:
    """After which key a store of this order has to list so that it leaves out nothing behind ``start_after``."""
    if order == "none":
        return ""
    moved = _MOVED.search(start_after) if order == "utf16" else None
    return start_after if moved is None else start_after[: moved.start()]


def restore_order(pages: Iterable[list[ObjectInfo]], order: Order) -> Iterator[list[ObjectInfo]]:
    """The objects in the order of UTF-8, as far as the store keeps the order it is said to have."""
    if order == "utf8":
        yield from pages
    elif order == "utf16":
        yield from _from_utf16(pages)
    else:
        everything = _Sorter(_HELD)
        try:
            for page in pages:
                everything.add(page)
            yield from everything.pages()
        finally:
            everything.close()


def _from_utf16(pages: Iterable[list[ObjectInfo]]) -> Iterator[list[ObjectInfo]]:
    held: list[_Run] = []
    try:
        for page in pages:
            passed: list[ObjectInfo] = []
            for info in page:
                while held and not held[-1].goes_on(info.key):
                    if passed:
                        yield passed
                        passed = []
                    yield from _taken(held.pop())
                if held and held[-1].holds(info.key):
                    held[-1].sorter.add([info])
                elif begins := _BEYOND.search(info.key):
                    held.append(_Run(info.key[: begins.start()], len(held)))
                    held[-1].sorter.add([info])
                else:
                    passed.append(info)
            if passed:
                yield passed
        while held:
            yield from _taken(held.pop())
    finally:
        for run in held:
            run.sorter.close()


class _Run:
    """Objects whose keys go on with a character beyond U+FFFF behind the same beginning."""

    def __init__(self, beginning: str, depth: int) -> None:
        self.beginning = beginning
        self.sorter = _Sorter(max(_LEAST_HELD, _HELD >> min(depth, 16)))

    def goes_on(self, key: str) -> bool:
        """Whether the run, or the one that has to come before it, may still go on at this key."""
        return key.startswith(self.beginning) and key[len(self.beginning) :] >= "\ue000"

    def holds(self, key: str) -> bool:
        """Whether the key, at which the run goes on, belongs into it."""
        return key[len(self.beginning)] > "\uffff"


def _taken(run: _Run) -> Iterator[list[ObjectInfo]]:
    try:
        yield from run.sorter.pages()
    finally:
        run.sorter.close()


class _Sorter:
    """Sorts objects by key, in memory and beyond ``limit`` in runs on disk."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._infos: list[ObjectInfo] = []
        self._levels: list[list[IO[bytes]]] = []
        """Runs on disk; those of a level are merged of a number of runs of the level before."""

    def add(self, infos: list[ObjectInfo]) -> None:
        """Take objects in any order."""
        self._infos += infos
        if len(self._infos) >= self._limit:
            self._keep(_spilled(sorted(self._infos, key=_by_key)), 0)
            self._infos = []

    def pages(self) -> Iterator[list[ObjectInfo]]:
        """Everything, ascending by key."""
        self._infos.sort(key=_by_key)
        runs = [_read(run) for level in self._levels for run in level]
        yield from _paged(heapq.merge(*runs, self._infos, key=_by_key))

    def close(self) -> None:
        """Free the space."""
        for level in self._levels:
            for run in level:
                run.close()
        self._levels = []

    def _keep(self, run: IO[bytes], number: int) -> None:
        """Merge a level before it holds too many files open."""
        if number == len(self._levels):
            self._levels.append([])
        level = self._levels[number]
        level.append(run)
        if len(level) == _RUNS:
            merged = _spilled(heapq.merge(*map(_read, level), key=_by_key))
            for each in level:
                each.close()
            level.clear()
            self._keep(merged, number + 1)


def _paged(infos: Iterable[ObjectInfo]) -> Iterator[list[ObjectInfo]]:
    rest = iter(infos)
    while page := list(islice(rest, _PAGE)):
        yield page


def _spilled(infos: Iterable[ObjectInfo]) -> IO[bytes]:
    """A temporary file of pages, each behind its length."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as its run)
    for page in _paged(infos):
        content = msgspec.msgpack.encode(page)
        file.write(len(content).to_bytes(8, "big"))
        file.write(content)
    return file


def _read(file: IO[bytes]) -> Iterator[ObjectInfo]:
    file.seek(0)
    while head := file.read(8):
        yield from msgspec.msgpack.decode(file.read(int.from_bytes(head, "big")), type=list[ObjectInfo])
