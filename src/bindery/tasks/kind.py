"""What a type of tasks is: its work, and what it may need."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.tasks.running import Running

PAUSES = (1.0, 4.0, 16.0, 60.0, 300.0)
"""Seconds before the tries of work that may go well later."""

Work = Callable[[Running], msgspec.Struct]
"""Does what ``running.task.request_definition`` says, from its beginning or from where ``running.task.result`` says,
and returns the result of the task. May run more than once, on any server: what it has done already must do no harm.
Raises StoreError, CatalogError, Interrupted, CannotGoOn; what else it raises is a defect, and told as one."""


class CannotGoOn(Exception):
    """What the task was to do is not known any more."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A type of tasks that a server can do."""

    type: str
    work: Work
    advice: str
    """What the caller is to do about a task that cannot go on."""
    weight: int = 1
    """Slots of the server that one takes."""
    pauses: tuple[float, ...] = ()
    """Seconds before each further try when a store did not answer or its object changed meanwhile; empty: the caller
    would rather know at once."""
