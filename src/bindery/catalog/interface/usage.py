"""What projects have used, by day and dimension; days are those of the account's zone, counted since 1970-01-01."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Protocol

from bindery.catalog.records import UsageKey, UsageRow

Position = tuple[int, str, str]
"""Day, project and dimension of a row."""


class Usage(Protocol):
    """One row for each day, project and dimension. Runs of operators are counted with the entries that they make."""

    @property
    def today(self) -> int:
        """The number of the day."""

    def add(self, counts: Mapping[UsageKey, int]) -> None:
        """All of it, or nothing. What names no project that there is, and none that is known, is of the account."""

    def note_stored(self) -> None:
        """What every project stores at this moment, as that of today; of days that nobody noted, what was stored
        before them."""

    def list(
        self,
        first: int,
        last: int,
        *,
        project: str | None = None,
        projects: builtins.list[str] | None = None,
        dimension: str | None = None,
        after: Position | None = None,
        limit: int = 100,
    ) -> builtins.list[UsageRow]:
        """Of these days, ascending by day, project and dimension: of one project, of some, or of all and of none."""

    def projects(self, first: int, last: int) -> builtins.list[str]:
        """Who has used anything on these days, ascending; empty: what is of no project."""

    def forget(self, *, before: int, limit: int = 5_000) -> int:
        """Drop up to ``limit`` rows of earlier days; how many."""
