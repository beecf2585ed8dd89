"""Batches of an index that is built from nothing: further ones are read and projected while one is inserted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from bindery.catalog.index.batches import BatchWriter, Prepared
from bindery.catalog.index.changes import Change, ChangeSource
from bindery.catalog.index.dataset_files import ROW_GROUP, Attached
from bindery.catalog.index.tokens import Elsewhere
from bindery.stopping import Interrupted

_BATCH = 4_000
"""Changes that are read at a time."""
_AHEAD = 4
"""Batches that are projected at a time, each of some megabytes of documents."""
_AHEAD_BYTES = 14 * 1024 * 1024
"""Of their documents, with which no further batch is read: one document may have 16 MiB, and its rows take more."""
_MUCH = 20_000
_SECONDS = 20.0
"""How long a transaction takes at most: others wait for it, and a crash loses it."""

_Read = tuple[list[Change], list[int | None]]
"""Changes, and the numbers of their texts."""


def is_much(changes: int) -> bool:
    """Whether so many are better loaded than applied by batches, each of which can be asked for at once."""
    return changes >= _MUCH


class PreparedAhead:
    """One thread reads, other processes project as far as there are any, and DuckDB packs meanwhile."""

    def __init__(
        self,
        source: ChangeSource,
        writer: BatchWriter,
        files: Attached,
        dataset_id: int,
        elsewhere: Elsewhere,
    ) -> None:
        self._source = source
        self._writer = writer
        self._files = files
        self._dataset_id = dataset_id
        self._elsewhere = elsewhere
        self.read = 0
        """The newest change that was read."""
        self._here = threading.Lock()
        self._is_over = False
        """Whether nobody wants the batches any more."""

    def batches(self, after: int, until: int) -> Generator[Prepared]:
        """Of the changes behind ``after``, until they fill a row group or take too long. A batch with a change
        behind ``until`` is left out: its entries may be there already."""
        end, rows = time.monotonic() + _SECONDS, 0
        coming: deque[tuple[int, Future[Prepared]]] = deque()
        with ThreadPoolExecutor(1 + _AHEAD, thread_name_prefix="index-load") as pool, self._until_over():
            reading: Future[_Read | None] | None = pool.submit(self._next, after, until, ROW_GROUP)
            while True:
                while reading is not None and len(coming) < _AHEAD and _size_of(coming) < _AHEAD_BYTES:
                    found, reading = reading.result(), None
                    if found is not None:
                        rows += len(found[0])
                        coming.append(
                            (sum(change.size for change in found[0]), pool.submit(self._prepare, *found))
                        )
                        if rows < ROW_GROUP and time.monotonic() < end:
                            reading = pool.submit(self._next, self.read, until, ROW_GROUP - rows)
                if not coming:
                    return
                yield coming.popleft()[1].result()

    @contextlib.contextmanager
    def _until_over(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._is_over = True

    def _prepare(self, changes: list[Change], texts: list[int | None]) -> Prepared:
        return self._writer.prepare_elsewhere(changes, texts, self._elsewhere, self._turn())

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One batch is projected here at a time: several take more room and no less time, and are waited for when
        the server stops."""
        with self._here:
            if self._is_over:
                raise Interrupted
            yield

    def _next(self, after: int, until: int, room: int) -> _Read | None:
        changes, _ = self._source.changes_after(self._dataset_id, after, min(_BATCH, room))
        if not changes or changes[-1].sequence > until:
            return None
        self.read = changes[-1].sequence
        return changes, self._writer.add_texts(self._files, changes)


def _size_of(coming: deque[tuple[int, Future[Prepared]]]) -> int:
    return sum(size for size, _ in coming)
