"""SQLite's side of a move: a record in a data folder, and a new one that is filled."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path

from bindery.catalog.record.compression import Compression, Repacking
from bindery.catalog.record.moving import NUMBERED, Progress, Row, Table
from bindery.catalog.record.sqlite.connection import unusable
from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.records import CatalogUnusable

_UNUSED = {"follower": {"purged"}}
"""Columns that are there for records of early releases alone, and are in no other kind of database."""
_NEW_IDENTITY = "UPDATE follower SET identity = lower(hex(randomblob(16)))"
_PACKED_AT_ONCE = 500


class SqliteSide:
    """The tables of a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tables(self) -> list[Table]:
        """Those that others refer to come first."""
        sorter: TopologicalSorter[str] = TopologicalSorter()
        query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (name,) in self._all(query):
            sorter.add(name, *(row[2] for row in self._all(f'PRAGMA foreign_key_list("{name}")')))
        return [Table(name, self._columns(name)) for name in sorter.static_order()]

    def _columns(self, table: str) -> tuple[str, ...]:
        """Without those that are computed."""
        rows = self._all(f'PRAGMA table_xinfo("{table}")')
        return tuple(row[1] for row in rows if not row[6] and row[1] not in _UNUSED.get(table, ()))

    def count(self, table: Table) -> int:
        """How many rows it has."""
        return int(self._all(f'SELECT count(*) FROM "{table.name}"')[0][0])

    @contextmanager
    def rows(self, table: Table) -> Iterator[Iterator[Row]]:
        """All of them, one by one."""
        cursor = self._connection.execute(f'SELECT {table.listed} FROM "{table.name}"')
        try:
            yield iter(cursor.fetchone, None)
        finally:
            cursor.close()

    def numbers(self) -> dict[str, int]:
        """The highest number that was ever given in each table."""
        given: dict[str, int] = dict(self._all("SELECT name, seq FROM sqlite_sequence"))
        highest = {
            table: self._all(f'SELECT coalesce(max("{column}"), 0) FROM "{table}"')[0][0]
            for table, column in NUMBERED.items()
        }
        return {table: max(number, given.get(table, 0)) for table, number in highest.items()}

    def put(self, table: Table, rows: Iterator[Row]) -> None:
        """In place of all rows of a table."""
        self._connection.execute(f'DELETE FROM "{table.name}"')
        places = ", ".join("?" * len(table.columns))
        further = ", 0" * len(_UNUSED.get(table.name, ()))
        columns = ", ".join([table.listed, *_UNUSED.get(table.name, ())])
        statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({places}{further})'
        self._connection.executemany(statement, rows)

    def set_numbers(self, numbers: dict[str, int]) -> None:
        """Of tables whose numbers are never given twice."""
        newest = self._all("SELECT coalesce(max(newest), 0) FROM dataset")[0][0]
        for table, number in {**numbers, "file": newest}.items():
            if not number or "AUTOINCREMENT" not in self._all(
                "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", table
            )[0][0]:  # fmt: skip
                continue
            given = self._all("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
            if given:
                self._connection.execute(
                    "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table)
                )
            else:
                self._connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number))

    def number_anew(self) -> None:
        """Changes have other numbers than before: indexes of this record are to be built anew."""
        self._connection.execute(
            "UPDATE dataset SET purged = 0, newest = coalesce("
            "(SELECT max(sequence) FROM file WHERE dataset_id = dataset.id), 0)"
        )
        self._connection.execute("UPDATE packing SET position = until")
        self._connection.execute(_NEW_IDENTITY)

    def check(self) -> None:
        """Raises CatalogUnusable when the file or what refers to what is not sound."""
        broken = self._all("PRAGMA foreign_key_check")
        answer = broken or [row for row in self._all("PRAGMA quick_check(1)") if row[0] != "ok"]
        if answer:
            raise CatalogUnusable(
                f"the new record is not sound ({answer[0]}); nothing was moved. Report it"
            )

    def _all(self, statement: str, *values: object) -> list[Row]:
        return self._connection.execute(statement, values).fetchall()


class SqliteRecord(SqliteSide):
    """A record that is moved away."""

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__(database.reader)
        self._database = database

    def pack(self, progress: Progress) -> None:
        """Documents of earlier releases, which are found by numbers that other databases give more than once."""
        repacking = Repacking(self._database, Compression(self._database))
        while repacking.next_page(_PACKED_AT_ONCE):
            progress("packing documents of earlier releases", 0, 0)

    def part(self) -> None:
        """It is another record from now on, whose indexes are not those of the one that was moved."""
        with self._database.transaction(durable=True) as connection:
            connection.execute(_NEW_IDENTITY)


@contextmanager
def opened_record(folder: Path) -> Iterator[SqliteRecord]:
    """Of a data folder that no server uses. Raises CatalogUnusable, CatalogInUse."""
    database = SqliteDatabase(folder)
    try:
        yield SqliteRecord(database)
    finally:
        database.close()


@contextmanager
def new_record(folder: Path) -> Iterator[SqliteSide]:
    """An empty record in a folder of its own, which is sound and on the disk at the end.

    It has no journal: after a failure within it is thrown away. Raises CatalogUnusable.
    """
    SqliteDatabase(folder).close()
    path = folder / "catalog.db"
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            made = SqliteSide(connection)
            yield made
            connection.execute("COMMIT")
            made.check()
    except sqlite3.DatabaseError as error:
        raise unusable(error) from error
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
