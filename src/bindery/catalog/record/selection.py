"""Parts of ledger and dataset, read in pages so that memory stays flat: by filter, or below a prefix."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from bindery.catalog.documents import summarize
from bindery.catalog.record.database import Database
from bindery.catalog.record.ledger import ledger_entry
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import FileSummary, LedgerEntry, LedgerFilter

_SQL = load_statements("selection")
_PAGE = 1_000
_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF


class Selection:
    """Reads rows of ``ledger`` and ``file``, and marks rows of the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ledger(
        self, binding_id: int, chosen: LedgerFilter, *, after: str = "", limit: int = _PAGE
    ) -> list[LedgerEntry]:
        """Up to ``limit`` rows that pass the filter, behind ``after``, ascending by key."""
        reason = chosen.reason or ""
        values = {
            "binding_id": binding_id,
            "after": after,
            "first": chosen.prefix or None,
            "behind": text_behind(chosen.prefix),
            "outcome": None if chosen.outcome is None else chosen.outcome.value,
            "code": reason if reason and not reason.endswith("*") else None,
            "code_prefix": reason[:-1] if reason.endswith("*") else None,
            "version_below": chosen.extractor_version_below,
            "limit": limit,
        }
        rows = self._database.reader.execute(_SQL.select_filtered, values).fetchall()
        return [ledger_entry(row) for row in rows]

    def mark(self, connection: sqlite3.Connection, binding_id: int, keys: Iterable[str]) -> int:
        """Forget which version the rows of ``keys`` speak of; how many there were, without tombstones."""
        return sum(connection.execute(_SQL.mark_row, (binding_id, key)).rowcount for key in keys)

    def files(self, dataset_id: int, prefix: str) -> Iterator[list[FileSummary]]:
        """Pages of the entries whose URI starts with ``prefix``, ascending by the UTF-8 bytes of the URI."""
        after = prefix
        while True:
            values = {
                "dataset_id": dataset_id,
                "after": after,
                "behind": text_behind(prefix),
                "limit": _PAGE,
            }
            rows = self._database.reader.execute(_SQL.walk_files, values).fetchall()
            if rows:
                yield [summarize(*row) for row in rows]
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]


def text_behind(prefix: str) -> str | None:
    """The least text, by UTF-8 bytes, behind all that start with ``prefix``; None when there is none."""
    stem = prefix.rstrip(chr(_LAST))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
