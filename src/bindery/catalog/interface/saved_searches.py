"""Searches that somebody has given a name."""

from __future__ import annotations

import builtins
from typing import Protocol

import msgspec

MOST_SAVED = 100
"""Of one owner in a dataset."""


class SavedSearch(msgspec.Struct, frozen=True):
    """``expression`` is in the query language, or plain words."""

    name: str
    expression: str
    update_time: int


class SavedSearches(Protocol):
    """A few rows for each owner, the id of an account, user or role, and dataset, with which they go."""

    def put(self, dataset_id: int, owner: str, search: SavedSearch, *, previous: str = "") -> None:
        """Save it, in place of one of this name; with ``previous`` that one gets the new name.

        Raises NotFound for the dataset and for ``previous``, AlreadyExists when another one has the new name,
        LimitExceeded beyond ``MOST_SAVED``.
        """

    def list(self, dataset_id: int, owner: str) -> builtins.list[SavedSearch]:
        """All of them, ascending by name."""

    def delete(self, dataset_id: int, owner: str, name: str) -> None:
        """Raises NotFound."""
