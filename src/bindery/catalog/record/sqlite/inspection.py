"""Looks at ``catalog.db`` without opening it as a server does, whether one uses it or not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bindery.catalog.record.sqlite.connection import unusable
from bindery.catalog.records import CatalogUnusable

_LOCK_SECONDS = 5.0


def connect_beside(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing: beside a file that nobody uses SQLite would leave two more.

    Raises CatalogUnusable when there is no record.
    """
    if not path.is_file():
        raise CatalogUnusable(f"no record {path}; name the data folder of the server with --data")
    way = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{quoted}?{way}", uri=True, timeout=_LOCK_SECONDS)


def find_dataset(path: Path, project: str, dataset: str) -> int | None:
    """The id of a dataset. Raises CatalogUnusable."""
    try:
        with closing(connect_beside(path)) as connection:
            row = connection.execute(
                "SELECT d.id FROM dataset d JOIN project p ON p.id = d.project_id WHERE p.name = ? AND d.name = ?",
                (project, dataset),
            ).fetchone()
    except sqlite3.DatabaseError as error:
        raise unusable(error) from error
    return None if row is None else int(row[0])
