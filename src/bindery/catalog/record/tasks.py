"""Asynchronous tasks, kept for seven days after they began."""

from __future__ import annotations

import msgspec

from bindery.catalog.record.database import Database
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import NotFound, Task
from bindery.clock import now_ns

RETENTION_NS = 7 * 24 * 3600 * 1_000_000_000
"""Source: help page asynchronous-task-processing-mechanism."""

_SQL = load_statements("tasks")
_decoder = msgspec.json.Decoder(Task)


class Tasks:
    """Rows of ``task``. Implements ``interface.tasks.Tasks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, task: Task) -> None:
        """Insert or replace a task, and forget those that are too old."""
        values = {"project_name": task.project_name, "type": task.type, "id": task.id}
        values_with_body = {**values, "start_time": task.start_time, "body": msgspec.json.encode(task)}
        with self._database.transaction() as connection:
            connection.execute(_SQL.delete_old_tasks, {"since": now_ns() - RETENTION_NS})
            connection.execute(_SQL.put_task, values_with_body)

    def get(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Raises NotFound."""
        values = {"project_name": project_name, "type": task_type, "id": task_id}
        since = {"since": now_ns() - RETENTION_NS}
        row = self._database.reader.execute(_SQL.select_task, values | since).fetchone()
        if row is None:
            raise NotFound("task")
        return _decoder.decode(row[0])

    def list(self, project_name: str) -> list[Task]:
        """All tasks of a project, ascending by id."""
        values = {"project_name": project_name, "since": now_ns() - RETENTION_NS}
        rows = self._database.reader.execute(_SQL.list_tasks, values).fetchall()
        return [_decoder.decode(row[0]) for row in rows]
