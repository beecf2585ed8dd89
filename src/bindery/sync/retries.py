"""Another try for the objects that a filter of the ledger chooses, as tasks: there may be millions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, LedgerFilter, Task
from bindery.extract.extraction import STORE_ONLY
from bindery.sync.templates import operators_for
from bindery.tasks.kind import CannotGoOn, Kind, definition_of
from bindery.tasks.outcomes import new_task
from bindery.tasks.runner import Runner
from bindery.tasks.running import Running

TASK_TYPE = "LedgerRetry"
_PAGE = 1_000
"""Rows in one transaction, between which others write."""
_PAGES_READ = 10
"""Pages that are chosen at once: choosing has a cost of its own, see ``record.ledger.MOST_LOOKED_THROUGH``."""
_PATIENCE_SECONDS = 1.0
"""How long a call waits for its task, so that it can tell the count of most."""


class Retried(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """How many objects will be extracted again."""

    count: int
    after: str = ""
    """While the task runs: the key up to which rows are marked."""


class _Definition(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """What a task is to do."""

    binding_id: int
    chosen: LedgerFilter


def can_change(catalog: Catalog, binding: Binding, chosen: LedgerFilter) -> bool:
    """Whether extracting rows again, chosen by the version of the extractor, can tell anything else: not where the
    template has nothing of the objects read. Raises NotFound."""
    if chosen.extractor_version_below is None:
        return True
    project = catalog.projects.get(binding.project_name)
    dataset = catalog.datasets.get(binding.project_name, binding.dataset_name)
    return not operators_for(project, dataset) <= STORE_ONLY


class Retries:
    """Safe for threads. Rows are marked page by page: what is marked stays so, and marking again does no harm."""

    def __init__(self, catalog: Catalog, runner: Runner, reconcile: Callable[[Binding], None]) -> None:
        self._catalog = catalog
        self._runner = runner
        self._reconcile = reconcile
        runner.know(
            Kind(
                type=TASK_TYPE,
                work=self._retry,
                advice="the server stopped meanwhile; what was chosen until then is extracted again, repeat the call "
                "for the rest",
            )
        )

    def start(self, binding: Binding, chosen: LedgerFilter) -> tuple[Task, int | None]:
        """The task that marks all rows that pass the filter, and their number when it has ended by now.

        Raises Interrupted.
        """
        definition = _Definition(binding.id, chosen)
        task = new_task(TASK_TYPE, binding.project_name, binding.dataset_name, definition)
        self._runner.add(task)
        ended = self._runner.wait_for(task, _PATIENCE_SECONDS)
        if ended.status != "Succeeded":
            return task, None
        return task, msgspec.json.decode(ended.result, type=Retried).count

    def _retry(self, running: Running) -> Retried:
        """Go on behind what an earlier try has marked."""
        task = running.task
        definition = definition_of(task, _Definition)
        try:
            done = msgspec.json.decode(task.result or b'{"Count":0}', type=Retried)
        except msgspec.DecodeError:
            raise CannotGoOn from None
        binding = self._catalog.bindings.get_by_id(definition.binding_id)
        return self._mark(running, binding, definition.chosen, done)

    def _mark(self, running: Running, binding: Binding, chosen: LedgerFilter, done: Retried) -> Retried:
        """Mark the rows behind those that are ``done``."""
        count, after = done.count, done.after
        is_left = can_change(self._catalog, binding, chosen)
        try:
            while is_left:
                page = self._catalog.ledger.list(binding.id, chosen, after=after, limit=_PAGE * _PAGES_READ)
                is_left = page.after is not None
                keys = [entry.key for entry in page.rows]
                for begin in range(0, len(keys), _PAGE):
                    some = keys[begin : begin + _PAGE]
                    count += self._catalog.ledger.mark(binding.id, some)
                    running.report(result=Retried(count, some[-1]))
                after = page.after or after
                running.report(result=Retried(count, after))
        finally:
            if count:
                self._reconcile(binding)
        return Retried(count)
