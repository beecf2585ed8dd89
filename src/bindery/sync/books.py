"""The books of a binding: every listed object is in exactly one of five classes.

listed = indexed + unchanged + excluded + failed + pending, after every operation here.
"""

from __future__ import annotations

import msgspec

from bindery.catalog.records import LedgerEntry, Outcome, Progress

_CLASSES = {
    Outcome.INDEXED: "indexed",
    Outcome.EXCLUDED: "excluded",
    Outcome.FAILED: "failed",
    Outcome.PENDING: "pending",
}


class Books:
    """Counts that are kept while work goes on and frozen for the record with ``progress``."""

    def __init__(self, progress: Progress) -> None:
        self._counts = {name: getattr(progress, name) for name in Progress.__struct_fields__}

    @property
    def progress(self) -> Progress:
        """The counts as they stand."""
        return Progress(**self._counts)

    def begin_listing(self) -> None:
        """A complete listing starts from nothing; figures about time and bytes go on."""
        for name in ("listed", "indexed", "unchanged", "excluded", "failed", "pending", "deleted"):
            self._counts[name] = 0

    def finish_listing(self, now: int) -> None:
        """The listing was complete."""
        self._counts["last_complete_listing"] = now

    def found_unchanged(self, entries: list[LedgerEntry]) -> None:
        """Objects that are as the ledger knows them; failed and excluded ones stay so."""
        indexed = 0
        for entry in entries:
            if entry.outcome is Outcome.INDEXED:
                indexed += 1
            else:
                self._counts[_CLASSES[entry.outcome]] += 1
        self._counts["unchanged"] += indexed
        self._counts["listed"] += len(entries)

    def settled(self, outcome: Outcome, bytes_read: int = 0) -> None:
        """An object of the listing in hand came to an outcome."""
        self._counts["listed"] += 1
        self._counts[_CLASSES[outcome]] += 1
        self._counts["bytes_read"] += bytes_read

    def replaced(self, before: LedgerEntry | None, outcome: Outcome, bytes_read: int = 0) -> None:
        """An object changed between listings: it leaves its former class and enters a new one."""
        if before is not None and before.outcome is not Outcome.DELETED:
            self._leave(before.outcome)
        self.settled(outcome, bytes_read)

    def deleted(self, before: LedgerEntry) -> None:
        """An object went away between listings."""
        self._leave(before.outcome)
        self._counts["deleted"] += 1

    def removed(self, count: int) -> None:
        """Entries were removed because a complete listing no longer had their objects."""
        self._counts["deleted"] += count

    def _leave(self, outcome: Outcome) -> None:
        name = _CLASSES[outcome]
        if outcome is Outcome.INDEXED and self._counts["unchanged"]:
            name = "unchanged"
        if self._counts[name] and self._counts["listed"]:
            self._counts[name] -= 1
            self._counts["listed"] -= 1

    def with_pending(self, count: int, oldest: int | None) -> Progress:
        """The counts with ``count`` more objects that are listed and not yet extracted."""
        progress = self.progress
        return msgspec.structs.replace(
            progress,
            listed=progress.listed + count,
            pending=progress.pending + count,
            oldest_pending_change=oldest,
        )
