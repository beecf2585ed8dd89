"""Roles."""

from __future__ import annotations

import builtins
from collections.abc import Callable

from msgspec.structs import replace

from bindery.catalog.access_records import Role
from bindery.catalog.record.access import Access, carries, make_number_id
from bindery.catalog.record.entities import Entities

MAX_ROLES = 1_000


class Roles(Entities[Role]):
    """Rows of ``role``. Implements ``interface.roles.Roles``."""

    def __init__(self, access: Access) -> None:
        super().__init__(
            access, Role, most=MAX_ROLES, make_id=lambda: make_number_id("3"), conflicts=("Policy",)
        )

    def get_by_id(self, role_id: str) -> Role:
        """Raises EntityNotFound."""
        return self._read(
            self._access.reader.execute(self._sql.select_role_by_id, {"id": role_id}).fetchone()
        )

    def update(self, name: str, change: Callable[[Role], Role]) -> Role:
        """A role keeps its name. Raises EntityNotFound."""
        return super().update(name, lambda held: replace(change(held), name=held.name))

    def list(
        self, *, tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> builtins.list[Role]:
        """Those that carry all of ``tags``, ascending by name."""
        rows = self._access.reader.execute(self._sql.list_roles, {"after": after}).fetchall()
        return [role for role in map(self._read, rows) if carries(role.tags, tags)][:limit]
