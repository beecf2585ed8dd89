"""What a type of tasks is: its work, and what it may need."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from bindery.catalog.records import Task
from bindery.tasks.running import Running

_Definition = TypeVar("_Definition", bound=msgspec.Struct)

Work = Callable[[Running], msgspec.Struct]
"""Does what ``running.task.request_definition`` says, from its beginning or from where ``running.task.result`` says,
and returns the result of the task. May run more than once, on any server: what it has done already must do no harm.
Raises StoreError, CatalogError, Interrupted, CannotGoOn; what else it raises is a defect, and told as one."""


class CannotGoOn(Exception):
    """What the task was to do is not known any more."""


class TooManyTasks(Exception):
    """A project has as many tasks under way that this server alone can do as it may, or all of them have."""

    def __init__(self, count: int, project_name: str = "") -> None:
        """``project_name``: empty when it is all of them together."""
        self.project_name = project_name
        of = f" of the project {project_name}" if project_name else ""
        super().__init__(
            f"{count} tasks{of} that only this server can do are under way; wait for one to end"
        )


def definition_of(task: Task, kind: type[_Definition]) -> _Definition:
    """What ``new_task`` was given. Raises CannotGoOn when it is none of this release."""
    try:
        return msgspec.json.decode(task.request_definition, type=kind)
    except msgspec.DecodeError:
        raise CannotGoOn from None


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A type of tasks that a server can do."""

    type: str
    work: Work
    advice: str
    """What the caller is to do about a task that cannot go on."""
    weight: int = 1
    """Slots of the server that one takes."""
    leave: Callable[[Task], None] = lambda task: None
    """Called once nothing more is done for a task here, whether its work has begun or not."""
    pauses: tuple[float, ...] = ()
    """Seconds before each further try when a store did not answer or its object changed meanwhile; empty: the caller
    would rather know at once."""
