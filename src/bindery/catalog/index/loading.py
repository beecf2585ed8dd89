"""Batches of an index that is built from nothing: the next one is read and projected while one is inserted."""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

from bindery.catalog.index.batches import BatchWriter, Prepared
from bindery.catalog.index.changes import ChangeSource
from bindery.catalog.index.dataset_files import ROW_GROUP, Attached

_BATCH = 4_000
"""Changes that are read at a time."""
_MUCH = 20_000
_SECONDS = 20.0
"""How long a transaction takes at most: others wait for it, and a crash loses it."""


def is_much(changes: int) -> bool:
    """Whether so many are better loaded than applied by batches, each of which can be asked for at once."""
    return changes >= _MUCH


class PreparedAhead:
    """Python projects in one thread while DuckDB packs in others."""

    def __init__(self, source: ChangeSource, writer: BatchWriter, files: Attached, dataset_id: int) -> None:
        self._source = source
        self._writer = writer
        self._files = files
        self._dataset_id = dataset_id
        self.read = 0
        """The newest change that was read."""

    def batches(self, after: int, until: int) -> Generator[Prepared]:
        """Of the changes behind ``after``, until they fill a row group or take too long. A batch with a change
        behind ``until`` is left out: its entries may be there already."""
        end, rows = time.monotonic() + _SECONDS, 0
        with ThreadPoolExecutor(1, thread_name_prefix="index-load") as pool:
            awaited = pool.submit(self._next, after, until, ROW_GROUP)
            while (batch := awaited.result()) is not None:
                rows += batch.changes
                is_last = rows >= ROW_GROUP or time.monotonic() >= end
                if not is_last:
                    awaited = pool.submit(self._next, batch.sequence, until, ROW_GROUP - rows)
                yield batch
                if is_last:
                    return

    def _next(self, after: int, until: int, room: int) -> Prepared | None:
        changes, _ = self._source.changes_after(self._dataset_id, after, min(_BATCH, room))
        if not changes or changes[-1].sequence > until:
            return None
        self.read = changes[-1].sequence
        return self._writer.prepare(self._files, changes, self.read)
