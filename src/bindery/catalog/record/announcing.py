"""Notifications of changes, written in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterable

from bindery.catalog.announcer import Announcer
from bindery.catalog.record.database import Connection
from bindery.catalog.record.outbox import Outbox
from bindery.catalog.records import Binding, IndexCall, Task


class Announcing:
    """Puts what the announcer makes of a change into the outbox."""

    def __init__(self, announcer: Announcer, outbox: Outbox) -> None:
        self._announcer = announcer
        self._outbox = outbox

    def binding_changed(self, connection: Connection, before: Binding | None, after: Binding) -> None:
        """A binding is new, has changed, or was deleted; see ``Announcer.binding_changed``."""
        self._outbox.put(connection, self._announcer.binding_changed(before, after))

    def calls_ended(self, connection: Connection, ended: Iterable[IndexCall]) -> None:
        """Every file of these calls has its outcome."""
        for call in ended:
            self._outbox.put(connection, self._announcer.call_ended(call))

    def task_ended(self, connection: Connection, task: Task) -> None:
        """An asynchronous task has ended, well or not."""
        self._outbox.put(connection, self._announcer.task_ended(task))
