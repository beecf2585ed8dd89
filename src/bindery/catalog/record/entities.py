"""What users, groups and roles have in common: rows with an id, a name of its own and a document."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from bindery.catalog.access_records import (
    DeleteConflict,
    EntityExists,
    EntityLimitExceeded,
    EntityNotFound,
    Group,
    Role,
    User,
)
from bindery.catalog.record.access import Access, same_name
from bindery.catalog.record.database import Connection
from bindery.catalog.record.statements import Statement, load_statements

_Entity = TypeVar("_Entity", User, Group, Role)


class Entities(Generic[_Entity]):
    """The rows of one kind. Safe for threads."""

    def __init__(
        self,
        access: Access,
        kind: type[_Entity],
        *,
        most: int,
        make_id: Callable[[], str],
        conflicts: tuple[str, ...],
    ) -> None:
        """``most``: how many there may be. ``conflicts``: what keeps one from being deleted, in the order of the
        columns of the statement for it."""
        self._access = access
        self._label, self._most = kind.__name__, most
        self._make_id, self._conflicts = make_id, conflicts
        self._decoder: msgspec.json.Decoder[_Entity] = msgspec.json.Decoder(kind)
        self._noun = kind.__name__.lower()
        self._sql = load_statements(f"{self._noun}s")

    def create(self, entity: _Entity) -> _Entity:
        """Raises EntityExists, EntityLimitExceeded."""
        made = replace(entity, id=self._make_id())
        with self._access.transaction() as connection:
            self._check_free(connection, made.name)
            if connection.execute(self._statement("count_{}s")).fetchone()[0] >= self._most:
                raise EntityLimitExceeded(self._label)
            connection.execute(self._statement("insert_{}"), _values(made))
        return made

    def get(self, name: str, connection: Connection | None = None) -> _Entity:
        """Raises EntityNotFound."""
        found = (connection or self._access.reader).execute(self._statement("select_{}"), {"name": name})
        return self._read(found.fetchone())

    def update(self, name: str, change: Callable[[_Entity], _Entity]) -> _Entity:
        """Raises EntityNotFound, EntityExists."""
        with self._access.transaction() as connection:
            held = self.get(name, connection)
            entity = replace(change(held), id=held.id)
            if not same_name(entity.name, held.name):
                self._check_free(connection, entity.name)
            connection.execute(self._statement("update_{}"), _values(entity))
        return entity

    def delete(self, name: str) -> None:
        """Raises EntityNotFound, DeleteConflict."""
        with self._access.transaction() as connection:
            entity = self.get(name, connection)
            row = connection.execute(self._statement("{}_conflicts"), {"id": entity.id}).fetchone()
            for what, there in zip(self._conflicts, row, strict=True):
                if there:
                    raise DeleteConflict(self._label, what)
            connection.execute(self._statement("delete_{}"), {"id": entity.id})

    def list(self, *, after: str = "", limit: int = 100) -> builtins.list[_Entity]:
        """Ascending by name."""
        values = {"after": after, "limit": limit}
        return [
            self._read(row)
            for row in self._access.reader.execute(self._statement("list_{}s"), values).fetchall()
        ]

    def count(self) -> int:
        """How many there are."""
        return int(self._access.reader.execute(self._statement("count_{}s")).fetchone()[0])

    def _statement(self, form: str) -> Statement:
        statement: Statement = getattr(self._sql, form.format(self._noun))
        return statement

    def _read(self, row: Any) -> _Entity:
        if row is None:
            raise EntityNotFound(self._label)
        return self._decoder.decode(row[0])

    def _check_free(self, connection: Connection, name: str) -> None:
        if connection.execute(self._statement("select_{}"), {"name": name}).fetchone():
            raise EntityExists(self._label)


def _values(entity: User | Group | Role) -> dict[str, str | bytes]:
    return {"id": entity.id, "name": entity.name, "body": msgspec.json.encode(entity)}
