"""Asynchronous tasks, kept for seven days after they began, and until they have ended."""

from __future__ import annotations

from typing import Protocol

from bindery.catalog.records import ANY_TASK, Task, TaskFilter, TaskOrder, TaskPage, TaskPosition


class Tasks(Protocol):
    """One row a task."""

    def put(self, task: Task) -> None:
        """Insert or replace."""

    def get(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Raises NotFound."""

    def list(
        self,
        project_name: str,
        chosen: TaskFilter = ANY_TASK,
        *,
        order: TaskOrder = TaskOrder.ID,
        descending: bool = False,
        after: TaskPosition | None = None,
        limit: int = 100,
    ) -> TaskPage:
        """Up to ``limit`` tasks that began within 7 days or run, and pass the filter, in order, behind a position.

        Takes about the same time however many tasks there are: of a filter that few pass among many it may show fewer
        than ``limit``, though there are more.
        """
