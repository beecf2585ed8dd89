"""Roles, which users and services assume for a while."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Protocol

from bindery.catalog.access_records import Role


class Roles(Protocol):
    """The roles of the account. Every change raises ``AccessRecord.access_version``."""

    def create(self, role: Role) -> Role:
        """With an id. Raises EntityExists, EntityLimitExceeded."""

    def get(self, name: str) -> Role:
        """Raises EntityNotFound."""

    def get_by_id(self, role_id: str) -> Role:
        """Raises EntityNotFound."""

    def update(self, name: str, change: Callable[[Role], Role]) -> Role:
        """Read, change and write in one transaction; the name stays. Raises EntityNotFound."""

    def delete(self, name: str) -> None:
        """Raises EntityNotFound, and DeleteConflict while it has a policy."""

    def list(
        self, *, tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> builtins.list[Role]:
        """Those that carry all of ``tags``, ascending by name."""

    def count(self) -> int:
        """How many there are."""
