"""What removed entries leave behind, until their grace is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bindery.catalog.records import Binding, KnownFile, SoughtFile


class Tombstones(Protocol):
    """Written by ``Bindings.commit`` for the entries it removes."""

    def find(
        self, binding: Binding, sought: Sequence[SoughtFile], *, buried_since: int
    ) -> dict[str, KnownFile]:
        """By key, for objects without entry: the same version of the key that was removed after
        ``buried_since``, else an object of the binding with the same content and extension, live or removed."""

    def purge(self, binding_id: int, *, before: int, limit: int) -> int:
        """Forget what entries removed at ``before`` or earlier left, up to ``limit``; how many they were."""
