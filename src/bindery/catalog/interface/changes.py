"""Keys that events have named, kept until each was dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bindery.catalog.records import PendingChange


class Changes(Protocol):
    """One row a binding and key; deleting a binding forgets its own."""

    def add(self, keys: Mapping[int, Iterable[str]]) -> None:
        """Keys by binding id, each kept once; bindings that are gone are passed over."""

    def pending(self, binding_id: int, *, after: int, limit: int) -> list[PendingChange]:
        """Ascending by sequence, which is the order of their first events."""

    def settle(self, binding_id: int, changes: Sequence[PendingChange]) -> list[PendingChange]:
        """These were dealt with. Returns those that stay, as events have named them again meanwhile."""

    def oldest(self, binding_id: int) -> int | None:
        """Since when the oldest waits. Never blocks, where the record is not shared."""

    def waiting(self) -> list[int]:
        """Bindings of which any key waits."""
