"""Asynchronous tasks, kept for seven days after they began."""

from __future__ import annotations

from typing import Protocol

from bindery.catalog.records import Task


class Tasks(Protocol):
    """One row a task."""

    def put(self, task: Task) -> None:
        """Insert or replace."""

    def get(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Raises NotFound."""

    def list(self, project_name: str) -> list[Task]:
        """All tasks of a project not older than 7 days."""
