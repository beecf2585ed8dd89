"""The queue of tasks: what is to be done, whose turn it is, and the leases of those who do it.

Why it is as it is says docs/decisions/0016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bindery.catalog.record.announcing import Announcing
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import list_parameter, load_statements
from bindery.catalog.record.tasks import Tasks
from bindery.catalog.records import AlreadyExists, Task, TaskLease, TaskLost
from bindery.clock import now_ns

_SQL = load_statements("task_queue")
_NANOSECONDS = 1_000_000_000
_ADOPTED_AT_ONCE = 500
_REMOVED_AT_ONCE = 500


def _key(task: Task) -> dict[str, Any]:
    return {"project_name": task.project_name, "type": task.type, "id": task.id}


def _held(lease: TaskLease, seconds: float) -> dict[str, Any]:
    """Which lease, and until when it is to hold."""
    return {**_key(lease.task), "owner": lease.owner, "fence": lease.fence, **_after(seconds)}


def _after(seconds: float) -> dict[str, Any]:
    """A time from now. PostgreSQL takes its own clock instead of ``now``."""
    return {"now": now_ns(), "wait": int(seconds * _NANOSECONDS)}


class TaskQueue:
    """Rows of ``task_queue`` and ``task_turn``. Implements ``interface.task_queue.TaskQueue``."""

    def __init__(self, database: Database, tasks: Tasks, announcing: Announcing) -> None:
        self._database = database
        self._tasks = tasks
        self._announcing = announcing

    def add(self, task: Task, *, subject: str = "", parent: str = "", weight: int = 1) -> tuple[Task, bool]:
        """A task that waits for its turn."""
        other = self._add(task, subject=subject, parent=parent, weight=weight)
        return other or task, other is None

    def add_taken(
        self, task: Task, *, owner: str, seconds: float, subject: str = "", weight: int = 1
    ) -> TaskLease | Task:
        """A task that is worked on from its beginning."""
        other = self._add(
            task, subject=subject, parent="", weight=weight, owner=owner, seconds=seconds, attempts=1
        )
        return other or TaskLease(task=task, weight=weight, owner=owner, fence=1)

    def _add(
        self,
        task: Task,
        *,
        subject: str,
        parent: str,
        weight: int,
        owner: str = "",
        seconds: float = 0,
        attempts: int = 0,
    ) -> Task | None:
        """The task that the subject has already."""
        about = {"subject": subject, "parent": parent, "weight": weight, "is_batch": int(bool(parent))}
        lease = {"owner": owner, "attempts": attempts, **_after(seconds)}
        with self._database.transaction() as connection:
            # the turn first: its row is locked while the task is not there for all to see
            connection.execute(_SQL.join_ring, {**_key(task), **about})
            while not connection.execute(_SQL.add_task, {**_key(task), **about, **lease}).rowcount:
                other = self._of_subject(connection, task.type, subject)
                if other is not None:
                    return other
                if not subject:
                    raise AlreadyExists("task")
            self._tasks.write(connection, task)
        return None

    def of_subject(self, task_type: str, subject: str) -> Task | None:
        """One row."""
        return self._of_subject(self._database.reader, task_type, subject)

    def _of_subject(self, connection: Connection, task_type: str, subject: str) -> Task | None:
        row = connection.execute(_SQL.task_of_subject, {"type": task_type, "subject": subject}).fetchone()
        return None if row is None else self._tasks.decoded(row[0])

    def take(
        self, owner: str, types: Sequence[str], *, seconds: float, without: Sequence[str] = ()
    ) -> TaskLease | None:
        """The next one."""
        with self._database.transaction() as connection:
            chosen = {**list_parameter("types", types), **list_parameter("without", without)}
            values = {"owner": owner, **chosen, **_after(seconds)}
            row = connection.execute(_SQL.take_task, values).fetchone()
            if row is None:
                return None
            project_name, task_type, task_id, parent, weight, attempts, fence, cancel = row
            turn = {"project_name": project_name, "parent": parent, "is_batch": int(bool(parent))}
            connection.execute(_SQL.end_turn, turn)
            task = self._tasks.read(connection, project_name, task_type, task_id)
        return TaskLease(
            task=task, parent=parent, weight=weight, owner=owner, fence=fence,
            attempts=attempts, cancelled=bool(cancel),
        )  # fmt: skip

    def renew(self, leases: Sequence[TaskLease], *, seconds: float) -> dict[str, bool]:
        """Those that are lost are not among the answers."""
        with self._database.transaction() as connection:
            rows = [
                (lease.task.id, connection.execute(_SQL.renew_lease, _held(lease, seconds)).fetchone())
                for lease in sorted(leases, key=lambda lease: lease.task.id)
            ]
        return {task_id: bool(row[0]) for task_id, row in rows if row is not None}

    def report(self, lease: TaskLease, task: Task, *, seconds: float) -> bool:
        """The lease first: it keeps everybody else from the task."""
        with self._database.transaction() as connection:
            row = connection.execute(_SQL.renew_lease, _held(lease, seconds)).fetchone()
            if row is None:
                raise TaskLost(task.id)
            self._tasks.write(connection, task)
        return bool(row[0])

    def end(self, lease: TaskLease, task: Task) -> None:
        """One transaction with the notifications."""
        with self._database.transaction() as connection:
            if not connection.execute(_SQL.remove_task, _held(lease, 0)).rowcount:
                raise TaskLost(task.id)
            self._ended(connection, task)

    def _ended(self, connection: Connection, task: Task) -> None:
        self._tasks.write(connection, task)
        self._announcing.task_ended(connection, task)

    def give_back(self, lease: TaskLease) -> None:
        """At once."""
        self._end_lease(lease, seconds=0, back=1)

    def postpone(self, lease: TaskLease, *, seconds: float) -> None:
        """Later."""
        self._end_lease(lease, seconds=seconds, back=0)

    def _end_lease(self, lease: TaskLease, *, seconds: float, back: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(_SQL.end_lease, {**_held(lease, seconds), "back": back})

    def cancel(self, project_name: str, task_type: str, task_id: str, ended: Task) -> Task:
        """What nobody works on ends in this transaction; whoever worked on it and comes back has lost its lease."""
        with self._database.transaction() as connection:
            task = self._tasks.read(connection, project_name, task_type, task_id)
            row = connection.execute(_SQL.cancel_task, {**_key(task), "now": now_ns()}).fetchone()
            if row is None or row[0]:
                return task
            _, fence, owner = row
            connection.execute(_SQL.remove_task, {**_key(task), "fence": fence, "owner": owner})
            changes = {name: getattr(ended, name) for name in ("status", "code", "message", "end_time")}
            task = msgspec.structs.replace(task, **changes)
            self._ended(connection, task)
        return task

    def adopt(self, types: Sequence[str]) -> int:
        """By pages."""
        values = {**list_parameter("types", types), "now": now_ns(), "most": _ADOPTED_AT_ONCE}
        adopted = 0
        while True:
            with self._database.transaction() as connection:
                rows = connection.execute(_SQL.adopt_tasks, values).fetchall()
                for project_name in sorted({row[0] for row in rows}):
                    turn = {"project_name": project_name, "parent": "", "is_batch": 0}
                    connection.execute(_SQL.join_ring, turn)
            adopted += len(rows)
            if len(rows) < _ADOPTED_AT_ONCE:
                return adopted

    def end_leases_of_gone(self, owner: str) -> None:
        """All at once: no more than the slots of a server."""
        servers = self._database.servers
        if servers.shared and not servers.former:
            return
        statement = _SQL.end_leases_of if servers.shared else _SQL.end_leases_of_others
        values = {"owner": servers.former if servers.shared else owner, "now": now_ns()}
        with self._database.transaction() as connection:
            connection.execute(statement, values)

    def recall(self, *, pause: float, lease: float) -> None:
        """Asked before anything is written, for mostly there is nothing."""
        values = {**_after(0), "pause": int(pause * _NANOSECONDS), "lease": int(lease * _NANOSECONDS)}
        if self._database.reader.execute(_SQL.count_far, values).fetchone()[0]:
            with self._database.transaction() as connection:
                connection.execute(_SQL.recall_tasks, values)

    def next_due(self, types: Sequence[str]) -> float | None:
        """Leases end as well."""
        values = {**list_parameter("types", types), "now": now_ns()}
        row = self._database.reader.execute(_SQL.next_due, values).fetchone()
        return None if row is None else float(row[0]) / _NANOSECONDS

    def forget_project(self, project_name: str) -> None:
        """By pages."""
        is_left = True
        while is_left:
            with self._database.transaction() as connection:
                is_left = self.forget_some(connection, project_name)

    def forget_some(self, connection: Connection, project_name: str) -> bool:
        """A page within a transaction of more; whether there may be others."""
        keys = self._tasks.remove_some(connection, project_name, _REMOVED_AT_ONCE)
        connection.executemany(_SQL.drop_task, keys)
        return len(keys) == _REMOVED_AT_ONCE

    def waiting(self, project_name: str, parent: str, *, most: int) -> int:
        """Those that are leased do not wait."""
        values = {"project_name": project_name, "parent": parent, "most": most}
        return int(self._database.reader.execute(_SQL.count_waiting, values).fetchone()[0])

    def tidy(self, *, limit: int) -> bool:
        """A page of each."""
        forgotten = self._tasks.forget(limit)
        with self._database.transaction() as connection:
            idle = connection.execute(_SQL.idle_turns, {"most": limit}).fetchall()
            for project_name, parent in sorted(idle):
                connection.execute(_SQL.leave_ring, {"project_name": project_name, "parent": parent})
        return forgotten == limit or len(idle) == limit
