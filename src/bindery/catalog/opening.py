"""Opens the database that a record is kept in, by its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bindery.catalog.record.database import Database
from bindery.catalog.record.sizes import RecordSizes
from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.record.sqlite.sizes import measure
from bindery.catalog.record_access import RecordAccess
from bindery.catalog.records import CatalogUnusable


def open_database(url: str, folder: Path) -> Database:
    """PostgreSQL at a URI of libpq, or SQLite in the data folder when there is none.

    Either way the folder belongs to this process from now on. Raises CatalogUnusable, CatalogInUse.
    """
    if not url:
        return SqliteDatabase(folder)
    database: Database = _postgresql("database").PostgresqlDatabase(url, folder)
    return database


@contextmanager
def open_access(url: str, folder: Path) -> Iterator[RecordAccess]:
    """Users, keys and policies of a record that no server uses. Raises CatalogUnusable, CatalogInUse."""
    database = open_database(url, folder)
    try:
        yield RecordAccess(database)
    finally:
        database.close()


def describe_postgresql(url: str) -> str:
    """Where a record is and how large, without taking it over. Raises CatalogUnusable."""
    described: str = _postgresql("inspection").describe(url)
    return described


def measure_record(url: str, folder: Path) -> RecordSizes:
    """What of a record takes how many bytes, without taking it over. Raises CatalogUnusable."""
    if not url:
        return measure(folder / "catalog.db")
    sizes: RecordSizes = _postgresql("sizes").measure(url)
    return sizes


def sealed_keys_in_postgresql(url: str, named_by: int) -> list[tuple[bytes, int]]:
    """How many access keys begin with the same bytes, so many. Raises CatalogUnusable."""
    found: list[tuple[bytes, int]] = _postgresql("inspection").sealed_keys(url, named_by)
    return found


def _postgresql(module: str) -> ModuleType:
    """Its driver is an extra, which those who keep the record in SQLite do without."""
    try:
        return import_module(f"bindery.catalog.record.postgresql.{module}")
    except ImportError as error:
        raise CatalogUnusable(
            f"catalog.url names a PostgreSQL, but its driver cannot be loaded ({error}); "
            "pip install 'bindery-imm[postgresql]'"
        ) from error
