"""The keys of a binding that events have named: into its inbox by pages, out of the record when dealt with."""

from __future__ import annotations

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import PendingChange
from bindery.sync.inbox import Inbox

_PAGE = 1_000
_MOST_HELD = 10_000
"""Rows in memory at a time; the rest waits in the record."""


class Backlog:
    """For the thread of one binding."""

    def __init__(self, catalog: Catalog, binding_id: int, inbox: Inbox) -> None:
        self._catalog = catalog
        self._binding_id = binding_id
        self._inbox = inbox
        self._held: dict[str, PendingChange] = {}
        self._last = 0

    def load(self) -> None:
        """Put the next page into the inbox, once nothing there is due and while memory allows."""
        if self._catalog.changes.oldest(self._binding_id) is None or self._inbox.wait_time(1.0) == 0:
            return
        room = _MOST_HELD - len(self._held)
        if room > 0:
            limit = min(_PAGE, room)
            self._hold(self._catalog.changes.pending(self._binding_id, after=self._last, limit=limit))

    def settle(self) -> None:
        """Remove the rows whose keys no longer wait; a key that was named again meanwhile waits anew."""
        if not self._held:
            return
        waiting = self._inbox.waiting(self._held)
        done = [change for key, change in self._held.items() if key not in waiting]
        if done:
            for change in done:
                del self._held[change.key]
            self._hold(self._catalog.changes.settle(self._binding_id, done))

    def rewind(self) -> None:
        """The inbox was emptied; load everything again."""
        self._held.clear()
        self._last = 0

    def _hold(self, changes: list[PendingChange]) -> None:
        self._held.update((change.key, change) for change in changes)
        self._inbox.add(change.key for change in changes)
        if changes:
            self._last = max(self._last, changes[-1].sequence)
