"""Batches of changes on their way into the files of a dataset, and texts that are taken behind them."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import msgspec
import structlog

from bindery.catalog.index.changes import Change, ChangeSource
from bindery.catalog.index.dataset_files import Attached
from bindery.catalog.index.instance import Instance
from bindery.catalog.index.projection import Projection

_log = structlog.get_logger(__name__)


class BatchWriter:
    """For one thread at a time and dataset."""

    def __init__(self, instance: Instance, projection: Projection) -> None:
        self._instance = instance
        self._projection = projection

    def write(self, files: Attached, changes: Sequence[Change], sequence: int, *, fresh: bool) -> None:
        """One transaction; ``sequence`` is applied with it. ``fresh`` entries are not there yet.

        Raises duckdb.Error, TextsDamaged.
        """
        # The texts first: columns never speak of a text that is not there.
        numbers = files.texts.add([self._projection.searched_text(change) for change in changes])
        released: list[int] = []
        with self._instance.transaction() as writer:
            if changes and not fresh:
                released = self._delete(writer, files, changes)
            self._insert(writer, files, changes, numbers)
            writer.execute(
                f"UPDATE {files.applied} SET sequence = ?, texts = ?", [sequence, files.texts.newest]
            )
            writer.execute("COMMIT")
        files.texts.release(released)

    def _delete(
        self, writer: duckdb.DuckDBPyConnection, files: Attached, changes: Sequence[Change]
    ) -> list[int]:
        """The texts that the removed rows had."""
        gone = "SELECT unnest(from_json(?::JSON, '[\"UUID\"]'))"
        rows = writer.execute(
            f'DELETE FROM {files.table} WHERE "Key" IN ({gone}) RETURNING "Text"',
            [self._projection.keys(changes)],
        ).fetchall()
        return [number for (number,) in rows if number is not None]

    def _insert(
        self,
        writer: duckdb.DuckDBPyConnection,
        files: Attached,
        changes: Sequence[Change],
        texts: Sequence[int | None],
    ) -> None:
        rows = self._projection.rows(changes, texts)
        if rows is not None:
            columns = ", ".join(f'"{name}"' for name in rows.columns)
            writer.execute(
                f"INSERT INTO {files.table} ({columns}) SELECT {', '.join(rows.expressions)}",
                rows.parameters,
            )


def without_fields(change: Change, error: Exception) -> Change:
    """What is held of an entry that the columns refuse."""
    _log.warning(
        "an entry could not be indexed and is found by its URI alone", uri=change.uri, error=str(error)
    )
    if change.document is None:
        return change
    return msgspec.structs.replace(change, document=b"{}", text=None)


class WaitingTexts:
    """Finds the texts that wait, by the files that have them, and forgets those that no file has."""

    def __init__(
        self, instance: Instance, source: ChangeSource, projection: Projection, dataset_id: int
    ) -> None:
        self._instance = instance
        self._source = source
        self._projection = projection
        self._dataset_id = dataset_id

    def tidy(self, files: Attached) -> None:
        """Look through one part of which much was given up. Nobody may write or ask meanwhile."""
        found = files.texts.given_up()
        if found is None:
            return
        part, numbers = found
        needed = self._needed(files, numbers)
        files.texts.tidy(part, [number for number in numbers if number not in needed])

    def _needed(self, files: Attached, numbers: Sequence[int]) -> set[int]:
        if not numbers:
            return set()
        with self._instance.cursor() as cursor:
            # Numbers ascend with the rows, so that a range of them is found without reading the whole column.
            rows = cursor.execute(
                f'SELECT DISTINCT "Text" FROM {files.table} WHERE "Text" BETWEEN ? AND ?',
                [numbers[0], numbers[-1]],
            ).fetchall()
        return {number for (number,) in rows}

    def take(
        self, files: Attached, most_characters: int, *, forget: bool
    ) -> tuple[list[tuple[int, str]], int]:
        """Texts by number, and how many were forgotten, for which nobody may ask meanwhile."""
        numbers = files.texts.waiting(most_characters)
        if not numbers:
            return [], 0
        with self._instance.cursor() as cursor:
            rows = cursor.execute(
                f'SELECT "Text", min("URI") FROM {files.table} WHERE "Text" BETWEEN ? AND ?'
                """ AND "Text" IN (SELECT unnest(from_json(?::JSON, '["BIGINT"]'))) GROUP BY "Text" """,
                [min(numbers), max(numbers), msgspec.json.encode(numbers).decode()],
            ).fetchall()
        uris = dict(rows)
        gone = [number for number in numbers if number not in uris]
        if gone and forget:
            files.texts.forget(gone)
        found = [(number, self._text_of(uri)) for number, uri in uris.items()]
        return [(number, text) for number, text in found if text], len(gone) if forget else 0

    def _text_of(self, uri: str) -> str | None:
        change = self._source.searched(self._dataset_id, uri)
        return None if change is None else self._projection.searched_text(change)
