"""Estimates as tasks, visible through GetTask and ListTasks."""

from __future__ import annotations

import msgspec

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreAddress
from bindery.catalog.records import Scope, Task
from bindery.sync.estimate import Estimate, estimate
from bindery.sync.given_stores import GivenStores
from bindery.sync.settings import SyncSettings
from bindery.tasks.kind import Kind, definition_of
from bindery.tasks.outcomes import new_task
from bindery.tasks.runner import Runner
from bindery.tasks.running import Running

TASK_TYPE = "BindingEstimate"


class _Definition(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """What a task is to do."""

    bucket: str
    scope: Scope = Scope()
    given_store: bool = False
    """Whether the address of the bucket was given for it alone, and is not kept."""


class Estimates:
    """Safe for threads. A task that runs shows what was counted so far as its result."""

    def __init__(self, buckets: Buckets, runner: Runner, settings: SyncSettings) -> None:
        self._stores = GivenStores(buckets)
        self._runner = runner
        self._settings = settings
        runner.know(
            Kind(
                type=TASK_TYPE,
                work=self._count,
                advice="the server stopped; ask for the estimate again",
                leave=self._stores.forget,
            )
        )

    def start(
        self, project_name: str, bucket: str, scope: Scope, address: StoreAddress | None = None
    ) -> Task:
        """The task of a new estimate; ``address`` is looked at instead of the server's own bucket, and not kept.

        Raises TooManyTasks, Interrupted.
        """
        definition = _Definition(bucket, scope, address is not None)
        task = new_task(TASK_TYPE, project_name, definition=definition)
        with self._stores.given(task, address):
            return self._runner.add(task) if address is None else self._runner.add_here(task)

    def _count(self, running: Running) -> Estimate:
        definition = definition_of(running.task, _Definition)
        with self._stores.opened(running.task, definition.bucket, given=definition.given_store) as store:
            return estimate(
                store,
                definition.scope,
                workers=self._settings.workers,
                hashed=self._settings.hashes(store),
                on_page=lambda found: running.report(result=found),
            )
