"""Groups of RAM users, and who is in them."""

from __future__ import annotations

import builtins

import msgspec

from bindery.catalog.access_records import EntityExists, EntityLimitExceeded, EntityNotFound, Group, User
from bindery.catalog.record.access import Access, make_group_id
from bindery.catalog.record.database import Connection
from bindery.catalog.record.entities import Entities
from bindery.catalog.record.statements import load_statements
from bindery.catalog.record.users import Users
from bindery.clock import now_ns

MAX_GROUPS = 300
MAX_GROUPS_OF_USER = 10

_SQL = load_statements("groups")
_decoder = msgspec.json.Decoder(Group)
_user_decoder = msgspec.json.Decoder(User)


class Groups(Entities[Group]):
    """Rows of ``user_group`` and ``membership``. Implements ``interface.groups.Groups``."""

    def __init__(self, access: Access, users: Users) -> None:
        super().__init__(
            access, Group, most=MAX_GROUPS, make_id=make_group_id, conflicts=("User", "Policy")
        )
        self._users = users

    def add_user(self, user_name: str, group_name: str) -> None:
        """Raises EntityNotFound, EntityExists, EntityLimitExceeded."""
        with self._access.transaction() as connection:
            values = self._member(connection, user_name, group_name)
            if connection.execute(_SQL.select_member, values).fetchone():
                raise EntityExists("User.Group")
            if connection.execute(_SQL.count_groups_of_user, values).fetchone()[0] >= MAX_GROUPS_OF_USER:
                raise EntityLimitExceeded("User.Group")
            connection.execute(_SQL.insert_member, {**values, "now": now_ns()})

    def remove_user(self, user_name: str, group_name: str) -> None:
        """Raises EntityNotFound."""
        with self._access.transaction() as connection:
            values = self._member(connection, user_name, group_name)
            if not connection.execute(_SQL.delete_member, values).rowcount:
                raise EntityNotFound("User.Group")

    def _member(self, connection: Connection, user_name: str, group_name: str) -> dict[str, str]:
        user = self._users.get(user_name, connection)
        return {"user_id": user.id, "group_id": self.get(group_name, connection).id}

    def users(
        self, group_name: str, *, after: str = "", limit: int = 100
    ) -> builtins.list[tuple[User, int]]:
        """Who is in it and since when, ascending by name. Raises EntityNotFound."""
        values = {"group_id": self.get(group_name).id, "after": after, "limit": limit}
        rows = self._access.reader.execute(_SQL.list_members, values).fetchall()
        return [(_user_decoder.decode(body), joined) for body, joined in rows]

    def of_user(self, user_name: str) -> builtins.list[tuple[Group, int]]:
        """The groups of a user and since when, ascending by name. Raises EntityNotFound."""
        values = {"user_id": self._users.get(user_name).id}
        rows = self._access.reader.execute(_SQL.list_groups_of_user, values).fetchall()
        return [(_decoder.decode(body), joined) for body, joined in rows]
