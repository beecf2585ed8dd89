"""What is done and not committed yet: results, the pages of the listing that brought them, the keys that wait for them.

All of it belongs to the thread of one binding.
"""

from __future__ import annotations

import time
from collections import deque

from bindery.buckets.store import ObjectInfo
from bindery.sync.outcomes import Landing
from bindery.sync.sidecars import as_sidecar, is_sidecar
from bindery.sync.underway import ListedPage

_COMMIT_ROWS = 1_000
_COMMIT_BYTES = 4 * 1024 * 1024
_COMMIT_SECONDS = 1.0
"""What is done is committed after so long, whatever else is under way."""
_AWAITED_SECONDS = 0.03
"""The same for what a change has named; long enough that a burst is not committed file by file."""
_MOST_CHANGED = 100_000
"""Of what is more the commit finds that it was settled."""


class Uncommitted:
    """What goes with the next commit."""

    def __init__(self) -> None:
        self.landings: list[Landing] = []
        self.awaited: list[str] = []
        """Keys of those that a change has named; they wait in the inbox until they are committed."""
        self.sidecars: dict[str, ObjectInfo] = {}
        """Those among the results."""
        self._landed_pages: list[ListedPage] = []
        """The page of each of those that a listing has brought."""
        self._bytes = 0
        self._since = 0.0
        self._pages: deque[ListedPage] = deque()
        """Pages whose keys the cursor has not passed, in their order."""
        self._changed: set[str] = set()
        """Keys that changes have settled since the listing in hand began, of which its rows may know nothing."""
        self._flushed = time.monotonic()

    def begin_listing(self) -> None:
        """The rows that a listing reads from now on know of everything that changes have settled."""
        self._changed.clear()

    def open_page(self, last_key: str, *, keep_cursor: bool) -> ListedPage:
        """A page of a listing. With ``keep_cursor`` its last key becomes the cursor once the page and all before it
        are committed; a cursor may only pass what is."""
        page = ListedPage(last_key)
        if keep_cursor:
            self._pages.append(page)
        return page

    def add(self, landing: Landing, page: ListedPage | None, *, is_awaited: bool, size: int = 0) -> None:
        """A result that goes with the next commit; ``size``: bytes it takes in memory."""
        if not self.landings:
            self._since = time.monotonic()
        self.landings.append(landing)
        if is_sidecar(landing.key) and (info := as_sidecar(landing.result.row)) is not None:
            self.sidecars[landing.key] = info
        self._bytes += size
        if page is not None:
            self._landed_pages.append(page)
        elif len(self._changed) < _MOST_CHANGED:
            self._changed.add(landing.key)
        if is_awaited:
            self.awaited.append(landing.key)

    def is_changed(self, key: str) -> bool:
        """Whether a change has settled the key since the listing in hand began."""
        return key in self._changed

    def is_due(self, *, are_more_awaited: bool) -> bool:
        """Whether it is time to commit; ``are_more_awaited``: changes have named objects that are still under way."""
        now = time.monotonic()
        if not self.landings:
            passed = bool(self._pages) and not self._pages[0].left
            return passed and now - self._flushed >= _COMMIT_SECONDS
        if len(self.landings) >= _COMMIT_ROWS or self._bytes >= _COMMIT_BYTES:
            return True
        age = now - self._since
        if self.awaited and (age >= _AWAITED_SECONDS or not are_more_awaited):
            return True
        return age >= _COMMIT_SECONDS

    def pass_pages(self) -> str | None:
        """The cursor as far as it may go when everything here is committed; None when it stays."""
        for page in self._landed_pages:
            page.left -= 1
        self._landed_pages.clear()
        cursor = None
        while self._pages and not self._pages[0].left:
            cursor = self._pages.popleft().last_key
        self._flushed = time.monotonic()
        return cursor

    def clear(self) -> None:
        """Everything is committed, or given up."""
        self.landings, self.awaited, self._bytes = [], [], 0
        self.sidecars = {}

    def forget_pages(self) -> None:
        """The listing is over; the cursor does not move any more."""
        self._pages.clear()
