"""Notifications on their way out: written with what they tell of, removed once their destination has them."""

from __future__ import annotations

from collections.abc import Iterable

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import Backlog, Notification, PendingNotification
from bindery.clock import now_ns

_SQL = load_statements("outbox")
_PAGE = 1_000
_FAR_NS = 2_000 * 1_000_000_000
"""Nothing is put off for so long: what is due later was so by a clock that has been set back, and is due now."""


class Outbox:
    """Rows of ``outbox``. Implements ``interface.outbox.Outbox``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, connection: Connection, notifications: Iterable[Notification]) -> None:
        """Within the transaction of what they tell of."""
        rows = [
            {"destination": each.destination, "id": each.id, "body": each.body, "now": now_ns()}
            for each in notifications
        ]
        if rows:
            connection.executemany(_SQL.add_notification, rows)

    def due(self, destination: str, *, limit: int) -> list[PendingNotification]:
        """Those to be sent now, the longest due first."""
        now, reader = now_ns(), self._database.reader
        values = {"destination": destination, "now": now, "far": now + _FAR_NS, "limit": limit}
        rows = reader.execute(_SQL.due_notifications, values).fetchall()
        rows = rows or reader.execute(_SQL.far_notifications, values).fetchall()
        return [PendingNotification(*row) for row in rows]

    def remove(self, sequence: int) -> None:
        """It was delivered."""
        with self._database.transaction(alone=False) as connection:
            connection.execute(_SQL.remove_notification, {"sequence": sequence})

    def postpone(self, sequence: int, *, due: int) -> None:
        """It was tried in vain."""
        with self._database.transaction(alone=False) as connection:
            connection.execute(_SQL.postpone_notification, {"sequence": sequence, "due": due})

    def expire(self, *, before: int) -> dict[str, int]:
        """Forget those made before, a page at a time so that no writer waits for long; how many by destination."""
        expired: dict[str, int] = {}
        for (destination,) in self._database.reader.execute(_SQL.outbox_destinations).fetchall():
            values = {"destination": destination, "before": before, "limit": _PAGE}
            while count := self._remove_page(values):
                expired[destination] = expired.get(destination, 0) + count
        return expired

    def backlog(self) -> dict[str, Backlog]:
        """What waits, by destination."""
        rows = self._database.reader.execute(_SQL.outbox_backlog).fetchall()
        return {destination: Backlog(count=count, oldest=oldest) for destination, count, oldest in rows}

    def _remove_page(self, values: dict[str, str | int]) -> int:
        with self._database.transaction(alone=False) as connection:
            return connection.execute(_SQL.expire_notifications, values).rowcount
