"""Entries of a dataset: each call one transaction, announced in it, and followed by the index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bindery.catalog.documents import summarize
from bindery.catalog.record.announcing import Announcing
from bindery.catalog.record.compression import Compression
from bindery.catalog.record.database import Database
from bindery.catalog.record.datasets import Datasets
from bindery.catalog.record.entries import Entries
from bindery.catalog.record.index_calls import IndexCalls
from bindery.catalog.record.key_order import BEHIND_ALL, text_behind
from bindery.catalog.record.row_locks import lock_dataset
from bindery.catalog.record.statements import load_statements
from bindery.catalog.record.usage import Usage
from bindery.catalog.records import FileRecord, FileSummary, FileWrite, IndexCall

_SQL = load_statements("files")
_PAGE = 1_000


class Files:
    """Implements ``interface.files.Files``. ``written`` hears of each transaction that may change entries."""

    def __init__(
        self,
        database: Database,
        compression: Compression,
        datasets: Datasets,
        entries: Entries,
        calls: IndexCalls,
        announcing: Announcing,
        usage: Usage,
        written: Callable[[], None],
    ) -> None:
        self._database = database
        self._compression = compression
        self._datasets = datasets
        self._entries = entries
        self._calls = calls
        self._announcing = announcing
        self._usage = usage
        self._written = written

    def accept(
        self, dataset_id: int, files: Sequence[tuple[str, bytes]], call: IndexCall | None = None
    ) -> None:
        """Raises NotFound, LimitExceeded, InvalidFields."""
        with self._database.transaction(alone=False) as connection:
            lock_dataset(self._database, connection, dataset_id)
            dataset = self._datasets.get_by_id(dataset_id, connection)
            for uri, fields in files:
                self._entries.accept(connection, dataset, uri, fields)
            if call is not None:
                self._calls.add(connection, dataset_id, call)
        self._written()

    def awaited(self, dataset_id: int) -> list[str]:
        """URIs for which an accepted call still waits."""
        return self._calls.awaited(dataset_id)

    def write(
        self,
        dataset_id: int,
        files: Sequence[FileWrite],
        *,
        existing_only: bool = False,
        upon: Mapping[str, int] | None = None,
    ) -> frozenset[str]:
        """Raises NotFound, LimitExceeded."""
        overtaken: frozenset[str] = frozenset()
        with self._database.transaction(alone=False) as connection:
            lock_dataset(self._database, connection, dataset_id)
            dataset = self._datasets.get_by_id(dataset_id, connection)
            if upon is not None:
                now = self._entries.numbers(dataset_id, [write.uri for write in files], connection)
                overtaken = frozenset(uri for uri, number in now.items() if number != upon.get(uri))
                files = [write for write in files if write.uri not in overtaken]
            self._entries.write(connection, dataset, files, existing_only=existing_only)
            self._usage.add_runs(connection, dataset.project_name, files)
            errors = {write.uri: write.file.reason or "" for write in files}
            self._announcing.calls_ended(connection, self._calls.settle(connection, dataset_id, errors))
        self._written()
        return overtaken

    def numbers(self, dataset_id: int, uris: Sequence[str]) -> dict[str, int]:
        """The number of the newest change of each entry that exists."""
        return self._entries.numbers(dataset_id, uris)

    def set_fields(self, dataset_id: int, uri: str, fields: bytes) -> None:
        """Raises NotFound, LimitExceeded, InvalidFields."""
        with self._database.transaction(alone=False) as connection:
            lock_dataset(self._database, connection, dataset_id)
            dataset = self._datasets.get_by_id(dataset_id, connection)
            self._entries.set_fields(connection, dataset, uri, fields)
        self._written()

    def get(self, dataset_id: int, uris: Sequence[str]) -> list[FileRecord]:
        """Those that exist, in the order asked."""
        return self._entries.get(dataset_id, uris)

    def delete(self, dataset_id: int, uris: Sequence[str]) -> None:
        """Absent entries are no error."""
        with self._database.transaction(alone=False) as connection:
            self._entries.remove(connection, dataset_id, uris)
        self._written()

    def walk(self, dataset_id: int, prefix: str) -> Iterator[list[FileSummary]]:
        """Pages of the entries whose URI starts with ``prefix``, ascending by the UTF-8 bytes of the URI."""
        after = prefix
        while True:
            values = {
                "dataset_id": dataset_id,
                "after": after,
                "behind": text_behind(prefix) or BEHIND_ALL,
                "limit": _PAGE,
            }
            page = self._page(values)
            if page:
                yield page
            if len(page) < _PAGE:
                return
            after = page[-1].uri

    def _page(self, values: dict[str, Any]) -> list[FileSummary]:
        """Row by row, for a thousand documents may be gigabytes."""
        with self._database.reader.stream(_SQL.walk_files, values) as rows:
            return [summarize(uri, self._compression.unpack(stored), made) for uri, stored, made in rows]
