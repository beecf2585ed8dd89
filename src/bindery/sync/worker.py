"""What the steps of one binding share: its store, its place in the catalog, and the pipeline from objects to commits.

Shared by the full scan, reconciliation and the following of changes. All of it runs in the binding's thread;
only ``live_progress`` and ``held_back`` are for others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bindery.buckets.store import ObjectInfo, Store, StoreUnavailable
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Progress
from bindery.extract.extraction import Operator
from bindery.extract.pool import Pool
from bindery.stopping import Stoppable
from bindery.sync.commits import Commits
from bindery.sync.held_back import HeldBack
from bindery.sync.inbox import Inbox
from bindery.sync.pipeline import Pipeline
from bindery.sync.preparation import Preparation
from bindery.sync.removals import Removals
from bindery.sync.scope import exclusions_of, matcher_with, outermost_prefixes
from bindery.sync.settings import SyncSettings
from bindery.sync.subtrees import Vanishing
from bindery.sync.troubles import Troubles
from bindery.sync.underway import Underway

_RENAMED_NS = 900 * 1_000_000_000
"""A file that got its present key so long before the last complete listing, or later, may be a renamed one."""


class Worker(Stoppable):
    """A bucket's side and a dataset's side of one binding."""

    def __init__(
        self,
        binding: Binding,
        store: Store,
        *,
        catalog: Catalog,
        pool: Pool,
        operators: frozenset[Operator],
        settings: SyncSettings,
        stop: threading.Event,
        inbox: Inbox,
        attend: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(stop)
        self.binding = binding
        self.store = store
        self.catalog = catalog
        self.settings = settings
        self.inbox = inbox
        self.exclusions = exclusions_of(binding.scope, catalog.ledger, binding.id)
        self.within = matcher_with(binding.scope, self.exclusions)
        """Whether an object is within the scope; None when every object is."""
        self.prefixes = outermost_prefixes(binding.scope) or ("",)
        """The ranges of keys to list."""
        self.held_back: HeldBack | None = None
        """Of the last listing that has ended; for any thread."""
        self.found_alone = 0
        """Changes that the last listing found and that no event had told of, when there was time to."""
        self.relist: Callable[[], None] = lambda: None
        """Has the bucket listed as soon as possible."""
        self.mounts: dict[str, str] = {}
        """What was mounted below the folder when the last listing began, by key prefix."""
        self.removals = Removals(catalog.ledger, binding.id, settings)
        self.attend = attend
        """Called while a listing goes on: deals with changes."""
        self.troubles = Troubles()
        self.commits = Commits(binding, catalog, inbox, self.troubles, stop)
        self.commits.follows_sidecars = bool(operators & {Operator.EXIF, Operator.MEDIA_META})
        self.pipeline = Pipeline(
            binding,
            catalog,
            underway=Underway(pool, settings.workers, owner=f"binding-{binding.id}"),
            commits=self.commits,
            preparation=Preparation(
                binding, store, catalog=catalog, operators=operators, settings=settings
            ),
            inbox=inbox,
            troubles=self.troubles,
            stop=stop,
            attend=attend,
        )
        """Of objects from a listing or a change to the ledger."""
        if binding.scope.default_exclusions:
            self.commits.follow_markers(self.exclusions, self.pipeline.keys)
        self._identity = store.identity()

    @property
    def books(self) -> Progress:
        """The counts of what is committed."""
        return self.commits.books

    @books.setter
    def books(self, books: Progress) -> None:
        self.commits.books = books

    def live_progress(self) -> Progress:
        """The books at this moment. For any thread."""
        return self.commits.live_progress()

    def check_store(self) -> None:
        """Return when the bucket can be listed and is the store of the beginning: one that is gone or was exchanged is
        no reason to remove entries. Raises StoreError."""
        self.store.check()
        found = self.store.identity()
        if found != self._identity:
            raise StoreUnavailable(f"{found.location} was exchanged; it is looked at anew")

    def vanishing(self, said: Binding) -> Vanishing:
        """The judge of what is gone from a folder; ``said`` is the binding as it is now."""
        complete = said.progress.last_complete_listing or 0
        return Vanishing(
            self.catalog.ledger,
            self.binding.id,
            self.settings,
            since=complete - _RENAMED_NS,
            known=self.mounts if said.mounts is None else said.mounts,
            began=self.mounts,
            now=self.store.mounts(),
        )

    def unsettled_seconds(self, info: ObjectInfo) -> float:
        """How long to leave a file alone that was written a moment ago and may still be growing; 0 for a settled one.
        Objects appear whole.

        It also keeps versions apart: the clock of a file system is coarse, and two writes within one tick
        leave the same ETag. A file is only read once its time of writing lies well behind.
        """
        if self.store.capabilities.etag != "time":
            return 0.0
        age = (time.time_ns() - info.modified_ns) / 1e9
        return max(0.0, self.settings.settle_time - age) if age >= 0 else 0.0

    def begin_listing(self) -> None:
        """A complete listing begins."""
        self.pipeline.flush()  # what is done already is in the rows that the listing reads
        self.mounts = self.store.mounts()
        self.commits.cap = None
        self.troubles.begin_listing()
        self.pipeline.begin_listing()
        self.exclusions.begin_listing()

    def abandon(self) -> None:
        """Give up what is not committed; keys that changes have named go back to the inbox."""
        self.inbox.add(list(self.removals))
        self.pipeline.abandon()
