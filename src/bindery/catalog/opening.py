"""Opens the database that a record is kept in, by its address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bindery.catalog.index.dataset_files import newest_columns
from bindery.catalog.index.reading import IndexReader
from bindery.catalog.record.database import Database
from bindery.catalog.record.entry_pages import RecordReader
from bindery.catalog.record.folder_lock import lock_folder
from bindery.catalog.record.sizes import RecordSizes
from bindery.catalog.record.sqlite import inspection
from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.record.sqlite.sizes import measure
from bindery.catalog.record_access import RecordAccess
from bindery.catalog.records import CatalogUnusable, NotFound


def open_database(url: str, folder: Path, *, alone: bool = False) -> Database:
    """PostgreSQL at a URI of libpq, or SQLite in the data folder when there is none.

    Either way the folder belongs to this process from now on; ``alone``: the record does, too. Raises CatalogUnusable,
    CatalogInUse.
    """
    if not url:
        return SqliteDatabase(folder)
    database: Database = postgresql_module("database").PostgresqlDatabase(url, folder, alone=alone)
    return database


@contextmanager
def open_access(url: str, folder: Path) -> Iterator[RecordAccess]:
    """Users, keys and policies of a record that no server uses. Raises CatalogUnusable, CatalogInUse."""
    database = open_database(url, folder, alone=True)
    try:
        yield RecordAccess(database)
    finally:
        database.close()


def check_there(url: str, folder: Path) -> None:
    """Raises CatalogUnusable where PostgreSQL has no record; opening one as a server does would make it. Raises
    CatalogInUse while a server uses the folder, which may reach a record that this process cannot."""
    if folder.is_dir():
        os.close(lock_folder(folder))
    postgresql_module("inspection").check_there(url)


def dump_command(url: str, file: Path) -> list[str]:
    """The words of the command that copies a record in PostgreSQL into a file, without its secrets; nobody is asked.
    Raises CatalogUnusable for what is no URL."""
    words: list[str] = postgresql_module("inspection").dump_command(url, file)
    return words


def describe_postgresql(url: str) -> str:
    """Where a record is and how large, without taking it over. Raises CatalogUnusable."""
    described: str = postgresql_module("inspection").describe(url)
    return described


def measure_record(url: str, folder: Path) -> RecordSizes:
    """What of a record takes how many bytes, without taking it over. Raises CatalogUnusable."""
    if not url:
        return measure(folder / "catalog.db")
    sizes: RecordSizes = postgresql_module("sizes").measure(url)
    return sizes


@contextmanager
def read_index(url: str, folder: Path, project: str, dataset: str) -> Iterator[IndexReader]:
    """The index of a dataset, for SQL that reads; no server can start meanwhile, for it would find the file in use.

    Raises NotFound, CatalogUnusable, and CatalogInUse while a server uses the folder.
    """
    if not (folder / "index").is_dir():
        raise CatalogUnusable(f"no index in {folder}; name the data folder of the server with --data")
    lock = lock_folder(folder)
    try:
        number = _find_dataset(url, folder, project, dataset)
        if number is None:
            raise NotFound(f"no dataset {project}/{dataset}; bindery stats shows those there are")
        path = newest_columns(folder / "index", number)
        if path is None:
            raise CatalogUnusable(
                f"the index of {project}/{dataset} was not made yet; make it with: bindery index rebuild"
            )
        with closing(IndexReader(path)) as reader:
            yield reader
    finally:
        os.close(lock)


@contextmanager
def read_beside(url: str, folder: Path) -> Iterator[RecordReader]:
    """The entries of a record, read beside the server that uses it. Raises CatalogUnusable, CatalogInUse."""
    beside = (
        postgresql_module("inspection").reading_beside(url) if url else inspection.reading_beside(folder)
    )
    with beside as connection:
        yield RecordReader(connection)


def _find_dataset(url: str, folder: Path, project: str, dataset: str) -> int | None:
    if not url:
        return inspection.find_dataset(folder / "catalog.db", project, dataset)
    found: int | None = postgresql_module("inspection").find_dataset(url, project, dataset)
    return found


def sealed_keys(url: str, folder: Path, named_by: int) -> list[tuple[bytes, int]]:
    """How many access keys begin with the same bytes, so many; nothing is taken over. Raises CatalogUnusable."""
    if not url:
        return inspection.sealed_keys(folder / "catalog.db", named_by)
    found: list[tuple[bytes, int]] = postgresql_module("inspection").sealed_keys(url, named_by)
    return found


def registered_buckets(url: str, folder: Path) -> dict[str, bytes]:
    """Where registered buckets are, sealed; nothing is taken over, and nothing found where there is no record yet.

    Raises CatalogUnusable.
    """
    if not url:
        path = folder / "catalog.db"
        return inspection.registered_buckets(path) if path.is_file() else {}
    found: dict[str, bytes] = postgresql_module("inspection").registered_buckets(url)
    return found


def postgresql_module(module: str) -> ModuleType:
    """One of the room of PostgreSQL.

    Its driver is an extra, which those who keep the record in SQLite do without. Raises CatalogUnusable.
    """
    try:
        return import_module(f"bindery.catalog.record.postgresql.{module}")
    except ImportError as error:
        raise CatalogUnusable(
            f"catalog.url names a PostgreSQL, but its driver cannot be loaded ({error}); "
            "pip install 'bindery-imm[postgresql]'"
        ) from error
