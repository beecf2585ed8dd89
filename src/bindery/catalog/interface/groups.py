"""Groups of RAM users, and who is in them."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Protocol

from bindery.catalog.access_records import Group, User


class Groups(Protocol):
    """The groups of the account. Every change raises ``AccessRecord.access_version``."""

    def create(self, group: Group) -> Group:
        """With an id. Raises EntityExists, EntityLimitExceeded."""

    def get(self, name: str) -> Group:
        """Raises EntityNotFound."""

    def update(self, name: str, change: Callable[[Group], Group]) -> Group:
        """Read, change and write in one transaction; another name renames. Raises EntityNotFound, EntityExists."""

    def delete(self, name: str) -> None:
        """Raises EntityNotFound, and DeleteConflict while it has a user or a policy."""

    def list(self, *, after: str = "", limit: int = 100) -> builtins.list[Group]:
        """Ascending by name."""

    def count(self) -> int:
        """How many there are."""

    def add_user(self, user_name: str, group_name: str) -> None:
        """Raises EntityNotFound (User, Group), EntityExists (User.Group), EntityLimitExceeded (User.Group)."""

    def remove_user(self, user_name: str, group_name: str) -> None:
        """Raises EntityNotFound (User, Group, User.Group)."""

    def users(
        self, group_name: str, *, after: str = "", limit: int = 100
    ) -> builtins.list[tuple[User, int]]:
        """Who is in it and since when, ascending by name. Raises EntityNotFound."""

    def of_user(self, user_name: str) -> builtins.list[tuple[Group, int]]:
        """The groups of a user and since when, ascending by name. Raises EntityNotFound."""
