"""Batches of changes on their way into the files of a dataset."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

import duckdb
import msgspec
import structlog

from bindery.catalog.index.changes import Change
from bindery.catalog.index.dataset_files import Attached
from bindery.catalog.index.instance import Instance
from bindery.catalog.index.projecting import rows_elsewhere
from bindery.catalog.index.projection import COLUMNS, Insertion, Projection
from bindery.catalog.index.tokens import Elsewhere

MOST_TAG_NAMES = 10_000
"""Names of raw tags and keys of maps that a dataset is known to have. Further ones are found, but not offered."""
_log = structlog.get_logger(__name__)


class Prepared(msgspec.Struct, frozen=True):
    """A batch of changes as it is inserted."""

    sequence: int
    """Of the newest change in it."""
    changes: int
    rows: Insertion | None


class BatchWriter:
    """For one thread at a time and dataset."""

    def __init__(self, instance: Instance, projection: Projection) -> None:
        self._instance = instance
        self._projection = projection
        self._names: set[str] = set()
        self._names_of = ""
        """Which files these names are known to be in."""
        self._new_names: list[str] = []
        self._new_columns: list[str] = []
        """Of the transaction at hand."""

    def write(self, files: Attached, changes: Sequence[Change], sequence: int, *, fresh: bool) -> None:
        """One transaction; ``sequence`` is applied with it. ``fresh`` entries are not there yet.

        Raises duckdb.Error, TextsDamaged.
        """
        prepared = self.prepare(files, changes, sequence)
        released: list[int] = []
        with self._transaction(files) as writer:
            # Looking for rows takes longer the larger the index is, whether or not there are any.
            known = [] if fresh else [change for change in changes if not change.is_new]
            if known:
                released = self._delete(writer, files, known)
            self._insert(writer, files, prepared.rows)
            self._commit(writer, files, sequence)
        files.texts.release(released)

    def prepare(self, files: Attached, changes: Sequence[Change], sequence: int) -> Prepared:
        """What ``write`` inserts, from any thread. Raises TextsDamaged."""
        numbers = self.add_texts(files, changes)
        return Prepared(sequence, len(changes), self._projection.rows(changes, numbers))

    def add_texts(self, files: Attached, changes: Sequence[Change]) -> list[int | None]:
        """The number of each one's text; before its row, for columns never speak of a text that is not there. Raises
        TextsDamaged."""
        return files.texts.add([self._projection.searched_text(change) for change in changes])

    def prepare_elsewhere(
        self,
        changes: Sequence[Change],
        texts: Sequence[int | None],
        elsewhere: Elsewhere,
        turn: contextlib.AbstractContextManager[object] | None = None,
    ) -> Prepared:
        """What ``load`` inserts, from any thread. ``turn`` is taken to make it here; it may raise."""
        rows = rows_elsewhere(self._projection, changes, texts, elsewhere, turn)
        return Prepared(changes[-1].sequence, len(changes), rows)

    def load(self, files: Attached, batches: Iterable[Prepared]) -> tuple[int, int]:
        """Entries that are not there yet, in one transaction: how many, and the newest change. Nothing of no batch.

        DuckDB writes a row group that one transaction fills as it stays; what comes in smaller ones goes to the log,
        and is read and packed again by the checkpoint. Raises duckdb.Error and what ``batches`` raise.
        """
        changes = sequence = 0
        with self._transaction(files) as writer:
            for batch in batches:
                self._insert(writer, files, batch.rows)
                changes, sequence = changes + batch.changes, batch.sequence
            if changes:
                self._commit(writer, files, sequence)
        return changes, sequence

    @contextlib.contextmanager
    def _transaction(self, files: Attached) -> Iterator[duckdb.DuckDBPyConnection]:
        self._new_names, self._new_columns = [], []
        with self._instance.transaction() as writer:
            yield writer
        self._names.update(self._new_names)
        files.columns.update(self._new_columns)

    def _commit(self, writer: duckdb.DuckDBPyConnection, files: Attached, sequence: int) -> None:
        writer.execute(
            f"UPDATE {files.applied} SET sequence = ?, texts = ?", [sequence, files.texts.newest]
        )
        writer.execute("COMMIT")

    def _delete(
        self, writer: duckdb.DuckDBPyConnection, files: Attached, changes: Sequence[Change]
    ) -> list[int]:
        """The texts that the removed rows had."""
        gone = "SELECT unnest(from_json(?::JSON, '[\"UUID\"]'))"
        if files.zones.found() is None:
            files.zones.learn(writer.execute(files.zones.statement(files.table).sql).fetchall())
        within = files.zones.holding([change.uri for change in changes])
        rows = writer.execute(
            f'DELETE FROM {files.table} WHERE "Key" IN ({gone}) AND {within.sql} RETURNING "Text"',
            [self._projection.keys(changes)],
        ).fetchall()
        return [number for (number,) in rows if number is not None]

    def _insert(self, writer: duckdb.DuckDBPyConnection, files: Attached, rows: Insertion | None) -> None:
        if rows is not None:
            files.zones.widen(rows.batch, rows.uris)
            self._add_columns(writer, files, rows)
            columns = ", ".join(f'"{name}"' for name in rows.columns)
            writer.execute(
                f"INSERT INTO {files.table} ({columns}) SELECT {', '.join(rows.expressions)}",
                rows.parameters,
            )
            self._insert_names(writer, files, rows.tag_names)

    def _add_columns(self, writer: duckdb.DuckDBPyConnection, files: Attached, rows: Insertion) -> None:
        """Those that no file has had before. It takes 10 ms a column and million files."""
        held = files.columns.union(self._new_columns)
        for name in rows.columns:
            if name not in held:
                writer.execute(f'ALTER TABLE {files.table} ADD COLUMN "{name}" {COLUMNS[name]}')
                self._new_columns.append(name)

    def _insert_names(
        self, writer: duckdb.DuckDBPyConnection, files: Attached, names: frozenset[str]
    ) -> None:
        if self._names_of != files.alias:
            known = writer.execute(f"SELECT name FROM {files.tag_names}").fetchall()
            self._names, self._names_of = {name for (name,) in known}, files.alias
        known_now = self._names.union(self._new_names)
        new = sorted(names - known_now)[: MOST_TAG_NAMES - len(known_now)]
        if new:
            writer.execute(
                f"INSERT INTO {files.tag_names} SELECT unnest(from_json(?::JSON, '[\"VARCHAR\"]'))",
                [msgspec.json.encode(new).decode()],
            )
        self._new_names += new


def without_fields(change: Change, error: Exception) -> Change:
    """What is held of an entry that the columns refuse."""
    _log.warning(
        "an entry could not be indexed and is found by its URI alone", uri=change.uri, error=str(error)
    )
    if change.document is None:
        return change
    return msgspec.structs.replace(change, document=b"{}", text=None)
