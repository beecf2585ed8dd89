"""The life of one binding, in a thread of its own: scan, then follow, and heal what fails."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence

import msgspec
import structlog
from structlog.contextvars import bind_contextvars

from bindery.buckets.registry import Buckets
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    Changes,
    Store,
    StoreChanged,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    Watch,
    describe_unseen,
)
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import (
    Binding,
    BindingPhase,
    BindingState,
    CatalogError,
    NotFound,
    Progress,
)
from bindery.clock import now_ns
from bindery.extract.pool import Pool
from bindery.stopping import Interrupted
from bindery.sync.backlog import Backlog
from bindery.sync.bound_store import check_bound
from bindery.sync.changed import process_changes
from bindery.sync.guard import Refusal
from bindery.sync.inbox import Inbox
from bindery.sync.making import Making, make
from bindery.sync.outcomes import OVER_CAP
from bindery.sync.scan import full_scan, reconcile
from bindery.sync.settings import SyncSettings
from bindery.sync.states import Cause, move
from bindery.sync.subtrees import remembered
from bindery.sync.worker import Worker

_CANNOT_HEAL = (BucketNotFound, AccessDenied, StoreMisconfigured, StoreChanged)
_LONGEST_WAIT = 1.0
_GATHERING_SECONDS = 0.01
"""Events come in bursts: what follows the first within this time is dealt with together."""
_LISTING_PAUSE = 4
"""Polling pauses for so many times as long as the listing took, and so takes a fifth of a processor at most."""
_KEPT_PREFIXES = 1_000
_INBOX_LIMIT = 100_000
"""Changes that may wait; with more the bucket is listed instead."""
_log = structlog.get_logger()


class Follower:
    """Runs a binding until it is told to stop or the binding is deleted; nothing else ends it."""

    def __init__(
        self,
        binding: Binding,
        *,
        catalog: Catalog,
        buckets: Buckets,
        pool: Pool,
        settings: SyncSettings,
        predecessor: Follower | None = None,
    ) -> None:
        self._binding = binding
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._predecessor = predecessor
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._listing_due = threading.Event()
        self._inbox = Inbox()
        self._backlog = Backlog(catalog, binding.id, self._inbox)
        self._worker: Worker | None = None
        self._watch: Watch | None = None
        self._next_watch = 0.0
        self._unseen = ""
        self._next_listing = 0.0
        self.making: Making | None = None
        """What the life in hand is made of; None before the first."""
        self._thread = threading.Thread(target=self._run, name=f"binding-{binding.id}", daemon=True)

    def start(self) -> None:
        """Begin, or go on where the binding stands, once the predecessor has ended."""
        self._thread.start()

    def signal_stop(self) -> None:
        """Ask the thread to end at the next safe point. Nothing more is committed after the one under way."""
        self._stop.set()
        self._wake.set()
        watch = self._watch
        if watch is not None:
            watch.close()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the end of the thread; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self._binding.bucket

    def reconcile_now(self) -> None:
        """List the bucket again as soon as possible, and try a failed one again."""
        self._listing_due.set()
        self._wake.set()

    def notice_changes(self) -> None:
        """Keys of this binding have been added to the record."""
        self._wake.set()

    def look_again(self, keys: Sequence[str]) -> bool:
        """Have keys looked at; False, and nothing is done, when too many wait already."""
        if len(self._inbox) > _INBOX_LIMIT // 2:
            return False
        self._inbox.add(keys)
        self._wake.set()
        return True

    def live_progress(self) -> Progress | None:
        """The books at this moment; None before the first scan of this thread. Never blocks."""
        worker = self._worker
        return None if worker is None else worker.live_progress()

    def _run(self) -> None:
        binding = self._binding
        bind_contextvars(  # every line of this thread carries them
            binding=binding.id,
            project=binding.project_name,
            dataset=binding.dataset_name,
            bucket=binding.bucket,
        )
        if self._predecessor is not None:
            self._predecessor.join()
            self._predecessor = None
        attempt = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._follow()
            except Exception as error:
                if self._stop.is_set() or self._is_deleted(error):
                    break
                if time.monotonic() - began > self._settings.retry_longest:
                    attempt = 0
                self._note_failure(error)
                self._rest(error, attempt)
                attempt += 1
        _log.debug("the binding is no longer followed")

    def _follow(self) -> None:
        """One life of the store: ends with an exception."""
        binding = self._catalog.bindings.get_by_id(self._binding.id)
        self.making = making = make(self._catalog, self._buckets, binding)
        store = self._buckets.open(binding.bucket)
        store.check()
        binding = check_bound(self._catalog, binding, store, share=self._settings.guard_share)
        self._move(Cause.FULL_SCAN_BEGUN)
        self._move(Cause.STORE_BACK)
        worker = Worker(
            binding,
            store,
            catalog=self._catalog,
            pool=self._pool,
            operators=making.operators,
            settings=self._settings,
            stop=self._stop,
            inbox=self._inbox,
            meanwhile=self._meanwhile,
        )
        worker.relist = self._listing_due.set
        self._worker = worker
        self._next_watch = 0.0
        try:
            self._open_watch(store)
            self._scan(worker)
            while True:
                worker.check_stop()
                self._step(worker)
        finally:
            self._close_watch()

    def _scan(self, worker: Worker) -> None:
        """The full scan, unless it was done earlier. The watch runs already, so nothing is missed after it."""
        if worker.binding.phase is BindingPhase.INCREMENTAL_SCANNING:
            self._listing_due.set()
            return
        whole = full_scan(worker)
        self._move(Cause.FULL_SCAN_DONE)
        if whole:
            self._next_listing = time.monotonic() + self._interval(worker.store)
            self._report(worker, None)
        else:
            self._listing_due.set()
        _log.info("full scan done", listed=worker.books.listed)

    def _step(self, worker: Worker) -> None:
        """Changes first: a key that an event names is looked up, which tells more than a listing."""
        self._take_changes(0.0 if self._listing_due.is_set() else self._wait_time())
        self._process(worker)
        began = time.monotonic()
        if self._listing_due.is_set() or began >= self._next_listing:
            self._listing_due.clear()
            self._open_watch(worker.store)
            self._next_listing = began + self._interval(worker.store)
            self._reconcile(worker)
            if self._polls(worker.store):
                ended = time.monotonic()
                self._next_listing = max(self._next_listing, ended + _LISTING_PAUSE * (ended - began))

    def _reconcile(self, worker: Worker) -> None:
        worker.check_store()
        binding = self._catalog.bindings.get_by_id(worker.binding.id)
        held = reconcile(worker, binding)
        self._report(worker, held, binding.removals_confirmed)

    def _meanwhile(self) -> None:
        """Between the pages of a listing: take changes from the kernel before its queue is full, and deal
        with them unless an extraction under way could overwrite what comes of them."""
        self._take_changes(0.0)
        worker = self._worker
        if worker is not None and not worker.busy:
            self._process(worker)

    def _process(self, worker: Worker) -> None:
        self._backlog.load()
        process_changes(worker)
        self._backlog.settle()

    def _wait_time(self) -> float:
        wait = min(_LONGEST_WAIT, max(0.0, self._next_listing - time.monotonic()))
        return self._inbox.wait_time(wait)

    def _take_changes(self, wait: float) -> None:
        """Wait for changes and put them into the inbox."""
        watch = self._watch
        if watch is None:
            self._wake.wait(wait)
            self._wake.clear()
            return
        changes = watch.wait(wait)
        if wait and (changes.keys or changes.prefixes):
            self._stop.wait(_GATHERING_SECONDS)
            self._accept(changes)
            changes = watch.wait(0.0)
        self._accept(changes)

    def _accept(self, changes: Changes) -> None:
        self._inbox.add(changes.keys)
        self._inbox.add_prefixes(changes.prefixes)
        if not changes.overflow and len(self._inbox) <= _INBOX_LIMIT:
            return
        _log.warning("changes were lost or are too many, listing the bucket again")
        self._inbox.clear()
        self._backlog.rewind()
        self._close_watch()  # folders that were made meanwhile are not watched; the next listing opens it anew
        self._next_watch = 0.0
        self._listing_due.set()

    def _open_watch(self, store: Store) -> None:
        """Watch the bucket unless it is watched; one that cannot be watched is tried now and then."""
        if self._watch is not None or not store.capabilities.watch or time.monotonic() < self._next_watch:
            return
        self._next_watch = time.monotonic() + self._settings.folder_reconcile_interval
        try:
            self._watch = store.watch()
            unseen = describe_unseen(self._watch.unseen)
        except StoreUnavailable as error:
            unseen = str(error)
        if unseen and unseen != self._unseen:
            seconds = self._settings.folder_poll_interval
            _log.warning("changes are found by listing", reason=unseen, interval=seconds)
        self._unseen = unseen

    def _polls(self, store: Store) -> bool:
        """Whether changes go unseen, and a listing may be repeated every few seconds."""
        return store.capabilities.listing_free and (self._watch is None or bool(self._watch.unseen))

    def _close_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _interval(self, store: Store) -> float:
        if self._polls(store):
            base = self._settings.folder_poll_interval
        elif store.capabilities.watch:
            base = self._settings.folder_reconcile_interval
        else:
            base = self._settings.reconcile_interval
        return base * random.uniform(0.9, 1.1)  # noqa: S311  (spreads bindings, no secret)

    def _move(self, cause: Cause, reason: str = "") -> None:
        now = now_ns()

        def change(binding: Binding) -> Binding:
            return move(binding, cause, reason=reason, now=now) or binding

        self._catalog.bindings.update(self._binding.id, change)

    def _report(self, worker: Worker, held: Refusal | None, confirmed: int = 0) -> None:
        """What a listing could not do, as Reason of a binding that goes on; empty when it did everything.

        ``confirmed`` removals are used up; what was confirmed while it ran is left to the next listing.
        """
        problems = [] if held is None else [held.reason]
        if worker.cap is not None:
            problems.append(
                f"{OVER_CAP}: {worker.cap} of the dataset is reached and further objects wait; delete files "
                "from the dataset or raise the cap with UpdateDataset"
            )
        reason, count = "; ".join(problems), 0 if held is None else held.count

        def change(binding: Binding) -> Binding:
            if binding.state is not BindingState.RUNNING:
                return binding
            left = binding.removals_confirmed if binding.removals_confirmed != confirmed else 0
            return msgspec.structs.replace(
                binding,
                reason=reason,
                removals_held=count,
                removals_below=() if held is None else held.below[:_KEPT_PREFIXES],
                mounts=remembered(binding.mounts, worker.mounts, held),
                removals_confirmed=left,
                moved=binding.moved and bool(problems),
            )

        self._catalog.bindings.update(self._binding.id, change)

    def _is_deleted(self, error: Exception) -> bool:
        if not isinstance(error, NotFound):
            return False
        try:
            self._catalog.bindings.get_by_id(self._binding.id)
        except NotFound:
            return True
        except Exception:
            _log.exception("the binding could not be looked up")
        return False

    def _note_failure(self, error: Exception) -> None:
        cause = Cause.CANNOT_HEAL if isinstance(error, _CANNOT_HEAL) else Cause.STORE_UNREACHABLE
        expected = isinstance(error, StoreError | CatalogError)
        name = "the extraction pool gave up" if isinstance(error, Interrupted) else str(error)
        reason = f"{'' if expected else 'InternalError: '}{type(error).__name__}: {name}"
        _log.warning("the binding cannot go on", reason=reason, exc_info=not expected)
        try:
            self._move(cause, reason)
        except Exception:
            _log.exception("the state of the binding could not be stored")

    def _rest(self, error: Exception, attempt: int) -> None:
        asked = getattr(error, "retry_after", None)
        longest = self._settings.retry_longest
        pause = min(longest, self._settings.retry_initial * 2 ** min(attempt, 16))
        self._wake.wait(max(pause, min(asked or 0.0, longest)))
        self._wake.clear()
