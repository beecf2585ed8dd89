"""Looks at ``catalog.db`` without opening it as a server does, whether one uses it or not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bindery.catalog.record.folder_lock import lock_folder
from bindery.catalog.record.sqlite.connection import Connection, unusable
from bindery.catalog.records import CatalogUnusable
from bindery.data_folder import give_to_owner

_LOCK_SECONDS = 5.0


def log_of(path: Path) -> Path:
    """Where SQLite keeps what was committed to a record and is not in its file yet."""
    return path.with_name(path.name + "-wal")


def connect_beside(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing: beside a file that nobody uses SQLite would leave two more.

    Raises CatalogUnusable when there is no record.
    """
    if not path.is_file():
        raise CatalogUnusable(f"no record {path}; name the data folder of the server with --data")
    way = "mode=ro" if log_of(path).exists() else "immutable=1"
    return sqlite3.connect(read_only_address(path, way), uri=True, timeout=_LOCK_SECONDS)


@contextmanager
def reading_beside(folder: Path) -> Iterator[Connection]:
    """Reads for as long as one likes, beside a server or not; each statement sees all that is committed by then.

    Where no server has left a log, none can be started meanwhile: the file is read as one that does not change.
    Raises CatalogUnusable, CatalogInUse.
    """
    path = folder / "catalog.db"
    if not path.is_file():
        raise CatalogUnusable(f"no record {path}; name the data folder of the server with --data")
    is_used = log_of(path).exists()
    lock = -1 if is_used else lock_folder(folder)
    try:
        address = read_only_address(path, "mode=ro" if is_used else "immutable=1")
        try:
            connection = sqlite3.connect(
                address, uri=True, timeout=_LOCK_SECONDS, isolation_level=None, factory=Connection
            )
        except sqlite3.Error as error:
            raise unusable(error) from error
        with closing(connection):
            yield connection
        give_to_owner(folder)  # of a server that was killed SQLite makes the index of its log anew
    finally:
        if lock >= 0:
            os.close(lock)


def read_only_address(path: Path, way: str = "mode=ro") -> str:
    """A file as SQLite takes it with ``uri=True``, whatever characters its name has."""
    return f"file:{quote(os.fsencode(path.absolute()))}?{way}"


def find_dataset(path: Path, project: str, dataset: str) -> int | None:
    """The id of a dataset. Raises CatalogUnusable."""
    rows = _ask(
        path,
        "SELECT d.id FROM dataset d JOIN project p ON p.id = d.project_id WHERE p.name = ? AND d.name = ?",
        (project, dataset),
    )
    return int(rows[0][0]) if rows else None


def sealed_keys(path: Path, named_by: int) -> list[tuple[bytes, int]]:
    """How many access keys begin with the same bytes, so many. Raises CatalogUnusable."""
    return _ask(
        path, "SELECT substr(sealed, 1, ?) AS named, count(*) FROM access_key GROUP BY named", (named_by,)
    )


def registered_buckets(path: Path) -> dict[str, bytes]:
    """Where they are, sealed; none in a record of an earlier release. Raises CatalogUnusable."""
    if not _ask(path, "SELECT 1 FROM sqlite_schema WHERE name = 'registered_bucket'", ()):
        return {}
    return dict(_ask(path, "SELECT name, sealed FROM registered_bucket", ()))


def _ask(path: Path, query: str, parameters: tuple[object, ...]) -> list[Any]:
    try:
        with closing(connect_beside(path)) as connection:
            return connection.execute(query, parameters).fetchall()
    except sqlite3.DatabaseError as error:
        raise unusable(error) from error
