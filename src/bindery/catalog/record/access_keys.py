"""Access keys, with their secrets sealed."""

from __future__ import annotations

import builtins
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from bindery.catalog.access_records import (
    EntityExists,
    EntityLimitExceeded,
    EntityNotFound,
    KeyUse,
    SealedKey,
    User,
)
from bindery.catalog.record.access import Access
from bindery.catalog.record.database import Connection
from bindery.catalog.record.statements import load_statements
from bindery.catalog.record.users import Users

MAX_KEYS_OF_USER = 2

_SQL = load_statements("access_keys")
_KIND = "User.AccessKey"
_user_decoder = msgspec.json.Decoder(User)
_Row = tuple[str, str | None, bytes, int, str, int]


class AccessKeys:
    """Rows of ``access_key`` and ``access_key_use``. Implements ``interface.access_keys.AccessKeys``."""

    def __init__(self, access: Access, users: Users) -> None:
        self._access = access
        self._users = users

    def create(self, key: SealedKey, user_name: str | None) -> SealedKey:
        """Raises EntityNotFound, EntityLimitExceeded, EntityExists."""
        with self._access.transaction() as connection:
            made = replace(key, user_id=self._user_id(connection, user_name))
            if made.user_id is not None:
                held = connection.execute(_SQL.count_keys, {"user_id": made.user_id}).fetchone()[0]
                if held >= MAX_KEYS_OF_USER:
                    raise EntityLimitExceeded(_KIND)
            if connection.execute(_SQL.select_key, {"id": made.id}).fetchone():
                raise EntityExists(_KIND)
            connection.execute(_SQL.insert_key, _values(made))
        return made

    def take_over(self, keys: builtins.list[SealedKey]) -> builtins.list[str]:
        """Keys of the account, all or none; the ids of those that are there already."""
        known: list[str] = []
        with self._access.transaction() as connection:
            for key in keys:
                if connection.execute(_SQL.select_key, {"id": key.id}).fetchone():
                    known.append(key.id)
                else:
                    connection.execute(_SQL.insert_key, _values(replace(key, user_id=None)))
        return known

    def find(self, key_id: str) -> tuple[SealedKey, User | None] | None:
        """A key and its user; None when there is no such key."""
        row = self._access.reader.execute(_SQL.select_key, {"id": key_id}).fetchone()
        if row is None:
            return None
        return _key(row[:-1]), None if row[-1] is None else _user_decoder.decode(row[-1])

    def list(self, user_name: str | None) -> builtins.list[SealedKey]:
        """The oldest first. Raises EntityNotFound."""
        values = {"user_id": self._user_id(self._access.reader, user_name)}
        return [_key(row) for row in self._access.reader.execute(_SQL.list_keys, values).fetchall()]

    def set_active(self, user_name: str | None, key_id: str, *, active: bool) -> None:
        """Raises EntityNotFound."""
        with self._access.transaction() as connection:
            values = {"id": key_id, "user_id": self._user_id(connection, user_name), "active": int(active)}
            if not connection.execute(_SQL.set_active, values).rowcount:
                raise EntityNotFound(_KIND)

    def delete(self, user_name: str | None, key_id: str) -> None:
        """Raises EntityNotFound."""
        with self._access.transaction() as connection:
            values = {"id": key_id, "user_id": self._user_id(connection, user_name)}
            if not connection.execute(_SQL.delete_key, values).rowcount:
                raise EntityNotFound(_KIND)

    def last_use(self, user_name: str | None, key_id: str) -> KeyUse | None:
        """None when it was never used. Raises EntityNotFound."""
        values = {"id": key_id, "user_id": self._user_id(self._access.reader, user_name)}
        row = self._access.reader.execute(_SQL.select_use, values).fetchone()
        if row is None:
            raise EntityNotFound(_KIND)
        return None if row[0] is None else KeyUse(time=row[0], service=row[1])

    def note_uses(self, uses: Mapping[str, KeyUse]) -> None:
        """In one transaction."""
        rows = [{"id": key_id, "time": use.time, "service": use.service} for key_id, use in uses.items()]
        with self._access.unnoticed() as connection:
            connection.executemany(_SQL.note_use, rows)

    def sealed(self, *, after: str = "", limit: int = 100) -> builtins.list[SealedKey]:
        """Keys of everybody, ascending by id."""
        values = {"after": after, "limit": limit}
        return [_key(row) for row in self._access.reader.execute(_SQL.page_of_keys, values).fetchall()]

    def reseal(self, sealed: Mapping[str, tuple[bytes, bytes]]) -> None:
        """In one transaction; a secret that was sealed anew meanwhile stays."""
        rows = [{"id": key_id, "before": old, "after": new} for key_id, (old, new) in sealed.items()]
        with self._access.transaction() as connection:
            connection.executemany(_SQL.reseal, rows)

    def _user_id(self, connection: Connection, user_name: str | None) -> str | None:
        return None if user_name is None else self._users.get(user_name, connection).id


def _values(key: SealedKey) -> dict[str, str | bytes | int | None]:
    return {
        "id": key.id,
        "user_id": key.user_id,
        "sealed": key.sealed,
        "active": int(key.active),
        "label": key.label,
        "create_time": key.create_time,
    }


def _key(row: _Row) -> SealedKey:
    key_id, user_id, sealed, active, label, create_time = row
    return SealedKey(
        id=key_id, user_id=user_id, sealed=sealed, active=bool(active), label=label, create_time=create_time
    )
