"""Two sorted streams in lock step: a bucket's listing on the left, the ledger on the right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

import msgspec

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import LedgerEntry, Outcome
from bindery.sync.nomedia import is_marker
from bindery.sync.scope import Matcher
from bindery.sync.troubles import code_of

_SETTLED = frozenset({Outcome.INDEXED, Outcome.FAILED})
_WITHOUT_ENTRY = frozenset({Outcome.DELETED, Outcome.EXCLUDED})
_key_of = attrgetter("key")


class Candidate(NamedTuple):
    """An object, and its row of the ledger as it was when the object was looked at."""

    info: ObjectInfo
    row: LedgerEntry | None


class Step(msgspec.Struct, kw_only=True):
    """What one page of the listing means. Keys up to ``last_key`` are dealt with."""

    last_key: str
    listed: int = 0
    known: int = 0
    """Ledger rows among these keys that stand for entries."""
    new: list[ObjectInfo] = []
    changed: list[Candidate] = []
    troubled: list[Candidate] = []
    """Failed for a reason that lies outside of them, and not changed since."""
    gone: list[str] = []
    excluded: list[Candidate] = []
    """Objects outside the scope of which the ledger does not say so yet."""
    forgotten: list[str] = []
    """Objects outside the scope that are gone; nothing hangs on them."""
    unclear: list[tuple[Candidate, Exception]] = []
    """Objects of which it could not be told whether they are within the scope."""


def march(
    listing: Iterable[list[ObjectInfo]],
    ledger: Iterable[list[LedgerEntry]],
    within: Matcher | None = None,
    since: int | None = None,
) -> Iterator[Step]:
    """One step per page of the listing with objects, and one at the end for ledger rows behind its last key.

    ``since``: the listing is as old as that; of what the ledger has learned later it proves nothing.

    Both streams ascend by key; Python compares text by code point, which is the order of UTF-8 bytes.
    """
    rows = _Rows(ledger)
    last = ""
    for page in listing:
        if page:
            last = page[-1].key
            yield _step(page, last, rows.take_through(last), within, since)
    for rest in rows.rest():
        last = rest[-1].key
        yield _step([], last, rest, within, since)


def is_same_version(info: ObjectInfo, entry: LedgerEntry) -> bool:
    """Whether the ledger speaks of this very version."""
    return info.etag == entry.etag and info.size == entry.size


def is_unchanged(info: ObjectInfo, entry: LedgerEntry) -> bool:
    """Whether the ledger already holds the outcome of this very version, which is within the scope."""
    return info.etag == entry.etag and info.size == entry.size and entry.outcome in _SETTLED


def is_replaced(info: ObjectInfo, entry: LedgerEntry) -> bool:
    """Whether another file of the same file system has the key now, whatever its time and size. Of changes alone: a
    file system may number its files anew when it is mounted, and then a listing would find every one replaced."""
    system, _, number = info.file_id.partition(":")
    known_system, _, known_number = entry.file_id.partition(":")
    return bool(number) and system == known_system and number != known_number


def is_excluded(info: ObjectInfo, entry: LedgerEntry | None) -> bool:
    """Whether the ledger already says of this very version that it is outside the scope."""
    return entry is not None and entry.outcome is Outcome.EXCLUDED and is_same_version(info, entry)


def has_entry(entry: LedgerEntry | None) -> bool:
    """Whether the dataset may hold an entry of the object, as far as the ledger knows."""
    return entry is not None and entry.outcome not in _WITHOUT_ENTRY


def _step(
    page: list[ObjectInfo],
    last_key: str,
    rows: list[LedgerEntry],
    within: Matcher | None,
    since: int | None,
) -> Step:
    known = {entry.key: entry for entry in rows}
    step = Step(last_key=last_key, listed=len(page))
    if since is not None:
        page = _known_better(page, known, since)
    if within is not None:
        page = _within(page, known, within, step)
    for info in page:
        entry = known.pop(info.key, None)
        if entry is None:
            step.new.append(info)
        elif not is_unchanged(info, entry):
            step.changed.append(Candidate(info, entry))
        elif entry.outcome is Outcome.FAILED and code_of(entry):
            step.troubled.append(Candidate(info, entry))
    for entry in known.values():
        if entry.outcome is Outcome.EXCLUDED:
            step.forgotten.append(entry.key)
        elif entry.outcome is not Outcome.DELETED:
            step.gone.append(entry.key)
    step.known = len(rows) - sum(map(_lacks_entry, rows))
    return step


def _known_better(page: list[ObjectInfo], known: dict[str, LedgerEntry], since: int) -> list[ObjectInfo]:
    """The page without the objects of which the ledger knows something newer; ``known`` is left without their rows."""
    newer = {
        key
        for key, row in known.items()
        if row.outcome_time >= since and row.etag and row.outcome is not Outcome.PENDING
    }
    for info in page:
        row = known.get(info.key)
        if row is not None and row.modified_ns > info.modified_ns:
            newer.add(info.key)
    for key in newer:
        del known[key]
    return [info for info in page if info.key not in newer] if newer else page


def _within(
    page: list[ObjectInfo], known: dict[str, LedgerEntry], within: Matcher, step: Step
) -> list[ObjectInfo]:
    """The objects of the page that are within the scope; the others go where they belong."""
    inside = _inside(page, known, within, step)
    if any(is_marker(candidate.info.key) for candidate in step.excluded):
        return _inside(inside, known, within, step)  # it also marks what stands before it
    return inside


def _inside(
    page: list[ObjectInfo], known: dict[str, LedgerEntry], within: Matcher, step: Step
) -> list[ObjectInfo]:
    inside: list[ObjectInfo] = []
    for info in page:
        try:
            is_within = within(info)
        except Exception as error:
            step.unclear.append((Candidate(info, known.pop(info.key, None)), error))
            continue
        if is_within:
            inside.append(info)
            continue
        entry = known.pop(info.key, None)
        if not is_excluded(info, entry):
            step.excluded.append(Candidate(info, entry))
    return inside


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
