"""Another try for the objects that a filter of the ledger chooses, as tasks: there may be millions."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, LedgerFilter, Task
from bindery.sync.background import Background, Running, new_task

TASK_TYPE = "LedgerRetry"
_PAGE = 1_000
"""Rows in one transaction, between which others write."""
_PATIENCE_SECONDS = 1.0
"""How long a call waits for its task, so that it can tell the count of most."""


class Retried(msgspec.Struct, frozen=True, rename="pascal"):
    """How many objects will be extracted again."""

    count: int


class Retries:
    """Safe for threads. Rows are marked page by page: what is marked stays so, and marking again does no harm."""

    def __init__(
        self, catalog: Catalog, background: Background, reconcile: Callable[[Binding], None]
    ) -> None:
        self._catalog = catalog
        self._background = background
        self._reconcile = reconcile

    def start(self, binding: Binding, chosen: LedgerFilter) -> tuple[Task, int | None]:
        """The task that marks all rows that pass the filter, and their number when it has ended by now.

        Raises Interrupted.
        """
        ended = threading.Event()
        outcome: list[Retried] = []

        def mark(running: Running) -> Retried:
            retried = self._mark(running, binding, chosen)
            outcome.append(retried)
            return retried

        def end(task: Task) -> None:
            self._catalog.tasks.put(task)
            ended.set()

        task = new_task(TASK_TYPE, binding.project_name, binding.dataset_name)
        self._background.start(task, mark, end)
        done = ended.wait(_PATIENCE_SECONDS)
        return task, outcome[0].count if done and outcome else None

    def _mark(self, running: Running, binding: Binding, chosen: LedgerFilter) -> Retried:
        count = 0
        after: str | None = ""
        try:
            while after is not None:
                page = self._catalog.ledger.list(binding.id, chosen, after=after, limit=_PAGE)
                after = page.after
                if page.rows:
                    count += self._catalog.ledger.mark(binding.id, [entry.key for entry in page.rows])
                running.report(result=Retried(count))
        finally:
            if count:
                self._reconcile(binding)
        return Retried(count)
