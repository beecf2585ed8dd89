"""Who is told of changes: the catalog asks within the transaction, so that none is told of and then undone,
and none happens untold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from bindery.catalog.records import Binding, IndexCall, Notification, Task


class Announcer(Protocol):
    """Turns changes into notifications. Quick, and raises nothing: it runs while the record is locked."""

    def binding_changed(self, before: Binding | None, after: Binding) -> Iterable[Notification]:
        """A binding is new (``before`` is None), has changed in any way, or has been deleted (state Deleted)."""

    def call_ended(self, call: IndexCall) -> Iterable[Notification]:
        """Every file of a call of explicit indexing has its outcome."""

    def task_ended(self, task: Task) -> Iterable[Notification]:
        """An asynchronous task has ended, well or not."""


class Silent:
    """Tells nobody."""

    def binding_changed(self, before: Binding | None, after: Binding) -> Iterable[Notification]:
        """Nothing."""
        return ()

    def call_ended(self, call: IndexCall) -> Iterable[Notification]:
        """Nothing."""
        return ()

    def task_ended(self, task: Task) -> Iterable[Notification]:
        """Nothing."""
        return ()
