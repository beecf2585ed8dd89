"""One binding at work: pages of objects become extractions, and extractions commits.

Shared by the full scan, reconciliation and the following of changes. All of it runs in the binding's thread;
only ``live_progress`` is for others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from bindery.buckets.store import ObjectInfo, Store, StoreUnavailable
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, LimitExceeded, Outcome, Progress, ScanCommit
from bindery.clock import now_ns
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.pool import Pending, Pool
from bindery.stopping import Stoppable
from bindery.sync.books import Turn, is_live, turn, with_in_flight
from bindery.sync.inbox import Inbox
from bindery.sync.march import has_entry
from bindery.sync.outcomes import (
    Known,
    Settled,
    exclude,
    is_fresh,
    ledger_row,
    settle,
    wait_for_room,
    waits_for_room,
)
from bindery.sync.removals import RecentRemovals
from bindery.sync.scope import matcher, outermost_prefixes
from bindery.sync.settings import SyncSettings
from bindery.sync.subtrees import Vanishing
from bindery.sync.takeover import Predecessor, find_predecessors, inherit, take_over
from bindery.workers.job import Urgency

_RENAMED_NS = 900 * 1_000_000_000
"""A file that got its present key so long before the last complete listing, or later, may be a renamed one."""


class Page(msgspec.Struct, frozen=True):
    """Objects whose extraction is under way, and outcomes that needed none."""

    objects: list[Known]
    pending: Pending | None
    decided: list[Settled]
    predecessors: dict[str, Predecessor]
    """What is known already of some of the objects, by key."""
    new: int
    """Objects that the ledger does not know as present."""

    @property
    def open(self) -> bool:
        """Whether there is anything to commit."""
        return self.pending is not None or bool(self.decided)


class Worker(Stoppable):
    """What the steps of one binding share."""

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
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(stop)
        self.binding = binding
        self.store = store
        self.catalog = catalog
        self.settings = settings
        self.inbox = inbox
        self.within = matcher(binding.scope)
        """Whether an object is within the scope; None when every object is."""
        self.prefixes = outermost_prefixes(binding.scope) or ("",)
        """The ranges of keys to list."""
        self.meanwhile = meanwhile
        """Called between the pages of a listing."""
        self.cap: str | None = None
        """The cap of the dataset that the listing in hand has reached."""
        self.mounts: dict[str, str] = {}
        """What was mounted below the folder when the last listing began, by key prefix."""
        self.relist: Callable[[], None] = lambda: None
        """Has the bucket listed as soon as possible."""
        self.removals = RecentRemovals()
        self._identity = store.identity()
        self._pool = pool
        self._operators = operators
        self._pages = 0
        self._view = (binding.progress, 0)
        self._landing = 0
        """New objects in flight that the next commits bring to the ledger."""

    @property
    def books(self) -> Progress:
        """The counts of what is committed."""
        return self._view[0]

    @books.setter
    def books(self, books: Progress) -> None:
        self._view = (books, self._view[1])

    @property
    def busy(self) -> bool:
        """Whether anything is under way that is not committed."""
        return self._pages > 0

    def live_progress(self) -> Progress:
        """The books at this moment, with new objects that are being extracted as pending. For any thread:
        counts and objects in flight change in one assignment."""
        books, new = self._view
        return with_in_flight(books, new, self.inbox.oldest())

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
            now=self.store.mounts(),
        )

    def is_unsettled(self, info: ObjectInfo) -> bool:
        """Whether a file was written a moment ago and may still be growing. Objects appear whole.

        It also keeps versions apart: the clock of a file system is coarse, and two writes within one tick
        leave the same ETag. A file is only read once its time of writing lies well behind.
        """
        if self.store.capabilities.etag != "time":
            return False
        return 0 <= time.time_ns() - info.modified_ns < self.settings.settle_time * 1e9

    def begin(
        self,
        objects: Sequence[Known],
        excluded: Sequence[Known] = (),
        *,
        urgency: Urgency = Urgency.SCAN,
    ) -> Page:
        """Start extracting a page of objects; those that are ``excluded`` leave the dataset.

        Once a cap is reached, those that need room just wait.
        """
        now = now_ns()
        wanted: list[Known] = list(objects)
        decided = [exclude(info, now) for info, _ in excluded]
        if self.cap is not None:
            wanted = [known for known in objects if not is_fresh(known[1])]
            cap = self.cap
            decided += [
                wait_for_room(ledger_row(info, Outcome.PENDING, "", now), cap)
                for info, before in objects
                if is_fresh(before) and not waits_for_room(before)
            ]
        predecessors = find_predecessors(
            self.catalog,
            self.binding,
            wanted,
            self.store.capabilities,
            now - int(self.settings.tombstone_grace * 1e9),
        )
        requests = [self._request(info, store_only=info.key in predecessors) for info, _ in wanted]
        owner = f"binding-{self.binding.id}"
        pending = self._pool.submit(requests, urgency=urgency, owner=owner) if requests else None
        new = sum(not is_live(before) for _, before in wanted)
        page = Page(wanted, pending, decided, predecessors, new)
        self._fly(pages=page.open, new=new)
        return page

    def finish(self, page: Page, *, cursor: str | None = None) -> None:
        """Wait for a page and commit it. Raises Interrupted, CatalogError."""
        self._landing = page.new
        try:
            self._store([*page.decided, *self._settle(page)], cursor)
        finally:
            self._fly(pages=-page.open, new=-self._landing)
            self._landing = 0

    def drop(self, page: Page) -> None:
        """Forget a page that will not be committed, and take its files from the pool."""
        if page.pending is not None:
            page.pending.cancel()
        self._fly(pages=-page.open, new=-page.new)

    def commit(
        self,
        settled: Sequence[Settled] = (),
        *,
        gone: Sequence[str] = (),
        dropped: Sequence[str] = (),
        cursor: str | None = None,
    ) -> None:
        """One transaction: entries, ledger rows, tombstones of ``gone`` keys, cursor and books.

        The books forget ``dropped`` keys, for which the scope has no place.

        Raises Interrupted, CatalogError; then nothing has happened.
        """
        self.check_stop()
        rows = [outcome.entry for outcome in settled]
        keys = [*(row.key for row in rows), *gone, *dropped]
        before = self.catalog.ledger.get(self.binding.id, keys) if keys else {}
        removed = [key for key in gone if is_live(before.get(key))]
        turns: list[Turn] = [(before.get(row.key), row.outcome) for row in rows]
        turns += [(before[key], Outcome.DELETED) for key in removed]
        turns += [(before.get(key), None) for key in dropped]
        outside = [*(row.key for row in rows if row.outcome is Outcome.EXCLUDED), *dropped]
        books = turn(self.books, turns, sum(outcome.bytes_read for outcome in settled))
        self.catalog.bindings.commit(
            ScanCommit(
                binding_id=self.binding.id,
                files=tuple(outcome.write for outcome in settled if outcome.write is not None),
                ledger=tuple(rows),
                deleted_keys=tuple(removed),
                removed_keys=tuple(key for key in outside if has_entry(before.get(key))),
                dropped_keys=tuple(dropped),
                cursor=cursor,
                progress=books,
            )
        )
        landed = min(self._landing, sum(not is_live(before.get(row.key)) for row in rows))
        self._landing -= landed
        self._view = (books, self._view[1] - landed)
        for outcome in settled:
            if outcome.again is not None:
                self.inbox.add([outcome.entry.key], delay=outcome.again)

    def _settle(self, page: Page) -> list[Settled]:
        if page.pending is None:
            return []
        extractions = page.pending.result(self._stop)
        now = now_ns()
        return [
            self._settle_one(known, extraction, page.predecessors.get(known[0].key), now)
            for known, extraction in zip(page.objects, extractions, strict=True)
        ]

    def _settle_one(
        self, known: Known, extraction: Extraction, predecessor: Predecessor | None, now: int
    ) -> Settled:
        if predecessor is not None:
            extraction = take_over(predecessor, extraction)
        uri = f"{self.binding.uri}/{known[0].key}"
        settled = settle(known, extraction, binding_id=self.binding.id, uri=uri, now=now)
        return settled if predecessor is None else inherit(settled, predecessor)

    def _store(self, settled: list[Settled], cursor: str | None) -> None:
        try:
            if settled or cursor is not None:
                self.commit(settled, cursor=cursor)
        except LimitExceeded:
            self._store_what_fits(settled)
            self.commit(cursor=cursor)

    def _store_what_fits(self, settled: list[Settled]) -> None:
        """Halve a page that passes a cap of the dataset until the cap is filled; the rest waits."""
        if self.cap is not None:
            settled = [self._wait_for_room(outcome, self.cap) for outcome in settled]
        try:
            self.commit(settled)
        except LimitExceeded as error:
            if len(settled) == 1:
                self.cap = str(error)
                self.commit([self._wait_for_room(settled[0], self.cap, grown=True)])
                return
            middle = len(settled) // 2
            self._store_what_fits(settled[:middle])
            self._store_what_fits(settled[middle:])

    def _wait_for_room(self, outcome: Settled, cap: str, *, grown: bool = False) -> Settled:
        if outcome.write is None or not (outcome.fresh or grown):
            return outcome
        return wait_for_room(outcome.entry, cap)

    def _fly(self, *, pages: int, new: int) -> None:
        self._pages += pages
        self._view = (self.books, self._view[1] + new)

    def _request(self, info: ObjectInfo, *, store_only: bool) -> ExtractionRequest:
        operators = self._operators & {Operator.OSS_META} if store_only else self._operators
        return ExtractionRequest(
            address=self.store.address, object=info, operators=operators, zone=self.settings.zone
        )
