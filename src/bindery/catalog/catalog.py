"""What the rest of Bindery asks of a catalog. Every catalog passes the same conformance suite.

All methods block and may be called from any thread; reads see all earlier writes. Every write is one
transaction: when a method returns, its effect survives a kill of the process; when it raises, nothing
happened. Raises the errors of ``records``; a dataset or binding that is gone raises NotFound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bindery.catalog.interface.access_keys import AccessKeys
from bindery.catalog.interface.bindings import Bindings
from bindery.catalog.interface.browser_sessions import BrowserSessions
from bindery.catalog.interface.changes import Changes
from bindery.catalog.interface.datasets import Datasets
from bindery.catalog.interface.files import Files
from bindery.catalog.interface.groups import Groups
from bindery.catalog.interface.ledger import Ledger
from bindery.catalog.interface.outbox import Outbox
from bindery.catalog.interface.policies import Policies
from bindery.catalog.interface.projects import Projects
from bindery.catalog.interface.queries import Queries
from bindery.catalog.interface.registered_buckets import RegisteredBuckets
from bindery.catalog.interface.roles import Roles
from bindery.catalog.interface.saved_searches import SavedSearches
from bindery.catalog.interface.servers import Servers
from bindery.catalog.interface.task_queue import TaskQueue
from bindery.catalog.interface.tasks import Tasks
from bindery.catalog.interface.tombstones import Tombstones
from bindery.catalog.interface.usage import Usage
from bindery.catalog.interface.users import Users

CLOSE_SECONDS = 10.0
"""Enough for a busy machine; a server that ends gives up earlier."""


class AccessRecord(Protocol):
    """Who may do what, and what is sealed with the same keys."""

    @property
    def users(self) -> Users: ...
    @property
    def access_keys(self) -> AccessKeys: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def roles(self) -> Roles: ...
    @property
    def policies(self) -> Policies: ...

    @property
    def registered_buckets(self) -> RegisteredBuckets: ...
    @property
    def access_shared(self) -> bool:
        """Whether other servers change it, too: then ``access_version`` asks the record."""

    def access_version(self) -> int:
        """A number that every change of users, keys, groups, roles and policies raises, whoever makes it; cheap to ask
        for with every call. What is read of them after asking holds until the number is another one."""


class Catalog(AccessRecord, Protocol):
    """Record, index and queries as one thing: a member for each noun."""

    @property
    def browser_sessions(self) -> BrowserSessions: ...
    @property
    def saved_searches(self) -> SavedSearches: ...
    @property
    def projects(self) -> Projects: ...
    @property
    def datasets(self) -> Datasets: ...
    @property
    def bindings(self) -> Bindings: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def tombstones(self) -> Tombstones: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def files(self) -> Files: ...
    @property
    def queries(self) -> Queries: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def task_queue(self) -> TaskQueue: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def usage(self) -> Usage: ...
    @property
    def servers(self) -> Servers: ...
    def give_back(self, *, pages: int) -> bool:
        """Give up to ``pages`` unused pages of the record back to the disk, when it has many; whether to go on."""

    def repack(self, *, limit: int) -> bool:
        """Have up to ``limit`` documents of earlier releases take less room; whether there may be more."""

    @property
    def problem(self) -> str:
        """Why nothing is written at present, and what to do; empty when all is well. Never blocks.

        Meanwhile every write raises CatalogUnwritable at once, and reads go on.
        """

    def when_writable(self, listener: Callable[[], object]) -> None:
        """Call this, from another thread, whenever writing begins again."""

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Interrupt what runs and close everything; whether that was done within so many seconds.

        What a thread still uses is left to it, and closed by another call after the thread has ended. All
        other calls raise CatalogUnusable from then on. May be called any number of times.
        """
