"""The two files of a dataset's index, columns and texts, and how they are attached, made and thrown away.

``N-B.duckdb`` and ``N-B.texts``: N the dataset, B counted up with each building, so that whoever still reads the
old ones is not disturbed. What is built beside files that answer is ``building-N-B``, so that nobody takes it for
them before it is done.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import duckdb
import msgspec

from bindery.catalog.index.instance import Instance
from bindery.catalog.index.projection import COLUMNS, FIRST_COLUMNS
from bindery.catalog.index.texts import TextIndex
from bindery.catalog.index.totals import TotalsAsOf
from bindery.catalog.index.uri_zones import UriZones
from bindery.sql_text import literal

BUILDING = "building-"
"""How the names of files begin that are built beside those that answer."""
ROW_GROUP = 40_960
"""Rows that DuckDB packs and writes together, and knows the smallest and greatest values of."""
SCHEMA = hashlib.sha256(repr((COLUMNS, ROW_GROUP, "texts 5")).encode()).hexdigest()
"""Files of another form are built anew."""


class View(msgspec.Struct, frozen=True):
    """What a query reads: a cursor in a transaction, the tables of the columns and of the names of tags, the texts."""

    cursor: duckdb.DuckDBPyConnection
    table: str
    tag_names: str
    texts: TextIndex
    missing: frozenset[str]
    """Columns that the table does not have yet, because no file has had anything for them."""
    totals: TotalsAsOf
    zones: UriZones

    def completed(self, sql: str) -> str:
        """A statement that may name any column, which are then empty; values are parameters and never stand in it."""
        named = [name for name in self.missing if f'"{name}"' in sql]
        if not named:
            return sql
        # A column that the table has got meanwhile comes first, and is the one that is meant.
        empty = ", ".join(f'NULL::{COLUMNS[name]} AS "{name}"' for name in named)
        return sql.replace(self.table, f"(SELECT *, rowid, {empty} FROM {self.table})")


class Attached(msgspec.Struct, frozen=True):
    """The files as they are attached."""

    alias: str
    generation: int
    """Of the instance; in another one they are attached no more."""
    texts: TextIndex
    zones: UriZones
    columns: set[str] = msgspec.field(default_factory=set)
    """Those that the table has by now; whoever adds some enters them once they are committed."""

    @property
    def missing(self) -> frozenset[str]:
        """Those that it does not have."""
        return frozenset(COLUMNS.keys() - self.columns)

    @property
    def table(self) -> str:
        """The columns, one row an entry."""
        return f"{self.alias}.files"

    @property
    def tag_names(self) -> str:
        """The table of the names of raw tags and keys of maps that entries have or had."""
        return f"{self.alias}.tag_names"

    @property
    def applied(self) -> str:
        """The table of one row that says how far the columns are."""
        return f"{self.alias}.applied"


class State(msgspec.Struct, frozen=True):
    """What the columns say of themselves."""

    sequence: int
    """The newest change that is in them."""
    record: str
    schema: str
    texts: int
    """The greatest number of a text that they speak of."""
    purged: int
    """Removals up to this change were not needed when they were begun."""


class DatasetFiles:
    """Those of one dataset; for one thread at a time."""

    def __init__(
        self, instance: Instance, folder: Path, dataset_id: int, *, is_building: bool = False
    ) -> None:
        self._instance = instance
        self._folder = folder
        self._name = f"{BUILDING if is_building else ''}{dataset_id}"
        self._alias = f"{'b' if is_building else 'd'}{dataset_id}"

    def newest(self) -> Path | None:
        """The columns of the newest building."""
        return _newest(self._folder, self._name)

    def attach(self, path: Path, *, new: bool = False) -> Attached:
        """Open both files. Raises duckdb.Error, TextsDamaged."""
        alias = f"{self._alias}_{_build_of(path)}_{self._instance.generation}"
        with self._instance.cursor() as cursor:
            cursor.execute(
                f"ATTACH {literal(str(path.resolve()))} AS {alias} (ROW_GROUP_SIZE {ROW_GROUP:d})"
            )
        try:
            columns = set() if new else self._columns(alias)
            texts = TextIndex(path.with_suffix(".texts"), new=new)
        except BaseException:
            self._forget(alias)
            raise
        return Attached(alias, self._instance.generation, texts, UriZones(new=new), columns)

    def _columns(self, alias: str) -> set[str]:
        with self._instance.cursor() as cursor:
            held = cursor.execute(f"SELECT * FROM {alias}.files LIMIT 0").description
        return {name for name, *_ in held or ()}

    def state(self, files: Attached) -> State | None:
        """None when they were not made to an end."""
        with self._instance.cursor() as cursor:
            row = cursor.execute(
                f"SELECT sequence, record, schema, texts, purged FROM {files.applied}"
            ).fetchone()
        return None if row is None else State(*row)

    def create(self, record: str, purged: int) -> Attached:
        """Empty files under a new name; the old ones go."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # where somebody removed it meanwhile
        path = self._next()
        self.remove()
        files = self.attach(path, new=True)
        try:
            self._create_tables(files, record, purged)
        except BaseException:
            self.detach(files)
            raise
        return files

    def _create_tables(self, files: Attached, record: str, purged: int) -> None:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items() if name in FIRST_COLUMNS)
        held = "sequence BIGINT, record VARCHAR, schema VARCHAR, texts BIGINT, purged BIGINT"
        with self._instance.transaction() as writer:
            writer.execute(f"CREATE TABLE {files.table} ({columns})")
            writer.execute(f"CREATE TABLE {files.tag_names} (name VARCHAR)")
            writer.execute(f"CREATE TABLE {files.applied} ({held})")
            writer.execute(
                f"INSERT INTO {files.applied} VALUES (0, ?, ?, 0, ?)",
                [record, SCHEMA, purged],
            )
            writer.execute("COMMIT")
        files.columns.update(FIRST_COLUMNS)

    def detach(self, files: Attached) -> None:
        """Close both files."""
        files.texts.close()
        if files.generation == self._instance.generation:
            self._forget(files.alias)

    def _forget(self, alias: str) -> None:
        with contextlib.suppress(duckdb.Error), self._instance.cursor() as cursor:
            cursor.execute(f"DETACH {alias}")

    def remove(self, *, but: Path | None = None) -> None:
        """Those of every building; ``but``: the columns of the one that stays."""
        kept = "" if but is None else f"{but.stem}."
        for path in self._folder.glob(f"{self._name}-*"):
            if not kept or not path.name.startswith(kept):
                path.unlink(missing_ok=True)

    def take_over(self, built: Path) -> Path:
        """Files that were built beside these, and are attached no more, become the newest ones."""
        path = self._next()
        # The columns last: files without them are nobody's, so that a crash in between leaves the old ones.
        for part in sorted(self._folder.glob(f"{built.stem}.*"), key=lambda part: part == built):
            part.rename(self._folder / (path.stem + part.name.removeprefix(built.stem)))
        return path

    def _next(self) -> Path:
        builds = map(_build_of, self._folder.glob(f"{self._name}-*"))
        return self._folder / f"{self._name}-{max(builds, default=0) + 1}.duckdb"


def newest_columns(folder: Path, dataset_id: int) -> Path | None:
    """Those that a dataset is answered from, or were when its server ended."""
    return _newest(folder, str(dataset_id))


def _newest(folder: Path, name: str) -> Path | None:
    return max(folder.glob(f"{name}-*.duckdb"), key=_build_of, default=None)


def _build_of(path: Path) -> int:
    number = path.name.rpartition("-")[2].partition(".")[0]
    return int(number) if number.isdigit() else 0
