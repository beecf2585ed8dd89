"""Roles."""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from bindery.catalog.access_records import (
    DeleteConflict,
    EntityExists,
    EntityLimitExceeded,
    EntityNotFound,
    Role,
)
from bindery.catalog.record.access import Access, carries, make_number_id
from bindery.catalog.record.statements import load_statements

MAX_ROLES = 1_000

_SQL = load_statements("roles")
_decoder = msgspec.json.Decoder(Role)


class Roles:
    """Rows of ``role``. Implements ``interface.roles.Roles``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def create(self, role: Role) -> Role:
        """Raises EntityExists, EntityLimitExceeded."""
        made = replace(role, id=make_number_id("3"))
        with self._access.transaction() as connection:
            if connection.execute(_SQL.select_role, {"name": made.name}).fetchone():
                raise EntityExists("Role")
            if connection.execute(_SQL.count_roles).fetchone()[0] >= MAX_ROLES:
                raise EntityLimitExceeded("Role")
            connection.execute(_SQL.insert_role, _values(made))
        return made

    def get(self, name: str, connection: sqlite3.Connection | None = None) -> Role:
        """Raises EntityNotFound."""
        row = (connection or self._access.reader).execute(_SQL.select_role, {"name": name}).fetchone()
        if row is None:
            raise EntityNotFound("Role")
        return _decoder.decode(row[0])

    def get_by_id(self, role_id: str) -> Role:
        """Raises EntityNotFound."""
        row = self._access.reader.execute(_SQL.select_role_by_id, {"id": role_id}).fetchone()
        if row is None:
            raise EntityNotFound("Role")
        return _decoder.decode(row[0])

    def update(self, name: str, change: Callable[[Role], Role]) -> Role:
        """Raises EntityNotFound."""
        with self._access.transaction() as connection:
            held = self.get(name, connection)
            role = replace(change(held), id=held.id, name=held.name)
            connection.execute(_SQL.update_role, _values(role))
        return role

    def delete(self, name: str) -> None:
        """Raises EntityNotFound, DeleteConflict."""
        with self._access.transaction() as connection:
            role = self.get(name, connection)
            if connection.execute(_SQL.role_conflicts, {"id": role.id}).fetchone()[0]:
                raise DeleteConflict("Role", "Policy")
            connection.execute(_SQL.delete_role, {"id": role.id})

    def list(
        self, *, tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> builtins.list[Role]:
        """Those that carry all of ``tags``, ascending by name."""
        rows = self._access.reader.execute(_SQL.list_roles, {"after": after}).fetchall()
        return [role for role in (_decoder.decode(row[0]) for row in rows) if carries(role.tags, tags)][
            :limit
        ]

    def count(self) -> int:
        """How many there are."""
        return int(self._access.reader.execute(_SQL.count_roles).fetchone()[0])


def _values(role: Role) -> dict[str, str | bytes]:
    return {"id": role.id, "name": role.name, "body": msgspec.json.encode(role)}
