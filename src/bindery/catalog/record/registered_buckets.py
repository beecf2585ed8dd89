"""Buckets that were registered while a server ran."""

from __future__ import annotations

import builtins
from collections.abc import Mapping

from bindery.catalog.record.database import Database
from bindery.catalog.record.statements import load_statements

_SQL = load_statements("registered_buckets")


class RegisteredBuckets:
    """Rows of ``registered_bucket``. Implements ``interface.registered_buckets.RegisteredBuckets``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> bytes | None:
        """Where a bucket is, sealed."""
        row = self._database.reader.execute(_SQL.find_bucket, {"name": name}).fetchone()
        return None if row is None else bytes(row[0])

    def list(self) -> dict[str, bytes]:
        """All of them, ascending by name."""
        return {
            name: bytes(sealed)
            for name, sealed in self._database.reader.execute(_SQL.list_buckets).fetchall()
        }

    def put(self, name: str, sealed: bytes) -> None:
        """It is there from now on."""
        with self._database.transaction(durable=True) as connection:
            connection.execute(_SQL.put_bucket, {"name": name, "sealed": sealed})

    def replace(self, name: str, before: bytes | None, sealed: bytes) -> bool:
        """Whether it was as before, and is there now."""
        statement = _SQL.insert_bucket if before is None else _SQL.replace_bucket
        values = {"name": name, "sealed": sealed} | ({} if before is None else {"before": before})
        with self._database.transaction(durable=True) as connection:
            return connection.execute(statement, values).rowcount > 0

    def take_over(self, buckets: Mapping[str, bytes]) -> builtins.list[str]:
        """In one transaction; the names of those that are there already."""
        with self._database.transaction(durable=True) as connection:
            return [
                name
                for name, sealed in buckets.items()
                if not connection.execute(_SQL.insert_bucket, {"name": name, "sealed": sealed}).rowcount
            ]

    def delete(self, name: str, before: bytes) -> bool:
        """Whether it was as before, and is gone now."""
        with self._database.transaction(durable=True) as connection:
            return connection.execute(_SQL.delete_bucket, {"name": name, "before": before}).rowcount > 0
