"""Audits as tasks, visible through GetTask and ListTasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreAddress
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Task
from bindery.sync.audit import Audit, Report
from bindery.sync.given_stores import GivenStores
from bindery.tasks.kind import Kind, definition_of
from bindery.tasks.outcomes import new_task
from bindery.tasks.runner import Runner
from bindery.tasks.running import Running

TASK_TYPE = "BindingAudit"
_FULL_INBOX_SECONDS = 0.1

LookAgain = Callable[[Binding, Sequence[str]], bool]
"""Has keys of a binding looked at again; False when too many wait already."""


class AuditRunning(Exception):
    """An audit of the binding that does something else is under way; ``args[0]`` is its task."""


class _Definition(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """What a task is to do."""

    binding_id: int
    repair: bool = False
    given_store: bool = False
    """Whether it compares with another store, whose address is not kept."""


class Audits:
    """At most one audit of a binding at a time. Safe for threads."""

    def __init__(self, catalog: Catalog, buckets: Buckets, runner: Runner, look_again: LookAgain) -> None:
        self._catalog = catalog
        self._stores = GivenStores(buckets)
        self._runner = runner
        self._look_again = look_again
        runner.know(
            Kind(
                type=TASK_TYPE,
                work=self._audit,
                advice="the server stopped meanwhile; start the audit again",
                leave=self._stores.forget,
            )
        )

    def start(self, binding: Binding, *, repair: bool, address: StoreAddress | None = None) -> Task:
        """The task of a new audit, or of the one that is under way. Raises AuditRunning, TooManyTasks, Interrupted.

        ``address``: compare with the store there, which is not the binding's own.
        """
        definition = _Definition(binding.id, repair, address is not None)
        task = new_task(TASK_TYPE, binding.project_name, binding.dataset_name, definition)
        add = self._runner.add if address is None else self._runner.add_here
        with self._stores.given(task, address):
            held = add(task, subject=str(binding.id))
        if held.id == task.id:
            return task
        self._stores.forget(task)
        if held.request_definition != task.request_definition or self._stores.address(held) != address:
            raise AuditRunning(held.id)
        return held

    def _audit(self, running: Running) -> Report:
        definition = definition_of(running.task, _Definition)
        binding = self._catalog.bindings.get_by_id(definition.binding_id)

        def look_at(keys: Sequence[str]) -> None:
            while not self._look_again(binding, keys):
                running.rest(_FULL_INBOX_SECONDS)

        with self._stores.opened(running.task, binding.bucket, given=definition.given_store) as store:
            store.check()
            audit = Audit(
                binding,
                store,
                self._catalog,
                check_stop=running.check_stop,
                # the last tenth is left to what follows the listing
                on_progress=lambda share: running.report(progress=min(90, int(90 * share))),
            )
            return audit.run(look_at if definition.repair else None)
