"""PostgreSQL's side of a move: all within one transaction, so that a crash leaves what was there before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice

import psycopg

from bindery.catalog.record.moving import NUMBERED, Row, Table
from bindery.catalog.record.postgresql.connecting import connected
from bindery.catalog.record.postgresql.connection import RawConnection, translated
from bindery.catalog.record.postgresql.database import held_alone
from bindery.catalog.record.postgresql.failures import said
from bindery.catalog.records import CatalogUnusable

_ROWS_AT_ONCE = 1_000
"""After each COPY PostgreSQL checks what the rows refer to; it remembers all that are to be checked until then."""
_FETCHED = 200
_ALWAYS_THERE = frozenset({"follower", "access_version", "packing"})
"""Tables that have a row in an empty record, too."""
_NUMBERS_REPEAT = "SELECT EXISTS (SELECT FROM file GROUP BY sequence HAVING count(*) > 1)"
_NUMBERED_ANEW = "row_number() OVER (ORDER BY dataset_id, sequence)"
_NOT_TAKEN = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)


class PostgresqlSide:
    """The tables of a connection."""

    def __init__(self, raw: RawConnection) -> None:
        self._raw = raw
        self._renumbers = False

    def count(self, table: Table) -> int:
        """How many rows it has."""
        return int(self._one(f'SELECT count(*) FROM "{table.name}"'))

    @contextmanager
    def rows(self, table: Table) -> Iterator[Iterator[Row]]:
        """All of them, one by one."""
        listed = table.listed
        if self._renumbers and table.name == "file":
            listed = listed.replace('"sequence"', _NUMBERED_ANEW)
        with self._raw.cursor(name="moved") as cursor:
            cursor.itersize = _FETCHED
            yield iter(cursor.execute(f'SELECT {listed} FROM "{table.name}"'.encode()))

    def numbers(self) -> dict[str, int]:
        """The highest number that was ever given in each table."""
        return {
            table: int(
                self._one(f"SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', '{column}')), 0)")
            )
            for table, column in NUMBERED.items()
        }  # fmt: skip

    def renumber(self) -> bool:
        """Whether rows of ``file`` need other numbers where they are unique over all datasets, and get them."""
        self._renumbers = bool(self._one(_NUMBERS_REPEAT))
        return self._renumbers

    def check_empty(self, tables: list[Table]) -> None:
        """Raises CatalogUnusable."""
        for table in tables:
            if table.name in _ALWAYS_THERE:
                continue
            if self._one(f'SELECT EXISTS (SELECT FROM "{table.name}")'):
                raise CatalogUnusable(
                    f"the record in PostgreSQL is not empty (there is something in its table {table.name}); nothing "
                    "was changed. Name another database or schema"
                )

    def put(self, table: Table, rows: Iterator[Row]) -> None:
        """In place of all rows of a table."""
        self._raw.execute(f'DELETE FROM "{table.name}"'.encode())
        statement = f'COPY "{table.name}" ({table.listed}) FROM STDIN'.encode()
        try:
            for first in rows:
                with self._raw.cursor().copy(statement) as copy:
                    copy.write_row(first)
                    for row in islice(rows, _ROWS_AT_ONCE - 1):
                        copy.write_row(row)
        except _NOT_TAKEN as error:
            raise CatalogUnusable(
                f"PostgreSQL does not take a row of the table {table.name} ({said(error)}); nothing "
                "was moved"
            ) from error
        # Until PostgreSQL looks at the table by itself, a minute or more, it would read all of it for a page.
        self._raw.execute(f'ANALYZE "{table.name}"'.encode())

    def set_numbers(self, numbers: dict[str, int]) -> None:
        """Of the sequences that number rows."""
        for table, number in numbers.items():
            if number:
                self._one(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{NUMBERED[table]}'), {number:d})"
                )

    def part(self, url: str) -> None:
        """It is another record from now on, whose indexes are not those of the one that was moved."""
        with closing(connected(url)) as raw:
            raw.execute("UPDATE follower SET identity = replace(gen_random_uuid()::text, '-', '')")

    def _one(self, query: str) -> int:
        row = self._raw.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def opened_record(url: str) -> Iterator[PostgresqlSide]:
    """A record that no server uses, in a transaction that is committed at the end.

    Raises CatalogUnusable, CatalogInUse.
    """
    with held_alone(url) as raw, translated():
        yield PostgresqlSide(raw)
