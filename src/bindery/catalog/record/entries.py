"""File entries, and the numbered changes the index follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

import msgspec

from bindery.catalog.documents import DocumentWriter, merge_own, valid_unicode
from bindery.catalog.index.changes import Change, ChangePage
from bindery.catalog.query.values import INT64_MAX, MAX_TEXT
from bindery.catalog.record.compression import Compression
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.key_order import BEHIND_ALL, text_behind
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import Dataset, FileRecord, FileWrite, LimitExceeded, Limits, NotFound
from bindery.clock import now_ns
from bindery.file import File

_SQL = load_statements("files")
_BATCH_BYTES = 4 * 1024 * 1024
"""About as much of documents and texts as one batch of changes holds."""
_PURGE_PAGE = 5_000


class _Existing(msgspec.Struct, frozen=True, gc=False):
    own: bytes | None
    size: int
    create_time: int
    binding_id: int | None


class _Whole(msgspec.Struct):
    document: bytes
    own: bytes | None
    text: str | None
    size: int
    create_time: int
    binding_id: int | None


class Entries:
    """Rows of ``file``. Every write moves the row to a new sequence and keeps the counts of its dataset."""

    def __init__(self, database: Database, compression: Compression, account_id: str, zone: tzinfo) -> None:
        self._database = database
        self._compression = compression
        self._account_id = account_id
        self._zone = zone
        self.shared = database.servers.shared

    def write(
        self,
        connection: Connection,
        dataset: Dataset,
        files: Sequence[FileWrite],
        *,
        existing_only: bool = False,
    ) -> None:
        """Insert or replace entries. Raises LimitExceeded when a cap of the dataset would be passed."""
        newest = {write.uri: write for write in files}
        numbers = self._draw_numbers(connection, dataset.id, len(newest))
        existing = self._existing(connection, dataset.id, newest)
        if existing_only:
            newest = {uri: write for uri, write in newest.items() if uri in existing}
        writer = self._writer(dataset)
        now = now_ns()
        rows = [
            (next(numbers), *self._row(writer, write, existing.get(uri), now))
            for uri, write in newest.items()
        ]
        added = sum(row[6] for row in rows) - sum(before.size for before in existing.values())
        self._count(connection, dataset.id, len(rows) - len(existing), added, dataset.limits)
        connection.executemany(_SQL.insert_file, rows)

    def _row(
        self, writer: DocumentWriter, write: FileWrite, before: _Existing | None, now: int
    ) -> tuple[int, str, bytes, bytes | None, str | None, int, int, int | None]:
        created, own, binding_id = write.create_time or now, write.own, write.binding_id
        if before is not None:
            created, own = before.create_time, before.own
            binding_id = before.binding_id if binding_id is None else binding_id
        document = writer.write(write.uri, write.file, own, create_time=created, update_time=now)
        text = write.text if write.text is None else valid_unicode(write.text)
        size = max(0, min(write.file.size or 0, INT64_MAX))
        packed = self._compression.pack(document)
        return writer.dataset_id, write.uri, packed, own, text, size, created, binding_id

    def remove(self, connection: Connection, dataset_id: int, uris: Iterable[str]) -> None:
        """Leave a row without document in the place of each entry; absent ones are no error."""
        sought = list(dict.fromkeys(uris))
        numbers = self._draw_numbers(connection, dataset_id, len(sought))
        existing = self._existing(connection, dataset_id, sought)
        if existing:
            rows = [
                (next(numbers), dataset_id, uri, None, None, None, 0, before.create_time, None)
                for uri, before in existing.items()
            ]
            connection.executemany(_SQL.insert_file, rows)
            connection.executemany(_SQL.forget_explicit, [(dataset_id, uri) for uri in existing])
            removed = sum(before.size for before in existing.values())
            self._count(connection, dataset_id, -len(existing), -removed, None)

    def accept(self, connection: Connection, dataset: Dataset, uri: str, fields: bytes) -> None:
        """An entry that waits for its extraction, with the caller's fields. Raises LimitExceeded, InvalidFields."""
        row = self._whole(connection, dataset.id, uri)
        now = now_ns()
        if row is None:
            own = merge_own(None, fields)
            document = self._writer(dataset).write(
                uri, File(object_status="Indexing"), own, create_time=now, update_time=now
            )
            self._count(connection, dataset.id, 1, 0, dataset.limits)
            row = _Whole(document, own, None, 0, now, None)
        else:
            row.own = merge_own(row.own, fields)
            status = b'{"ObjectStatus":"Indexing"}'
            row.document = self._writer(dataset).overlay(row.document, row.own, status, update_time=now)
        connection.execute(_SQL.add_explicit, (dataset.id, uri))
        self._replace(connection, dataset.id, uri, row)

    def set_fields(self, connection: Connection, dataset: Dataset, uri: str, fields: bytes) -> None:
        """Merge the caller's own fields into an entry. Raises NotFound, LimitExceeded, InvalidFields."""
        row = self._whole(connection, dataset.id, uri)
        if row is None:
            raise NotFound("file")
        row.own = merge_own(row.own, fields)
        row.document = self._writer(dataset).overlay(row.document, row.own, update_time=now_ns())
        self._replace(connection, dataset.id, uri, row)

    def _whole(self, connection: Connection, dataset_id: int, uri: str) -> _Whole | None:
        values = {"dataset_id": dataset_id, "uri": uri}
        row = connection.execute(_SQL.select_whole, values).fetchone()
        if row is None or row[0] is None:
            return None
        return _Whole(self._compression.unpack(row[0]), *row[1:])

    def _replace(self, connection: Connection, dataset_id: int, uri: str, row: _Whole) -> None:
        packed = self._compression.pack(row.document)
        rest = (packed, row.own, row.text, row.size, row.create_time, row.binding_id)
        (number,) = self._draw_numbers(connection, dataset_id, 1)
        connection.execute(_SQL.insert_file, (number, dataset_id, uri, *rest))

    def _draw_numbers(self, connection: Connection, dataset_id: int, count: int) -> Iterator[int]:
        """Numbers for so many changes of a dataset, ascending; they need not all be used.

        First of all that a transaction does with entries: from here on no other one draws numbers of the dataset, so
        that they are committed in their order, and whoever follows them misses none.
        """
        row = connection.execute(_SQL.draw_numbers, {"id": dataset_id, "count": count}).fetchone()
        if row is None:
            raise NotFound("dataset")
        return iter(range(row[0] - count + 1, row[0] + 1))

    def _writer(self, dataset: Dataset) -> DocumentWriter:
        return DocumentWriter(self._account_id, dataset, self._zone)

    def get(self, dataset_id: int, uris: Sequence[str]) -> list[FileRecord]:
        """Those that exist, in the order asked."""
        reader = self._database.reader
        rows = (reader.execute(_SQL.select_document, (dataset_id, uri)).fetchone() for uri in uris)
        return [
            FileRecord(
                uri=row[0], document=self._compression.unpack(row[1]), sequence=row[2], binding_id=row[3]
            )
            for row in rows
            if row is not None
        ]

    def numbers(
        self, dataset_id: int, uris: Sequence[str], connection: Connection | None = None
    ) -> dict[str, int]:
        """The number of the newest change of each entry that exists."""
        connection = connection or self._database.reader
        rows = ((uri, connection.execute(_SQL.select_number, (dataset_id, uri)).fetchone()) for uri in uris)
        return {uri: int(row[0]) for uri, row in rows if row is not None}

    # ChangeSource

    def identity(self) -> str:
        """A random text that tells this record from every other."""
        return str(self._database.reader.execute(_SQL.select_identity).fetchone()[0])

    def newest_numbers(self) -> dict[int, int]:
        """The number of the newest committed change of each dataset."""
        return dict(self._database.reader.execute(_SQL.newest_numbers).fetchall())

    def newest(self, dataset_id: int) -> int:
        """The number of the newest change of a dataset that is still known; 0 when there is none."""
        values = {"dataset_id": dataset_id}
        return int(self._database.reader.execute(_SQL.newest_change, values).fetchone()[0])

    def count(self, dataset_id: int) -> int:
        """How many changes of a dataset are known."""
        values = {"dataset_id": dataset_id}
        return int(self._database.reader.execute(_SQL.count_changes, values).fetchone()[0])

    def changes_after(self, dataset_id: int, sequence: int, limit: int) -> ChangePage:
        """Changes of a dataset with greater numbers, ascending: up to ``limit``, fewer when they are large."""
        values = {"dataset_id": dataset_id, "sequence": sequence, "limit": limit + 1}
        changes: list[Change] = []
        size = 0
        with self._database.reader.stream(_SQL.changes_after, values) as rows:
            for number, of, uri, stored, text, is_new in rows:
                if len(changes) == limit or size >= _BATCH_BYTES:
                    return ChangePage(changes, is_last=False)
                document = None if stored is None else self._compression.unpack_new(stored)
                changes.append(Change(number, of, uri, document, text, bool(is_new)))
                size += changes[-1].size
        return ChangePage(changes, is_last=True)

    def documents(self, dataset_id: int, uris: Sequence[str], most_bytes: int) -> tuple[list[bytes], int]:
        """Documents of those entries that exist, in the order asked, until they have so many bytes; and of how
        many URIs that is."""
        found: list[bytes] = []
        size = 0
        for looked, uri in enumerate(uris):
            if size >= most_bytes:
                return found, looked
            for record in self.get(dataset_id, [uri]):
                found.append(record.document)
                size += len(record.document)
        return found, len(uris)

    def uris(self, dataset_id: int, prefix: str, after: str, limit: int) -> list[str]:
        """Of entries whose URI starts with ``prefix``, behind ``after``, in the order of their UTF-8 bytes."""
        values = {
            "dataset_id": dataset_id,
            "first": after or prefix,
            "after": after,
            "behind": text_behind(prefix) or BEHIND_ALL,
            "limit": limit,
        }
        return [uri for (uri,) in self._database.reader.execute(_SQL.uris_behind, values).fetchall()]

    def searched(self, dataset_id: int, uri: str) -> Change | None:
        """The newest state of an entry, its document only when it is large; None for an unknown one."""
        values = {"dataset_id": dataset_id, "uri": uri}
        row = self._database.reader.execute(_SQL.select_searched, values).fetchone()
        if row is None:
            return None
        sequence, _, _, stored, text = row
        is_large = stored is not None and self._compression.unpacked_size(stored) > MAX_TEXT
        return Change(
            sequence, dataset_id, uri, self._compression.unpack(stored) if is_large else None, text
        )

    def check_dataset(self, dataset_id: int) -> None:
        """Raises NotFound."""
        if self._database.reader.execute(_SQL.has_dataset, {"id": dataset_id}).fetchone() is None:
            raise NotFound("dataset")

    def purge_tombstones(self, dataset_id: int, sequence: int) -> None:
        """Forget removed entries up to ``sequence``, a page at a time, so that no writer waits for long; where the
        record is shared those that the indexes of all servers have seen."""
        values = {"dataset_id": dataset_id, "sequence": sequence, "limit": _PURGE_PAGE}
        while self._database.reader.execute(_SQL.has_tombstones, values).fetchone()[0]:
            with self._database.transaction(alone=False) as connection:
                if self.shared and not self._seen_by_all(connection, values):
                    return
                connection.execute(_SQL.set_purged, values)
                connection.execute(_SQL.purge_tombstones, values)

    def _seen_by_all(self, connection: Connection, values: dict[str, int]) -> bool:
        """Note how far the index of this server has come; ``values`` get the number that none is behind."""
        connection.execute(_SQL.note_position, values | {"server": self._database.servers.id})
        seen = connection.execute(_SQL.least_position, values).fetchone()[0]
        values["sequence"] = min(values["sequence"], seen)
        return bool(connection.execute(_SQL.has_tombstones, values).fetchone()[0])

    def purged_sequence(self, dataset_id: int) -> int:
        """Removed entries of a dataset up to this sequence are forgotten."""
        values = {"dataset_id": dataset_id}
        row = self._database.reader.execute(_SQL.select_purged, values).fetchone()
        return 0 if row is None else int(row[0])

    def _existing(
        self, connection: Connection, dataset_id: int, uris: Iterable[str]
    ) -> dict[str, _Existing]:
        rows = (
            (uri, connection.execute(_SQL.select_existing, (dataset_id, uri)).fetchone()) for uri in uris
        )
        return {uri: _Existing(*row) for uri, row in rows if row is not None}

    def _count(
        self, connection: Connection, dataset_id: int, count: int, size: int, limits: Limits | None
    ) -> None:
        """Raises LimitExceeded when the dataset grows beyond one of ``limits``."""
        files, total = connection.execute(_SQL.select_counts, {"id": dataset_id}).fetchone()
        files, total = files + count, total + size
        if limits is not None and count > 0 and files > limits.dataset_max_file_count:
            raise LimitExceeded("DatasetMaxFileCount")
        if limits is not None and size > 0 and total > limits.dataset_max_total_file_size:
            raise LimitExceeded("DatasetMaxTotalFileSize")
        connection.execute(_SQL.set_counts, {"id": dataset_id, "files": files, "total": total})
