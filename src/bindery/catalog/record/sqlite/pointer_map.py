"""Whose the pages of a SQLite file are, by its pointer map: of a few thousand at random, so that it takes as long for
any file.

Each page but the first has an entry of five bytes there: what it is, and which page leads to it
(https://www.sqlite.org/fileformat2.html, section 1.8). Followed upward, it ends at the root of a table or an index.
Only files that give free pages back have one, as the record does.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

_PAGES = 20_000
_LONGEST_WAY = 10_000
"""Pages of one value that overflows, which lead to each other; the map changes meanwhile, and could lead astray."""
_ENTRY_BYTES = 5
_PENDING_BYTE = 0x40000000
"""Locks are taken on the page that holds it, which has no content."""
_ROOT, _FREE = 1, 2
_HEADER_BYTES = 100


class PointerMap:
    """Of a file that nobody in this process has open: closing it would end the locks of SQLite.

    Usable only where ``exists``.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        header = os.pread(self._file, _HEADER_BYTES, 0).ljust(_HEADER_BYTES, b"\0")
        size = int.from_bytes(header[16:18])
        self.page_size = 65_536 if size == 1 else size or 4_096
        self.pages = os.fstat(self._file).st_size // self.page_size
        self.exists = int.from_bytes(header[52:56]) != 0
        self._entries = (self.page_size - header[20]) // _ENTRY_BYTES
        self._pending = _PENDING_BYTE // self.page_size + 1

    def close(self) -> None:
        """The file is not read any more."""
        os.close(self._file)

    def shares(self, seconds: float) -> dict[int, float]:
        """Of all pages the share that is each root's; 0 stands for free ones. Empty when none could be looked at."""
        chosen, deadline = random.Random(self.pages), time.monotonic() + seconds  # noqa: S311 - no secret
        found: Counter[int] = Counter()
        looked = 0
        while looked < _PAGES and time.monotonic() < deadline:
            looked += 1
            owner = self._owner(chosen.randint(1, max(1, self.pages)))
            if owner is not None:
                found[owner] += 1
        return {owner: count / looked for owner, count in found.items()}

    def _owner(self, page: int) -> int | None:
        """The root that leads to a page; None for pages of the map itself."""
        for _ in range(_LONGEST_WAY):
            if page == 1:
                return 1
            entry = self._entry(page)
            if entry is None:
                return None
            kind, parent = entry
            if kind == _ROOT:
                return page
            if kind == _FREE:
                return 0
            page = parent
        return None

    def _entry(self, page: int) -> tuple[int, int] | None:
        """What a page is, and which one leads to it."""
        map_page = (page - 2) // (self._entries + 1) * (self._entries + 1) + 2
        if map_page == self._pending:
            map_page += 1
        if page < 2 or page == self._pending or page <= map_page:
            return None
        at = (map_page - 1) * self.page_size + _ENTRY_BYTES * (page - map_page - 1)
        entry = os.pread(self._file, _ENTRY_BYTES, at)
        return (entry[0], int.from_bytes(entry[1:])) if len(entry) == _ENTRY_BYTES else None
