"""The ledger: what was last seen of each object of a binding, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from bindery.catalog.records import LedgerEntry, LedgerFilter, LedgerPage


class Ledger(Protocol):
    """One row an object and binding; rows are written by ``Bindings.commit``."""

    def walk(self, binding_id: int, *, after: str = "", prefix: str = "") -> Iterator[list[LedgerEntry]]:
        """Pages ascending by the UTF-8 bytes of the key, tombstones included; changes made meanwhile may or
        may not show."""

    def walk_outside(self, binding_id: int, prefixes: Sequence[str]) -> Iterator[list[LedgerEntry]]:
        """Pages of the rows whose keys start with none of ``prefixes``, which ascend and do not nest."""

    def get(self, binding_id: int, keys: Sequence[str]) -> dict[str, LedgerEntry]:
        """Rows by key; absent ones are left out."""

    def mark(self, binding_id: int, keys: Sequence[str]) -> int:
        """Forget which version rows speak of, so that their objects are extracted again; outcomes, and
        with them the books, stay until then. The number of rows; absent ones and tombstones are passed over."""

    def count_below(self, binding_id: int, prefix: str, *, limit: int) -> int:
        """How many rows whose keys start with ``prefix`` stand for entries; counting ends at ``limit``."""

    def renamed(self, binding_id: int, keys: Sequence[str], *, since: int) -> set[str]:
        """Those of ``keys`` whose files (``file_id``, version) were settled under another key at ``since`` or later."""

    def list(
        self, binding_id: int, chosen: LedgerFilter, *, after: str = "", limit: int = 1_000
    ) -> LedgerPage:
        """Up to ``limit`` rows that pass the filter, behind the key ``after``, ascending by key.

        What it costs is bounded: a page may be short or empty where few of very many rows pass.
        """
