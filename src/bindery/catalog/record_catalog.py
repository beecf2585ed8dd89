"""A catalog of a record, in whatever database it is, and an index that follows it."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path

from bindery.catalog.announcer import Announcer, Silent
from bindery.catalog.catalog import CLOSE_SECONDS
from bindery.catalog.index.index import Index
from bindery.catalog.record.announcing import Announcing
from bindery.catalog.record.bindings import Bindings
from bindery.catalog.record.browser_sessions import BrowserSessions
from bindery.catalog.record.changes import Changes
from bindery.catalog.record.compression import Compression, Repacking
from bindery.catalog.record.database import Database
from bindery.catalog.record.datasets import Datasets
from bindery.catalog.record.entries import Entries
from bindery.catalog.record.files import Files
from bindery.catalog.record.index_calls import IndexCalls
from bindery.catalog.record.ledger import Ledger
from bindery.catalog.record.outbox import Outbox
from bindery.catalog.record.projects import MAX_PROJECTS, Projects
from bindery.catalog.record.saved_searches import SavedSearches
from bindery.catalog.record.task_queue import TaskQueue
from bindery.catalog.record.tasks import Tasks
from bindery.catalog.record.tombstones import Tombstones
from bindery.catalog.record.usage import Usage
from bindery.catalog.record_access import RecordAccess
from bindery.clock import DEFAULT_ZONE

_ENTRIES = "entries"
_TOLD_SECONDS = 0.2


class RecordCatalog:
    """Implements ``catalog.Catalog``. Closes the database when it cannot be used."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        *,
        account_id: str,
        zone: tzinfo = DEFAULT_ZONE,
        announcer: Announcer | None = None,
        max_projects: int = MAX_PROJECTS,
    ) -> None:
        """``folder``: where the index is kept."""
        self._database = database
        self.servers = database.servers
        try:
            compression = Compression(database)
            self._entries = entries = Entries(database, compression, account_id, zone)
            self._access = access = RecordAccess(database)
            self.queries = Index(folder / "index", entries, zone)
        except BaseException:
            database.close()
            raise
        written = self._tell_of_entries if database.servers.shared else self.queries.wake
        self._next_told = 0.0
        database.servers.listen(self._hear)
        self.outbox = Outbox(database)
        self.usage = usage = Usage(database, zone)
        announcing, calls = Announcing(announcer or Silent(), self.outbox), IndexCalls(database)
        self.browser_sessions = BrowserSessions(database)
        self.tasks = tasks = Tasks(database)
        self.task_queue = TaskQueue(database, tasks, announcing)
        self.changes = Changes(database)
        self.projects = Projects(database, self.task_queue, max_projects)
        self.datasets = Datasets(database, self.projects, calls, announcing, self.queries.drop_dataset)
        self.saved_searches = SavedSearches(database, self.datasets)
        self.ledger = Ledger(database)
        self.tombstones = Tombstones(database, compression)
        self._repacking = Repacking(database, compression)
        self.bindings = Bindings(
            database,
            self.projects,
            self.datasets,
            entries,
            self.ledger,
            self.tombstones,
            announcing,
            usage,
            written,
        )
        self.files = Files(database, compression, self.datasets, entries, calls, announcing, usage, written)
        self.users, self.access_keys, self.groups = access.users, access.access_keys, access.groups
        self.roles, self.policies = access.roles, access.policies
        self.registered_buckets = access.registered_buckets
        # A thread of the index that is in native code when the interpreter ends would abort the process.
        atexit.register(self.close)

    @property
    def access_shared(self) -> bool:
        """Whether other servers change who may do what, too."""
        return self._access.access_shared

    def access_version(self) -> int:
        """One more after every change of who may do what."""
        return self._access.access_version()

    def _tell_of_entries(self) -> None:
        """Other servers hear of it, a few times a second."""
        self.queries.wake()
        if time.monotonic() >= self._next_told:
            self._next_told = time.monotonic() + _TOLD_SECONDS
            self.servers.tell(_ENTRIES)

    def _hear(self, topic: str) -> None:
        if topic in ("", _ENTRIES):
            self.queries.wake()

    def give_back(self, *, pages: int) -> bool:
        """Up to ``pages`` free pages of the record."""
        return self._database.give_back(pages)

    def repack(self, *, limit: int) -> bool:
        """A page of what earlier releases wrote."""
        return self._repacking.next_page(limit)

    @property
    def problem(self) -> str:
        """Why nothing is written at present; empty when all is well."""
        return self._database.writability.problem

    def when_writable(self, listener: Callable[[], object]) -> None:
        """Call this whenever writing begins again."""
        self._database.writability.when_back(listener)

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Interrupt what runs and close record and index; see ``Catalog.close``.

        The index is told first, and closed last: whoever brings it up to date reads the record.
        """
        deadline = time.monotonic() + seconds
        self.queries.stop()
        closed = self._database.close(seconds)
        atexit.unregister(self.close)
        return self.queries.close(max(0.0, deadline - time.monotonic())) and closed
