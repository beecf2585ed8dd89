"""Asynchronous tasks, kept for seven days after they began, and until they have ended."""

from __future__ import annotations

import builtins

import msgspec

from bindery.catalog.query.values import INT64_MAX
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import list_parameter, load_statements
from bindery.catalog.records import ANY_TASK, NotFound, Task, TaskFilter, TaskOrder
from bindery.clock import now_ns

RETENTION_NS = 7 * 24 * 3600 * 1_000_000_000
"""Source: help page asynchronous-task-processing-mechanism."""

_SQL = load_statements("tasks")
_ASCENDING = {
    TaskOrder.ID: _SQL.list_by_id,
    TaskOrder.START: _SQL.list_by_start,
    TaskOrder.END: _SQL.list_by_end,
}
_EVER = (float("-inf"), float("inf"))
_decoder = msgspec.json.Decoder(Task)


def _tag(key: str, value: str) -> str:
    """As PostgreSQL finds tasks by it."""
    return msgspec.json.encode([key, value]).decode()


def derived_columns(body: bytes) -> tuple[int, str, list[str]]:
    """``end_time``, ``status`` and ``tags`` of a task that is stored, as PostgreSQL keeps them."""
    return _derived(_decoder.decode(body))


def _derived(task: Task) -> tuple[int, str, list[str]]:
    return task.end_time or 0, task.status, [_tag(key, value) for key, value in task.tags.items()]


def _bounded(instant: float | None) -> float | None:
    """The nearest instant of those that SQLite holds as an integer."""
    return None if instant is None else max(-INT64_MAX, min(instant, INT64_MAX))


def _descending(statement: str) -> str:
    """The statement with the opposite order: the comparison with the last position, and every column of the order."""
    head, order, columns = (
        statement.replace(") > (", ") < (").replace(" id > ", " id < ").partition("ORDER BY ")
    )
    names, limit, rest = columns.partition(" LIMIT")
    return head + order + ", ".join(f"{name} DESC" for name in names.split(", ")) + limit + rest


_STATEMENTS = {(order, False): statement for order, statement in _ASCENDING.items()} | {
    (order, True): statement.changed(_descending) for order, statement in _ASCENDING.items()
}


class Tasks:
    """Rows of ``task``. Implements ``interface.tasks.Tasks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, task: Task) -> None:
        """Insert or replace a task."""
        with self._database.transaction() as connection:
            self.write(connection, task)

    def write(self, connection: Connection, task: Task) -> None:
        """The same within a transaction of more."""
        values = {"project_name": task.project_name, "type": task.type, "id": task.id}
        end_time, status, tags = _derived(task)
        columns = {"start_time": task.start_time, "end_time": end_time, "status": status, "tags": tags}
        connection.execute(_SQL.put_task, {**values, **columns, "body": msgspec.json.encode(task)})

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
            return connection.execute(_SQL.delete_old_tasks, old).rowcount

    def running(self) -> builtins.list[Task]:
        """Those of all projects that have not ended."""
        rows = self._database.reader.execute(_SQL.list_running).fetchall()
        return [_decoder.decode(row[0]) for row in rows]

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
        """A page of the tasks of a project that pass the filter, in order, behind the position ``after``."""
        instant, task_id = after or (None, None)
        tag_key, tag_value = chosen.tag or (None, None)
        started, ended = chosen.started or _EVER, chosen.ended or (None, None)
        values = {
            "project_name": project_name,
            "since": now_ns() - RETENTION_NS,
            "instant": instant,
            "id": task_id,
            **list_parameter("types", chosen.types or None),
            "status": chosen.status or None,
            "tag_key": tag_key,
            "tag_value": tag_value,
            "tag": None if chosen.tag is None else _tag(*chosen.tag),
            "started_first": _bounded(started[0]),
            "started_last": _bounded(started[1]),
            "ended_first": _bounded(ended[0]),
            "ended_last": _bounded(ended[1]),
            "limit": limit,
        }
        rows = self._database.reader.execute(_STATEMENTS[order, descending], values).fetchall()
        return [_decoder.decode(row[0]) for row in rows]
