"""Asynchronous tasks, kept for seven days after they began, and until they have ended."""

from __future__ import annotations

import builtins
from typing import Protocol

from bindery.catalog.records import ANY_TASK, Task, TaskFilter, TaskOrder


class Tasks(Protocol):
    """One row a task."""

    def put(self, task: Task) -> None:
        """Insert or replace."""

    def get(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Raises NotFound."""

    def running(self) -> builtins.list[Task]:
        """Those of all projects that have not ended."""

    def list(
        self,
        project_name: str,
        chosen: TaskFilter = ANY_TASK,
        *,
        order: TaskOrder = TaskOrder.ID,
        descending: bool = False,
        after: tuple[int, str] | None = None,
        limit: int = 100,
    ) -> builtins.list[Task]:
        """Up to ``limit`` tasks that began within 7 days and pass the filter, in order. ``after``: the instant that
        the last one of the page before is ordered by (0 for none) and its id."""
