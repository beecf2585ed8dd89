"""Asynchronous tasks, kept for seven days after they began, and until they have ended."""

from __future__ import annotations

from typing import Any

import msgspec

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import Statement, load_statements
from bindery.catalog.record.task_lists import TaskLists, tag_digest
from bindery.catalog.records import ANY_TASK, NotFound, Task, TaskFilter, TaskOrder, TaskPage, TaskPosition
from bindery.clock import now_ns

RETENTION_NS = 7 * 24 * 3600 * 1_000_000_000
"""Source: help page asynchronous-task-processing-mechanism."""

_SQL = load_statements("tasks")
_decoder = msgspec.json.Decoder(Task)


class Tasks:
    """Rows of ``task``. Implements ``interface.tasks.Tasks``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lists = TaskLists(database)

    def put(self, task: Task) -> None:
        """Insert or replace a task."""
        with self._database.transaction() as connection:
            self.write(connection, task)

    def write(self, connection: Connection, task: Task) -> None:
        """The same within a transaction of more."""
        values = {"project_name": task.project_name, "type": task.type, "id": task.id}
        columns = {"start_time": task.start_time, "end_time": task.end_time or 0, "status": task.status}
        connection.execute(_SQL.put_task, {**values, **columns, "body": msgspec.json.encode(task)})
        if task.tags:
            connection.execute(_SQL.delete_tags, values)
            rows = [
                {**values, "start_time": task.start_time, "tag": tag_digest(key, value)}
                for key, value in task.tags.items()
            ]
            connection.executemany(_SQL.add_tag, rows)

    def get(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Raises NotFound."""
        return self.read(self._database.reader, project_name, task_type, task_id)

    def read(self, connection: Connection, project_name: str, task_type: str, task_id: str) -> Task:
        """The same within a transaction of more."""
        values = {"project_name": project_name, "type": task_type, "id": task_id}
        since = {"since": now_ns() - RETENTION_NS}
        row = connection.execute(_SQL.select_task, values | since).fetchone()
        if row is None:
            raise NotFound("task")
        return self.decoded(row[0])

    def decoded(self, body: bytes) -> Task:
        """A task as it is stored."""
        return _decoder.decode(body)

    def forget(self, limit: int) -> int:
        """Remove up to so many of those that are too old and not in the queue; how many there were."""
        old = {"since": now_ns() - RETENTION_NS, "most": limit}
        with self._database.transaction() as connection:
            return len(_removed(connection, _SQL.delete_old_tasks, old))

    def remove_some(self, connection: Connection, project_name: str, limit: int) -> list[dict[str, Any]]:
        """Remove up to so many tasks of a project; their keys."""
        values = {"project_name": project_name, "most": limit}
        return _removed(connection, _SQL.delete_of_project, values)

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
        """A page of the tasks of a project that pass the filter, in order, behind the position ``after``."""
        values = {"project_name": project_name, "since": now_ns() - RETENTION_NS}
        return self._lists.page(values, chosen, order, descending=descending, after=after, limit=limit)


def _removed(connection: Connection, statement: Statement, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Keys of the tasks that a statement removes, after their tags."""
    rows = connection.execute(statement, values).fetchall()
    keys = [{"project_name": row[0], "type": row[1], "id": row[2]} for row in rows]
    connection.executemany(_SQL.delete_tags, keys)
    return keys
