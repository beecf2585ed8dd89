"""RAM users."""

from __future__ import annotations

from bindery.catalog.access_records import User
from bindery.catalog.record.access import Access, make_number_id
from bindery.catalog.record.entities import Entities

MAX_USERS = 5_000
"""Source: help page on the limits of RAM, as are all limits of this room."""


class Users(Entities[User]):
    """Rows of ``ram_user``. Implements ``interface.users.Users``."""

    def __init__(self, access: Access) -> None:
        super().__init__(
            access,
            User,
            most=MAX_USERS,
            make_id=lambda: make_number_id("2"),
            conflicts=("Group", "AccessKey", "Policy"),
        )

    def get_by_id(self, user_id: str) -> User:
        """Raises EntityNotFound."""
        return self._read(
            self._access.reader.execute(self._sql.select_user_by_id, {"id": user_id}).fetchone()
        )
