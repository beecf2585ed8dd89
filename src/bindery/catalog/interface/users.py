"""RAM users. Names are unique without regard to case; a list ascends by name and resumes behind ``after``."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Protocol

from bindery.catalog.access_records import User


class Users(Protocol):
    """The users of the account. Every change raises ``AccessRecord.access_version``."""

    def create(self, user: User) -> User:
        """With an id. Raises EntityExists, EntityLimitExceeded."""

    def get(self, name: str) -> User:
        """Raises EntityNotFound."""

    def get_by_id(self, user_id: str) -> User:
        """Raises EntityNotFound."""

    def update(self, name: str, change: Callable[[User], User]) -> User:
        """Read, change and write in one transaction; another name renames. Raises EntityNotFound, EntityExists."""

    def delete(self, name: str) -> None:
        """Raises EntityNotFound, and DeleteConflict while it is in a group, has a key or a policy."""

    def list(self, *, after: str = "", limit: int = 100) -> builtins.list[User]:
        """Ascending by name."""

    def count(self) -> int:
        """How many there are."""
