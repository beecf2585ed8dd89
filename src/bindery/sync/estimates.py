"""Estimates as tasks, visible through GetTask and ListTasks."""

from __future__ import annotations

from contextlib import ExitStack

from bindery.buckets.registry import Buckets, open_store
from bindery.buckets.store import StoreAddress
from bindery.catalog.records import Scope, Task
from bindery.sync.background import Background, Running, new_task
from bindery.sync.estimate import Estimate, estimate
from bindery.sync.settings import SyncSettings

TASK_TYPE = "BindingEstimate"


class Estimates:
    """Safe for threads. A task that runs shows what was counted so far as its result."""

    def __init__(self, buckets: Buckets, background: Background, settings: SyncSettings) -> None:
        self._buckets = buckets
        self._background = background
        self._settings = settings

    def start(
        self, project_name: str, bucket: str, scope: Scope, address: StoreAddress | None = None
    ) -> Task:
        """The task of a new estimate; ``address`` is looked at instead of the server's own bucket, and not kept.

        Raises Interrupted.
        """

        def count(running: Running) -> Estimate:
            with ExitStack() as opened:
                if address is None:
                    store = self._buckets.open(bucket)
                else:
                    store = open_store(address)
                    opened.callback(store.close)
                return estimate(
                    store,
                    scope,
                    workers=self._settings.workers,
                    hashed=self._settings.hashes(store),
                    on_page=lambda found: running.report(result=found),
                )

        task = new_task(TASK_TYPE, project_name)
        self._background.start(task, count)
        return task
