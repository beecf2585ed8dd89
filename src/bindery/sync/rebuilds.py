"""Building the index of a dataset anew, as a task: queries are answered by the present one meanwhile."""

from __future__ import annotations

import threading

import msgspec

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Dataset, Task
from bindery.sync.background import Background, Running, new_task

TASK_TYPE = "IndexRebuild"
_TURN_SECONDS = 0.2


class Rebuilt(msgspec.Struct, frozen=True, rename="pascal"):
    """What was built."""

    entries: int
    """Entries of the dataset, with removed ones that are not forgotten."""


class Rebuilds:
    """One index at a time, so that scans and queries have the rest of the machine. Safe for threads."""

    def __init__(self, catalog: Catalog, background: Background) -> None:
        self._catalog = catalog
        self._background = background
        self._running: dict[int, Task] = {}
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def start(self, dataset: Dataset) -> Task:
        """The task of a new rebuild, or of the one that is under way. Raises Interrupted."""

        def end(task: Task) -> None:
            with self._lock:  # a call that finds it over begins a new one
                del self._running[dataset.id]
                self._catalog.tasks.put(task)

        with self._lock:
            if dataset.id in self._running:
                return self._running[dataset.id]
            task = new_task(TASK_TYPE, dataset.project_name, dataset.name)
            self._running[dataset.id] = task
            try:
                self._background.start(task, lambda running: self._rebuild(running, dataset.id), end)
            except BaseException:
                del self._running[dataset.id]
                raise
        return task

    def _rebuild(self, running: Running, dataset_id: int) -> Rebuilt:
        while not self._turn.acquire(timeout=_TURN_SECONDS):
            running.check_stop()
        entries = 0

        def report(done: int, total: int) -> None:
            nonlocal entries
            entries = total
            # the last hundredth is left to the words of texts, and to the exchange
            running.report(progress=min(99, 100 * done // max(1, total)))

        try:
            running.check_stop()
            self._catalog.queries.rebuild_dataset(dataset_id, report)
        finally:
            self._turn.release()
        return Rebuilt(entries)
