"""RAM users."""

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
    User,
)
from bindery.catalog.record.access import Access, make_number_id, same_name
from bindery.catalog.record.statements import load_statements

MAX_USERS = 5_000
"""Source: help page on the limits of RAM, as are all limits of this room."""

_SQL = load_statements("users")
_decoder = msgspec.json.Decoder(User)


class Users:
    """Rows of ``ram_user``. Implements ``interface.users.Users``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def create(self, user: User) -> User:
        """Raises EntityExists, EntityLimitExceeded."""
        made = replace(user, id=make_number_id("2"))
        with self._access.transaction() as connection:
            _check_free(connection, made.name)
            if connection.execute(_SQL.count_users).fetchone()[0] >= MAX_USERS:
                raise EntityLimitExceeded("User")
            connection.execute(_SQL.insert_user, _values(made))
        return made

    def get(self, name: str, connection: sqlite3.Connection | None = None) -> User:
        """Raises EntityNotFound."""
        row = (connection or self._access.reader).execute(_SQL.select_user, {"name": name}).fetchone()
        if row is None:
            raise EntityNotFound("User")
        return _decoder.decode(row[0])

    def get_by_id(self, user_id: str) -> User:
        """Raises EntityNotFound."""
        row = self._access.reader.execute(_SQL.select_user_by_id, {"id": user_id}).fetchone()
        if row is None:
            raise EntityNotFound("User")
        return _decoder.decode(row[0])

    def update(self, name: str, change: Callable[[User], User]) -> User:
        """Raises EntityNotFound, EntityExists."""
        with self._access.transaction() as connection:
            held = self.get(name, connection)
            user = replace(change(held), id=held.id)
            if not same_name(user.name, held.name):
                _check_free(connection, user.name)
            connection.execute(_SQL.update_user, _values(user))
        return user

    def delete(self, name: str) -> None:
        """Raises EntityNotFound, DeleteConflict."""
        with self._access.transaction() as connection:
            user = self.get(name, connection)
            row = connection.execute(_SQL.user_conflicts, {"id": user.id}).fetchone()
            for what, there in zip(("Group", "AccessKey", "Policy"), row, strict=True):
                if there:
                    raise DeleteConflict("User", what)
            connection.execute(_SQL.delete_user, {"id": user.id})

    def list(self, *, after: str = "", limit: int = 100) -> builtins.list[User]:
        """Ascending by name."""
        rows = self._access.reader.execute(_SQL.list_users, {"after": after, "limit": limit}).fetchall()
        return [_decoder.decode(row[0]) for row in rows]

    def count(self) -> int:
        """How many there are."""
        return int(self._access.reader.execute(_SQL.count_users).fetchone()[0])


def _check_free(connection: sqlite3.Connection, name: str) -> None:
    if connection.execute(_SQL.select_user, {"name": name}).fetchone():
        raise EntityExists("User")


def _values(user: User) -> dict[str, str | bytes]:
    return {"id": user.id, "name": user.name, "body": msgspec.json.encode(user)}
