"""Two sorted streams in lock step: a bucket's listing on the left, the ledger on the right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter

import msgspec

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import LedgerEntry, Outcome
from bindery.sync.scope import Matcher

_SETTLED = frozenset({Outcome.INDEXED, Outcome.FAILED})
_WITHOUT_ENTRY = frozenset({Outcome.DELETED, Outcome.EXCLUDED})
_key_of = attrgetter("key")


class Step(msgspec.Struct, frozen=True):
    """What one page of the listing means. Keys up to ``last_key`` are dealt with."""

    last_key: str
    listed: int
    known: int
    """Ledger rows among these keys that stand for entries."""
    new: list[ObjectInfo]
    changed: list[tuple[ObjectInfo, LedgerEntry]]
    gone: list[str]
    excluded: list[tuple[ObjectInfo, LedgerEntry | None]]
    """Objects outside the scope of which the ledger does not say so yet."""
    forgotten: list[str]
    """Objects outside the scope that are gone; nothing hangs on them."""


def march(
    listing: Iterable[list[ObjectInfo]],
    ledger: Iterable[list[LedgerEntry]],
    within: Matcher | None = None,
) -> Iterator[Step]:
    """One step per page of the listing, and one at the end for ledger rows behind its last key.

    Both streams ascend by key; Python compares text by code point, which is the order of UTF-8 bytes.
    """
    rows = _Rows(ledger)
    last = ""
    for page in listing:
        if page:
            last = page[-1].key
            yield _step(page, last, rows.take_through(last), within)
    for rest in rows.rest():
        last = rest[-1].key
        yield _step([], last, rest, within)


def is_same_version(info: ObjectInfo, entry: LedgerEntry) -> bool:
    """Whether the ledger speaks of this very version."""
    return info.etag == entry.etag and info.size == entry.size


def is_unchanged(info: ObjectInfo, entry: LedgerEntry) -> bool:
    """Whether the ledger already holds the outcome of this very version, which is within the scope."""
    return info.etag == entry.etag and info.size == entry.size and entry.outcome in _SETTLED


def is_excluded(info: ObjectInfo, entry: LedgerEntry | None) -> bool:
    """Whether the ledger already says of this very version that it is outside the scope."""
    return entry is not None and entry.outcome is Outcome.EXCLUDED and is_same_version(info, entry)


def has_entry(entry: LedgerEntry | None) -> bool:
    """Whether the dataset may hold an entry of the object, as far as the ledger knows."""
    return entry is not None and entry.outcome not in _WITHOUT_ENTRY


def _step(page: list[ObjectInfo], last_key: str, rows: list[LedgerEntry], within: Matcher | None) -> Step:
    known = {entry.key: entry for entry in rows}
    step = Step(last_key, len(page), 0, [], [], [], [], [])
    for info in page:
        entry = known.pop(info.key, None)
        if within is not None and not within(info):
            if not is_excluded(info, entry):
                step.excluded.append((info, entry))
        elif entry is None:
            step.new.append(info)
        elif not is_unchanged(info, entry):
            step.changed.append((info, entry))
    for entry in known.values():
        if entry.outcome is Outcome.EXCLUDED:
            step.forgotten.append(entry.key)
        elif entry.outcome is not Outcome.DELETED:
            step.gone.append(entry.key)
    return msgspec.structs.replace(step, known=len(rows) - sum(map(_lacks_entry, rows)))


def _lacks_entry(entry: LedgerEntry) -> bool:
    return entry.outcome in _WITHOUT_ENTRY


class _Rows:
    """The ledger's pages as one stream that is cut at keys."""

    def __init__(self, pages: Iterable[list[LedgerEntry]]) -> None:
        self._pages = iter(pages)
        self._page: list[LedgerEntry] = []
        self._start = 0

    def take_through(self, key: str) -> list[LedgerEntry]:
        """Rows up to and including ``key``."""
        taken: list[LedgerEntry] = []
        while True:
            end = bisect_right(self._page, key, lo=self._start, key=_key_of)
            taken += self._page[self._start : end]
            self._start = end
            if end < len(self._page):
                return taken
            page = next(self._pages, None)
            if page is None:
                return taken
            self._page, self._start = page, 0

    def rest(self) -> Iterator[list[LedgerEntry]]:
        """Everything that is left."""
        if self._start < len(self._page):
            yield self._page[self._start :]
        self._page, self._start = [], 0
        yield from self._pages
