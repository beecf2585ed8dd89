"""Building the index of a dataset anew, as a task: queries are answered by the present one meanwhile."""

from __future__ import annotations

import threading

import msgspec

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Dataset, Task
from bindery.tasks.kind import Kind, definition_of
from bindery.tasks.outcomes import new_task
from bindery.tasks.runner import Runner
from bindery.tasks.running import Running

TASK_TYPE = "IndexRebuild"
_TURN_SECONDS = 0.2


class Rebuilt(msgspec.Struct, frozen=True, rename="pascal"):
    """What was built."""

    entries: int
    """Entries of the dataset, with removed ones that are not forgotten."""


class _Definition(msgspec.Struct, frozen=True, rename="pascal"):
    """What a task is to do."""

    dataset_id: int


class Rebuilds:
    """One index at a time, so that scans and queries have the rest of the machine. Safe for threads."""

    def __init__(self, catalog: Catalog, runner: Runner) -> None:
        self._catalog = catalog
        self._runner = runner
        self._turn = threading.Lock()
        runner.know(
            Kind(
                type=TASK_TYPE,
                work=self._rebuild,
                advice="the server stopped meanwhile and the index is as before; ask for the rebuild again",
            )
        )

    def start(self, dataset: Dataset) -> Task:
        """The task of a new rebuild, or of the one that is under way here: each server has an index of its own, and
        builds that one. Raises TooManyTasks, Interrupted."""
        task = new_task(TASK_TYPE, dataset.project_name, dataset.name, _Definition(dataset.id))
        return self._runner.add_here(task, subject=f"{dataset.id} {self._runner.owner}")

    def _rebuild(self, running: Running) -> Rebuilt:
        definition = definition_of(running.task, _Definition)
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
            self._catalog.queries.rebuild_dataset(definition.dataset_id, report)
        finally:
            self._turn.release()
        return Rebuilt(entries)
