"""Reads the entries of a record page by page, without opening it as a server does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from bindery.catalog.record.compression import Unpacking
from bindery.catalog.record.database import Connection
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import CatalogUnusable

_SQL = load_statements("files")
_PAGE_BYTES = 4 * 1024 * 1024
"""About as much of documents and texts as a page holds; one entry at least."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An entry as it was when it was read."""

    number: int
    """Of its newest change."""
    uri: str
    document: bytes
    """JSON of the File, as clients get it."""
    text: str | None
    """Of a document, when it was asked for."""


class ReadDataset(msgspec.Struct, frozen=True):
    """A dataset that is read. ``newest``: the number of its newest change."""

    id: int
    entries: int
    newest: int


class RecordReader:
    """For one thread. Each page is a statement of its own, so that the server beside is not held up."""

    def __init__(self, connection: Connection) -> None:
        """Raises CatalogUnusable."""
        self._connection = connection
        with _told():
            self._documents = Unpacking(lambda: connection)
            self.identity = str(connection.execute(_SQL.select_identity).fetchone()[0])
            """What tells this record from every other."""

    def find_dataset(self, project: str, dataset: str) -> ReadDataset | None:
        """None when there is none of these names."""
        row = self._connection.execute(
            _SQL.select_exported, {"project": project, "dataset": dataset}
        ).fetchone()
        return None if row is None else ReadDataset(*row)

    def entries_after(self, dataset_id: int, uri: str, limit: int, *, with_texts: bool) -> list[Entry]:
        """Up to ``limit`` entries with greater URIs, ascending by UTF-8 bytes; fewer when they are large, none at the
        end."""
        values = {"dataset_id": dataset_id, "after": uri, "limit": limit, "texts": int(with_texts)}
        page: list[Entry] = []
        size = 0
        with self._connection.stream(_SQL.export_page, values) as rows:
            for number, found, stored, text in rows:
                page.append(Entry(number, found, self._documents.unpack(stored), text))
                size += len(page[-1].document) + len(text or "")
                if size >= _PAGE_BYTES:
                    break
        return page


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise CatalogUnusable(
            f"the record was written by an earlier release ({error}); start the server once"
        ) from error
