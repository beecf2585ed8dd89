"""What projects have used. Everything is added, never set, so that several processes may count; what is stored is
looked up anew."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import tzinfo

from bindery.catalog.interface.usage import Position
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import Statement, list_parameter, load_statements
from bindery.catalog.records import FileWrite, UsageKey, UsageRow
from bindery.clock import day_number, now_ns

MOST_PROJECTS_OF_DAY = 10_000
"""With names of their own: whoever may make projects may make and delete as many as he likes."""
MOST_DAYS = 400
"""For which it is carried on what was stored."""
_BEFORE_ALL: Position = (-1, "", "")
_SQL = load_statements("usage")
_PROJECTS = load_statements("projects")


class Usage:
    """Rows of ``usage``. Implements ``interface.usage.Usage``."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone

    @property
    def today(self) -> int:
        """The number of the day."""
        return day_number(now_ns(), self._zone)

    def add(self, counts: Mapping[UsageKey, int]) -> None:
        """Requests and runs that were counted in memory."""
        with self._database.transaction(alone=False) as connection:
            charged: Counter[Position] = Counter()
            there = {(key.day, key.project) for key in counts if key.exists}
            for key, quantity in counts.items():
                project = self._charged(connection, key, exists=(key.day, key.project) in there)
                charged[key.day, project, key.dimension] += quantity
            _add(connection, charged)

    def add_runs(self, connection: Connection, project: str, files: Iterable[FileWrite]) -> None:
        """Within the transaction that writes what the operators have found."""
        runs = Counter(operator for file in files for operator in file.operators)
        if runs:
            today = self.today
            _add(connection, {(today, project, operator): count for operator, count in runs.items()})

    def _charged(self, connection: Connection, key: UsageKey, *, exists: bool) -> str:
        """The project on whose bill it goes; empty when that is the account's."""
        project = key.project
        if not project or _finds(connection, _SQL.has_usage, {"project": project, "day": key.day}):
            return project
        if not exists and not _finds(connection, _PROJECTS.select_project, {"name": project}):
            return ""
        of_day = connection.execute(_SQL.count_projects_of_day, {"day": key.day}).fetchone()[0]
        return project if of_day < MOST_PROJECTS_OF_DAY else ""

    def note_stored(self) -> None:
        """All projects in one transaction, so that today's figures are those of one moment."""
        today = self.today
        with self._database.transaction() as connection:
            found = connection.execute(
                _SQL.last_stored_day, {"day": today, "earliest": today - MOST_DAYS}
            ).fetchone()
            last = today if found is None else found[0]
            for day in range(last + 1, today):
                connection.execute(_SQL.carry_stored, {"day": day, "last": last})
            for statement in (_SQL.reset_stored, _SQL.set_stored_files, _SQL.set_stored_bytes):
                connection.execute(statement, {"day": today})

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
        """Ascending by day, project and dimension, behind the position ``after``."""
        after_day, after_project, after_dimension = after or _BEFORE_ALL
        values = {
            "first": first,
            "last": last,
            "project": project,
            **list_parameter("projects", projects),
            "dimension": dimension,
            "after_day": after_day,
            "after_project": after_project,
            "after_dimension": after_dimension,
            "limit": limit,
        }
        statement = _SQL.list_usage if project is None else _SQL.list_usage_of_project
        return [UsageRow(*row) for row in self._database.reader.execute(statement, values).fetchall()]

    def projects(self, first: int, last: int) -> builtins.list[str]:
        """Ascending by name."""
        values = {"first": first, "last": last}
        return [row[0] for row in self._database.reader.execute(_SQL.projects_of_usage, values).fetchall()]

    def forget(self, *, before: int, limit: int = 5_000) -> int:
        """A page of earlier days, so that no writer waits for long."""
        with self._database.transaction() as connection:
            return connection.execute(_SQL.forget_usage, {"before": before, "limit": limit}).rowcount


def _add(connection: Connection, counts: Mapping[Position, int]) -> None:
    rows = [  # in one order, so that transactions at the same time do not wait for each other in a ring
        {"day": day, "project": project, "dimension": dimension, "quantity": quantity}
        for (day, project, dimension), quantity in sorted(counts.items())
    ]
    connection.executemany(_SQL.add_usage, rows)


def _finds(connection: Connection, statement: Statement, values: dict[str, object]) -> bool:
    return connection.execute(statement, values).fetchone() is not None
