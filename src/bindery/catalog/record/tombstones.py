"""What removed entries leave behind, and entries found by the version or the content of their objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bindery.catalog.record.compression import Compression
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.row_locks import lock_bindings
from bindery.catalog.record.statements import list_parameter, load_statements
from bindery.catalog.records import Binding, KnownFile, SoughtFile

_SQL = load_statements("tombstones")


class Tombstones:
    """Rows of ``buried``: documents of removed entries until their grace is over.

    Implements ``interface.tombstones.Tombstones``.
    """

    def __init__(self, database: Database, compression: Compression) -> None:
        self._database = database
        self._compression = compression

    def bury(self, connection: Connection, binding: Binding, keys: Iterable[str], now: int) -> None:
        """Keep what entries hold; to be called while entry and ledger row are still there."""
        same = {"binding_id": binding.id, "dataset_id": binding.dataset_id, "now": now}
        rows = ({**same, "key": key, "uri": f"{binding.uri}/{key}"} for key in keys)
        connection.executemany(_SQL.bury_entry, rows)

    def find(
        self, binding: Binding, sought: Sequence[SoughtFile], *, buried_since: int
    ) -> dict[str, KnownFile]:
        """By key: the same version buried after that time, else the same content elsewhere, live or buried."""
        reader = self._database.reader
        same = {
            "binding_id": binding.id,
            "dataset_id": binding.dataset_id,
            "bucket_uri": binding.uri,
            "since": buried_since,
        }
        found: dict[str, KnownFile] = {}
        known_etags = self._known_etags(sought)
        for wanted in sought:
            if wanted.etag not in known_etags:
                continue
            values = same | {
                "key": wanted.key,
                "uri": f"{binding.uri}/{wanted.key}",
                "etag": wanted.etag,
                "size": wanted.size,
                "file_id": wanted.file_id,
            }
            known = self._find(reader, wanted, values)
            if known is not None and reader.execute(_SQL.has_entry, values).fetchone() is None:
                found[wanted.key] = known
        return found

    def _find(self, reader: Connection, wanted: SoughtFile, values: dict[str, Any]) -> KnownFile | None:
        row = reader.execute(_SQL.find_version, values).fetchone()
        if row is not None:
            return self._known(row)
        if not wanted.by_content:
            return None
        for statement in (_SQL.find_live, _SQL.find_buried):
            for row in reader.execute(statement, values).fetchall():
                if row[0] != wanted.key and _extension(row[0]) == _extension(wanted.key):
                    return self._known(row)
        return None

    def _known(self, row: Any) -> KnownFile:
        key, stored, *rest = row
        return KnownFile(key, self._compression.unpack(stored), *rest)

    def _known_etags(self, sought: Sequence[SoughtFile]) -> set[str]:
        """All are looked up in one statement, since most objects of a first scan are unknown."""
        etags = list_parameter("etags", [wanted.etag for wanted in sought])
        return {row[0] for row in self._database.reader.execute(_SQL.known_etags, etags).fetchall()}

    def purge(self, binding_id: int, *, before: int, limit: int) -> int:
        """Forget up to ``limit`` that were buried at ``before`` or earlier; how many they were."""
        values = {"binding_id": binding_id, "before": before, "limit": limit}
        with self._database.transaction(alone=False) as connection:
            lock_bindings(self._database, connection, [binding_id])
            rows = connection.execute(_SQL.purge_ledger, values).rowcount
            return max(rows, connection.execute(_SQL.purge_buried, values).rowcount)


def _extension(key: str) -> str:
    """The file extension in lower case; empty when there is none."""
    return key.rpartition("/")[2].rpartition(".")[2].lower() if "." in key.rpartition("/")[2] else ""
