"""Keys that events have named: kept from the moment the sender is answered until each was dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.row_locks import lock_bindings
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import PendingChange
from bindery.clock import now_ns

_SQL = load_statements("changes")


class Changes:
    """Rows of ``change``, one a binding and key. Safe for threads. Implements ``interface.changes.Changes``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared = database.servers.shared
        rows = () if self._shared else database.reader.execute(_SQL.oldest_changes).fetchall()
        self._oldest: dict[int, int] = dict(rows)

    def add(self, keys: Mapping[int, Iterable[str]]) -> None:
        """Keys by binding id; a key that waits already is marked anew. Bindings that are gone are passed over."""
        with self._database.transaction(alone=False) as connection:
            lock_bindings(self._database, connection, keys)
            for binding_id, named in keys.items():
                rows = [{"binding_id": binding_id, "key": key, "since": now_ns()} for key in named]
                connection.executemany(_SQL.add_change, rows)
                self._note_oldest(connection, binding_id)

    def pending(self, binding_id: int, *, after: int, limit: int) -> list[PendingChange]:
        """Rows of a binding, the oldest first."""
        values = {"binding_id": binding_id, "after": after, "limit": limit}
        rows = self._database.reader.execute(_SQL.changes_after, values).fetchall()
        return [PendingChange(*row) for row in rows]

    def settle(self, binding_id: int, changes: Sequence[PendingChange]) -> list[PendingChange]:
        """Remove rows; returns those that stay because another event of their key has come meanwhile."""
        stayed: list[PendingChange] = []
        with self._database.transaction(alone=False) as connection:
            lock_bindings(self._database, connection, [binding_id])
            for change in changes:
                values = {"sequence": change.sequence, "version": change.version}
                if connection.execute(_SQL.remove_change, values).rowcount == 0:
                    row = connection.execute(_SQL.select_change, values).fetchone()
                    if row is not None:
                        stayed.append(PendingChange(*row))
            self._note_oldest(connection, binding_id)
        return stayed

    def oldest(self, binding_id: int) -> int | None:
        """Since when the oldest key of a binding waits. From memory, unless other servers add keys, too."""
        if self._shared:
            row = self._database.reader.execute(_SQL.oldest_change, {"binding_id": binding_id}).fetchone()
            return None if row is None else row[0]
        return self._oldest.get(binding_id)

    def waiting(self) -> list[int]:
        """Bindings of which any key waits."""
        return [row[0] for row in self._database.reader.execute(_SQL.waiting_bindings).fetchall()]

    def _note_oldest(self, connection: Connection, binding_id: int) -> None:
        if self._shared:
            return
        row = connection.execute(_SQL.oldest_change, {"binding_id": binding_id}).fetchone()
        if row is None:
            self._oldest.pop(binding_id, None)
        else:
            self._oldest[binding_id] = row[0]
