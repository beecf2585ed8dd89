"""What is left to do of tasks, and who does it: a queue with leases, which any server takes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bindery.catalog.records import Task, TaskLease


class TaskQueue(Protocol):
    """Times are seconds, by the clock of the record's database.

    A lease ends after its seconds unless it is renewed; then anybody may take the task. What the holder of an
    earlier lease writes raises TaskLost and changes nothing.
    """

    def add(self, task: Task, *, subject: str = "", parent: str = "", weight: int = 1) -> tuple[Task, bool]:
        """Store a task that is to be done: it, and whether it was added.

        Where another task of the type has the ``subject``, that one is returned, and nothing is stored.
        ``parent``: the batch or trigger that it belongs to.
        """

    def add_taken(
        self, task: Task, *, owner: str, seconds: float, subject: str = "", weight: int = 1
    ) -> TaskLease | Task:
        """The same with a lease, past all that wait: for what one server alone can do. The other task of the subject
        when there is one."""

    def of_subject(self, task_type: str, subject: str) -> Task | None:
        """The task that works on a subject, or will."""

    def take(
        self, owner: str, types: Sequence[str], *, seconds: float, without: Sequence[str] = ()
    ) -> TaskLease | None:
        """Lease the task whose turn it is; None when nothing of these types is due but tasks of the projects
        ``without``.

        Calls come before batches; among either, projects and batches are served in turn, one task each, and of each
        what is due for longest.
        """

    def renew(self, leases: Sequence[TaskLease], *, seconds: float) -> dict[str, bool]:
        """Hold these for so long from now: by the ids of those that are still held, whether they are to end."""

    def report(self, lease: TaskLease, task: Task, *, seconds: float) -> bool:
        """Store how far a task is, and renew its lease; whether it is to end. Raises TaskLost."""

    def end(self, lease: TaskLease, task: Task) -> None:
        """Store how a task has ended, with what is told of it. Raises TaskLost."""

    def give_back(self, lease: TaskLease) -> None:
        """Let another take it; it does not count as an attempt. Does nothing when the lease is lost."""

    def postpone(self, lease: TaskLease, *, seconds: float) -> None:
        """Let it be taken again after a while. Does nothing when the lease is lost."""

    def cancel(self, project_name: str, task_type: str, task_id: str, ended: Task) -> Task:
        """Have a task end as ``ended``: at once when nobody works on it, else by who does. As it is now.

        A task that has ended stays as it is. Raises NotFound.
        """

    def adopt(self, types: Sequence[str]) -> int:
        """Add what runs by its row, but is not in the queue: earlier releases have left it. How many there were."""

    def end_leases_of_gone(self, owner: str) -> None:
        """What servers held that are known to be gone can be taken at once: all others than ``owner`` where the record
        can have one server only, else the former one of this data folder."""

    def recall(self, *, pause: float, lease: float) -> None:
        """What waits for more than ``pause`` seconds, or is held for more than ``lease``, can be taken at once: nobody
        puts a task off, or holds one, for so long, but the clock may have been set back since."""

    def next_due(self, types: Sequence[str]) -> float | None:
        """Seconds until something can be taken, at most 0 when it can be now; None: nothing waits."""

    def waiting(self, project_name: str, parent: str, *, most: int) -> int:
        """How many tasks of a batch nobody has taken, counted up to ``most``."""

    def tidy(self, *, limit: int) -> bool:
        """Forget up to ``limit`` tasks that are too old, and turns of who has no tasks; whether there may be more."""
