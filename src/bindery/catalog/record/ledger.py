"""The ledger: what was last seen of each object of a binding, and what came of it."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.key_order import BEHIND_ALL, text_behind
from bindery.catalog.record.row_locks import lock_bindings
from bindery.catalog.record.statements import Statement, load_statements
from bindery.catalog.records import LedgerEntry, LedgerFilter, LedgerPage, Outcome

_SQL = load_statements("ledger")
_PAGE = 5_000
_FILTERED_PAGE = 1_000
MOST_LOOKED_THROUGH = 50_000
"""Rows that one page of a filter without index costs: about 50 ms."""
_OUTSIDE_PAGE = 500
_LAST_CHARACTER = "\U0010ffff"
_UNSETTLED = (Outcome.FAILED, Outcome.PENDING, Outcome.EXCLUDED)
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class Ledger:
    """Rows of ``ledger``, clustered by binding and key. Implements ``interface.ledger.Ledger``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, connection: Connection, binding_id: int, entries: Iterable[LedgerEntry]) -> None:
        """Insert or replace rows."""
        connection.executemany(_SQL.put_ledger, (_row(binding_id, entry) for entry in entries))

    def bury(self, connection: Connection, binding_id: int, keys: Iterable[str], now: int) -> None:
        """Make tombstones of rows; absent ones are no error."""
        connection.executemany(_SQL.bury_ledger, ((now, binding_id, key) for key in keys))

    def drop(self, connection: Connection, binding_id: int, keys: Iterable[str]) -> None:
        """Forget rows; absent ones are no error."""
        connection.executemany(_SQL.drop_ledger, ((binding_id, key) for key in keys))

    def forget_versions(self, connection: Connection, binding_id: int, keys: Iterable[str]) -> None:
        """As ``mark``, within a transaction."""
        connection.executemany(_SQL.mark_row, ((binding_id, key) for key in keys))

    def walk(self, binding_id: int, *, after: str = "", prefix: str = "") -> Iterator[list[LedgerEntry]]:
        """Pages ascending by the UTF-8 bytes of the key, tombstones included."""
        if prefix and after < prefix:
            yield from self._pages(binding_id, prefix, prefix, including_start=True)
        else:
            yield from self._pages(binding_id, after, prefix, including_start=False)

    def _pages(
        self, binding_id: int, start: str, prefix: str, *, including_start: bool
    ) -> Iterator[list[LedgerEntry]]:
        reader = self._database.reader
        if including_start:
            first = list(self.get(binding_id, [start]).values())
            if first:
                yield first
        while True:
            values = {"binding_id": binding_id, "after": start, "limit": _PAGE}
            page = [ledger_entry(row) for row in reader.execute(_SQL.walk_ledger, values).fetchall()]
            wanted = [entry for entry in page if entry.key.startswith(prefix)] if prefix else page
            if wanted:
                yield wanted
            if len(page) < _PAGE or len(wanted) < len(page):
                return
            start = page[-1].key

    def walk_outside(self, binding_id: int, prefixes: Sequence[str]) -> Iterator[list[LedgerEntry]]:
        """Pages of the rows whose keys start with none of ``prefixes``; what lies below them is skipped."""
        reader, within = self._database.reader, tuple(prefixes)
        values: dict[str, int | str] = {"binding_id": binding_id, "after": "", "limit": _OUTSIDE_PAGE}
        while page := [ledger_entry(row) for row in reader.execute(_SQL.walk_ledger, values).fetchall()]:
            last = page[-1].key
            outside = [entry for entry in page if not entry.key.startswith(within)]
            if outside:
                yield outside
            prefix = next((prefix for prefix in within if last.startswith(prefix)), "")
            values["after"] = max(last, prefix + _LAST_CHARACTER) if prefix else last

    def get(self, binding_id: int, keys: Sequence[str]) -> dict[str, LedgerEntry]:
        """Rows by key; absent ones are left out."""
        reader = self._database.reader
        rows = (reader.execute(_SQL.select_ledger, (binding_id, key)).fetchone() for key in keys)
        return {row[0]: ledger_entry(row[:-1], row[-1]) for row in rows if row is not None}

    def mark(self, binding_id: int, keys: Sequence[str]) -> int:
        """Forget which version the rows of ``keys`` speak of; how many there were, without tombstones."""
        with self._database.transaction(alone=False) as connection:
            lock_bindings(self._database, connection, [binding_id])
            return sum(connection.execute(_SQL.mark_row, (binding_id, key)).rowcount for key in keys)

    def count_below(self, binding_id: int, prefix: str, *, limit: int) -> int:
        """How many rows below a prefix stand for entries, counted up to ``limit``."""
        values = {
            "binding_id": binding_id,
            "first": prefix,
            "behind": text_behind(prefix) or BEHIND_ALL,
            "limit": limit,
        }
        count: int = self._database.reader.execute(_SQL.count_below, values).fetchone()[0]
        return count

    def renamed(self, binding_id: int, keys: Sequence[str], *, since: int) -> set[str]:
        """Those of ``keys`` whose files were settled under another key at ``since`` or later."""
        reader = self._database.reader
        same = {"binding_id": binding_id, "since": since}
        return {
            key
            for key in keys
            if reader.execute(_SQL.is_renamed, {**same, "key": key}).fetchone() is not None
        }

    def list(
        self, binding_id: int, chosen: LedgerFilter, *, after: str = "", limit: int = _FILTERED_PAGE
    ) -> LedgerPage:
        """Up to ``limit`` rows that pass the filter, behind the key ``after``, ascending by key."""
        reason = chosen.reason or ""
        values = {
            "binding_id": binding_id,
            "after": after,
            "first": max(after, chosen.prefix),
            "behind": text_behind(chosen.prefix) or BEHIND_ALL,
            "code": reason if reason and not reason.endswith("*") else None,
            "code_prefix": reason[:-1] if reason.endswith("*") else None,
            "version_below": chosen.extractor_version_below,
            "limit": limit,
        }
        if chosen.outcome in _UNSETTLED:
            return self._unsettled(values, [chosen.outcome], limit)
        if reason not in ("", "*") and chosen.outcome is None:  # only these two have reasons, and an index
            return self._unsettled(values, [Outcome.FAILED, Outcome.PENDING], limit)
        return self._looked_through(values, chosen.outcome, limit)

    def _unsettled(self, values: dict[str, Any], outcomes: Sequence[Outcome], limit: int) -> LedgerPage:
        """Rows of outcomes that have an index; what else the filter asks for is looked through up to a bound."""
        last: str | None = None
        if any(values[name] is not None for name in ("code", "code_prefix", "version_below")):
            asked = ({**values, "outcome": outcome.value} for outcome in outcomes)
            ends = filter(None, (self._horizon(_SQL.select_unsettled_horizon, each) for each in asked))
            last, values["behind"] = min(ends, key=lambda end: end[1], default=(None, values["behind"]))
        found: builtins.list[LedgerEntry] = []
        for outcome in outcomes:
            asked_of = {**values, "outcome": outcome.value}
            rows = self._database.reader.execute(_SQL.select_unsettled, asked_of).fetchall()
            found += map(ledger_entry, rows)
        found.sort(key=lambda entry: entry.key)
        if last is not None and found:  # of another outcome, between the last key of this one and the pause
            last = max(last, found[-1].key)
        return _page(found, limit, last)

    def _looked_through(self, values: dict[str, Any], outcome: Outcome | None, limit: int) -> LedgerPage:
        """Rows without an index for what is asked: up to a bound, and the next page goes on there."""
        last: str | None = None
        if (end := self._horizon(_SQL.select_horizon, values)) is not None:
            last, values["behind"] = end
        values["outcome"] = None if outcome is None else outcome.value
        rows = self._database.reader.execute(_SQL.select_filtered, values).fetchall()
        return _page([ledger_entry(row) for row in rows], limit, last)

    def _horizon(self, statement: Statement, values: dict[str, Any]) -> tuple[str, str] | None:
        """Where looking through pauses: the last key before, and the one behind; None when the end comes sooner."""
        asked = {**values, "rows": MOST_LOOKED_THROUGH - 1}
        ends = self._database.reader.execute(statement, asked).fetchall()
        return (ends[0][0], ends[1][0]) if len(ends) > 1 else None


def _page(rows: list[LedgerEntry], limit: int, last: str | None) -> LedgerPage:
    shown = rows[:limit]
    return LedgerPage(shown, shown[-1].key if shown and len(shown) == limit else last)


def _row(binding_id: int, entry: LedgerEntry) -> tuple[int | str, ...]:
    return (
        binding_id,
        entry.key,
        entry.etag,
        entry.size,
        entry.modified_ns,
        entry.outcome.value,
        entry.reason,
        entry.attempts,
        entry.extractor_version,
        entry.seen_time,
        entry.outcome_time,
        entry.file_id,
    )


def ledger_entry(
    row: tuple[str, str, int, int, str, str, int, int, int, int], file_id: str = ""
) -> LedgerEntry:
    """A row as the statements select it."""
    key, etag, size, modified_ns, outcome, reason, attempts, version, seen, settled = row
    return LedgerEntry(
        key=key,
        etag=etag,
        size=size,
        modified_ns=modified_ns,
        outcome=_OUTCOMES[outcome],
        reason=reason,
        attempts=attempts,
        extractor_version=version,
        seen_time=seen,
        outcome_time=settled,
        file_id=file_id,
    )
