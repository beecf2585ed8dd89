"""SQL of people over the columns of one dataset's index, which they cannot change, nor reach anything else with.

For a data folder that no server uses, or a copy of a file in use (``sql.py``): DuckDB opens a file for one process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from bindery.catalog.index.projection import COLUMNS
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogUnusable
from bindery.sql_text import literal

_MEMORY_LIMIT = "512MB"
_THREADS = 2
_BATCH = 256
_KINDS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": _MEMORY_LIMIT,
    "threads": _THREADS,
    "temp_directory": "",  # nothing is spilled: what takes more memory ends
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


class Rows(msgspec.Struct, frozen=True):
    """An answer, which is read as it is made."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    """As DuckDB calls them."""
    rows: Iterator[tuple[Any, ...]]
    """Raises QueryError, also for what is found while they are read."""


class IndexReader:
    """The columns of one file: the table ``files``, with every column there may be, and ``tag_names``."""

    def __init__(self, path: Path | None) -> None:
        """``path`` is None for a dataset without entries. Raises CatalogUnusable."""
        self._connection = duckdb.connect(":memory:", config=_SETTINGS)
        try:
            self._attach(path)
            self._show_all_columns()
            self._connection.execute("USE dataset")
            self._connection.execute("SET enable_external_access = false")
            self._connection.execute(
                "SET lock_configuration = true"
            )  # the last: from here on nothing can be set
        except duckdb.Error as error:
            self.close()
            raise CatalogUnusable(
                f"the index {path} cannot be read ({error}); make it anew with: bindery index rebuild"
            ) from error

    def _attach(self, path: Path | None) -> None:
        if path is None:
            self._connection.execute("ATTACH ':memory:' AS dataset")
            self._connection.execute('CREATE TABLE dataset.files ("URI" VARCHAR)')
            self._connection.execute("CREATE TABLE dataset.tag_names (name VARCHAR)")
            return
        self._connection.execute(f"ATTACH {literal(str(path.resolve()))} AS dataset (READ_ONLY)")

    def close(self) -> None:
        """The file is not used any more, whatever of an answer is still unread: DuckDB would first finish making it."""
        self._connection.interrupt()
        self._connection.close()

    def _show_all_columns(self) -> None:
        """Columns that no file has had anything for are not in the table, and shown empty."""
        held = {name for name, *_ in self._run("SELECT * FROM dataset.files LIMIT 0").description or ()}
        self._connection.fetchall()
        missing = [
            f', NULL::{kind} AS "{name}"' for name, kind in sorted(COLUMNS.items()) if name not in held
        ]
        self._run(f"CREATE TEMP VIEW files AS SELECT *{''.join(missing)} FROM dataset.files")

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(sql)

    def select(self, sql: str, bounds: Bounds) -> Rows:
        """The answer to one statement that reads. Raises QueryError."""
        statement = self._only_statement(sql)
        with _told(), bounds.watch(self._connection):
            found = self._connection.execute(statement)
            columns = [(name, str(kind)) for name, kind, *_ in found.description or ()]
        names, types = (tuple(column[place] for column in columns) for place in (0, 1))
        return Rows(names, types, self._rows(bounds))

    def _rows(self, bounds: Bounds) -> Iterator[tuple[Any, ...]]:
        while True:
            with _told(), bounds.watch(self._connection):
                batch = self._connection.fetchmany(_BATCH)
            if not batch:
                return
            yield from batch

    def _only_statement(self, sql: str) -> duckdb.Statement:
        with _told():
            statements = self._connection.extract_statements(sql)
        if len(statements) != 1:
            raise QueryError(f"Give one statement; these are {len(statements)}.")
        if statements[0].type not in _KINDS:
            raise QueryError("The index can only be read: give a SELECT, DESCRIBE, SUMMARIZE or EXPLAIN.")
        return statements[0]


@contextmanager
def _told() -> Iterator[None]:
    """What DuckDB says of a statement, as QueryError; an interrupt is told by who asked for it."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise QueryError(
            f"The statement takes more than {_MEMORY_LIMIT} of memory: group or sort fewer rows."
        ) from error
    except duckdb.PermissionException as error:
        raise QueryError(
            "Files, networks and extensions cannot be reached: the tables are files and tag_names."
        ) from error
    except duckdb.Error as error:
        raise QueryError(str(error)) from error
