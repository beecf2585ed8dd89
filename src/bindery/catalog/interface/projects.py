"""Projects. Names are unique; a list ascends by name and resumes behind ``after``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bindery.catalog.records import Project, Statistics


class Projects(Protocol):
    """The projects of the account."""

    def create(self, project: Project) -> Project:
        """Raises AlreadyExists, LimitExceeded."""

    def get(self, name: str) -> Project:
        """Raises NotFound."""

    def update(self, name: str, change: Callable[[Project], Project]) -> Project:
        """Read, change and write in one transaction. Raises NotFound."""

    def delete(self, name: str) -> None:
        """With its tasks; whoever works on one loses it. Raises NotFound, NotEmpty."""

    def statistics(self, name: str) -> Statistics:
        """Exact counts over all datasets. Raises NotFound."""

    def list(
        self, *, prefix: str = "", tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> list[Project]:
        """Those that carry all of ``tags``, ascending by name."""
