"""Rows that transactions take first which are not alone in the record: all in one order, so that none waits for another
that waits for it. The lease comes first, then bindings by their numbers, then the dataset, then what counts usage."""

from __future__ import annotations

from collections.abc import Iterable

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import load_statements

_SQL = load_statements("row_locks")


def lock_bindings(database: Database, connection: Connection, binding_ids: Iterable[int]) -> None:
    """For whoever changes bindings, or rows of their ledgers and changes; those that are gone are passed over."""
    if database.servers.shared:
        for binding_id in sorted(binding_ids):
            connection.execute(_SQL.lock_binding, {"id": binding_id})


def lock_dataset(database: Database, connection: Connection, dataset_id: int) -> None:
    """For whoever reads entries before he changes them."""
    if database.servers.shared:
        connection.execute(_SQL.lock_dataset, {"id": dataset_id})
