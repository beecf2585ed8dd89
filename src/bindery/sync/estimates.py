"""Estimates as tasks, visible through GetTask and ListTasks."""

from __future__ import annotations

from bindery.buckets.registry import Buckets
from bindery.catalog.records import Scope, Task
from bindery.sync.background import Background, Running, new_task
from bindery.sync.estimate import Estimate, estimate

TASK_TYPE = "BindingEstimate"


class Estimates:
    """Safe for threads. A task that runs shows what was counted so far as its result."""

    def __init__(self, buckets: Buckets, background: Background, workers: int) -> None:
        self._buckets = buckets
        self._background = background
        self._workers = workers

    def start(self, project_name: str, bucket: str, scope: Scope) -> Task:
        """The task of a new estimate. Raises Interrupted."""

        def count(running: Running) -> Estimate:
            store = self._buckets.open(bucket)
            return estimate(
                store, scope, workers=self._workers, on_page=lambda found: running.report(result=found)
            )

        task = new_task(TASK_TYPE, project_name)
        self._background.start(task, count)
        return task
