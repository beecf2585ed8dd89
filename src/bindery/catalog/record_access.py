"""Users, keys, groups, roles and policies, and what else is sealed: a part of the catalog, and for commands."""

from __future__ import annotations

from bindery.catalog.record.access import Access
from bindery.catalog.record.access_keys import AccessKeys
from bindery.catalog.record.attachments import Attachments
from bindery.catalog.record.database import Database
from bindery.catalog.record.groups import Groups
from bindery.catalog.record.policies import Policies
from bindery.catalog.record.registered_buckets import RegisteredBuckets
from bindery.catalog.record.roles import Roles
from bindery.catalog.record.users import Users


class RecordAccess:
    """Implements ``catalog.AccessRecord``."""

    def __init__(self, database: Database) -> None:
        self._access = access = Access(database)
        self.users = Users(access)
        self.access_keys = AccessKeys(access, self.users)
        self.groups = Groups(access, self.users)
        self.roles = Roles(access)
        self.registered_buckets = RegisteredBuckets(database)
        self.policies = Policies(access, Attachments(self.users, self.groups, self.roles))

    @property
    def access_shared(self) -> bool:
        """Whether other servers change it, too."""
        return self._access.shared

    def access_version(self) -> int:
        """One more after every change of who may do what."""
        return self._access.version
