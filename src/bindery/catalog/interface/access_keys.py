"""Access keys of the account and of its users. Their secrets are sealed."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Protocol

from bindery.catalog.access_records import KeyUse, SealedKey, User


class AccessKeys(Protocol):
    """Every change but the noting of uses raises ``AccessRecord.access_version``.

    ``user_name`` says whose key is meant; None: the account's own. A key of somebody else is not found.
    """

    def create(self, key: SealedKey, user_name: str | None) -> SealedKey:
        """With the id of its user. Raises EntityNotFound (User), EntityLimitExceeded, EntityExists (User.AccessKey)."""

    def take_over(self, keys: builtins.list[SealedKey]) -> builtins.list[str]:
        """Keys of the account that were kept elsewhere, all or none; the ids of those that are there already, and
        stay as they are."""

    def find(self, key_id: str) -> tuple[SealedKey, User | None] | None:
        """A key and its user, None for a key of the account; None when there is no such key."""

    def list(self, user_name: str | None) -> builtins.list[SealedKey]:
        """The oldest first. Raises EntityNotFound (User)."""

    def set_active(self, user_name: str | None, key_id: str, *, active: bool) -> None:
        """Raises EntityNotFound (User, User.AccessKey)."""

    def delete(self, user_name: str | None, key_id: str) -> None:
        """Raises EntityNotFound (User, User.AccessKey)."""

    def last_use(self, user_name: str | None, key_id: str) -> KeyUse | None:
        """None when it was never used. Raises EntityNotFound (User, User.AccessKey)."""

    def note_uses(self, uses: Mapping[str, KeyUse]) -> None:
        """Uses by key id; a later one that is known already stays, and keys that are gone are passed over."""

    def sealed(self, *, after: str = "", limit: int = 100) -> builtins.list[SealedKey]:
        """Keys of everybody, ascending by id, to be sealed anew."""

    def reseal(self, sealed: Mapping[str, tuple[bytes, bytes]]) -> None:
        """Sealed secrets by key id, before and after; where it is not the one before any more nothing is done."""
