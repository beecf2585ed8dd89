"""The books of a binding: every object it knows is in exactly one of five classes.

listed = indexed + unchanged + excluded + failed + pending, and listed is the number of live ledger rows:
each commit moves the counts by exactly the rows it writes, in the same transaction. ``indexed`` are those
extracted since the present (else last) complete listing began, ``unchanged`` those extracted before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from bindery.catalog.records import LedgerEntry, Outcome, Progress

_CLASSES = {
    Outcome.INDEXED: "indexed",
    Outcome.EXCLUDED: "excluded",
    Outcome.FAILED: "failed",
    Outcome.PENDING: "pending",
}


class RowChange(NamedTuple):
    """A ledger row as it was, and its new outcome."""

    before: LedgerEntry | None
    outcome: Outcome | None
    """None when the row is dropped."""


def begin_listing(books: Progress) -> Progress:
    """What is known counts as unchanged until the listing finds it otherwise."""
    return msgspec.structs.replace(books, indexed=0, unchanged=books.unchanged + books.indexed, deleted=0)


def finish_listing(books: Progress, now: int) -> Progress:
    """The listing was complete, and the deletion guard agreed with it."""
    return msgspec.structs.replace(books, last_complete_listing=now)


def after_changes(books: Progress, changes: Iterable[RowChange], bytes_read: int = 0) -> Progress:
    """The books after ledger rows have changed."""
    counts = {name: getattr(books, name) for name in (*_CLASSES.values(), "unchanged", "listed", "deleted")}
    for before, outcome in changes:
        if is_live(before):
            counts["listed"] -= 1
            counts[_class_left(before, counts)] -= 1
        if outcome is Outcome.DELETED:
            counts["deleted"] += 1
        elif outcome is not None:
            counts["listed"] += 1
            counts[_CLASSES[outcome]] += 1
    return msgspec.structs.replace(books, bytes_read=books.bytes_read + bytes_read, **counts)


def with_in_flight(books: Progress, new: int, oldest_change: int | None) -> Progress:
    """The books with ``new`` more objects that are being extracted, and since when a change waits."""
    if not new and oldest_change == books.oldest_pending_change:
        return books
    return msgspec.structs.replace(
        books, listed=books.listed + new, pending=books.pending + new, oldest_pending_change=oldest_change
    )


def is_live(entry: LedgerEntry | None) -> bool:
    """Whether the ledger knows the object as present."""
    return entry is not None and entry.outcome is not Outcome.DELETED


def _class_left(before: LedgerEntry | None, counts: dict[str, int]) -> str:
    assert before is not None
    if before.outcome is Outcome.INDEXED and counts["unchanged"]:
        return "unchanged"
    return _CLASSES[before.outcome]
