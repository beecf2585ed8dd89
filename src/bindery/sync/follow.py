"""The life of one binding, in a thread of its own: scan, then follow, and heal what fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog
from structlog.contextvars import bind_contextvars

from bindery.buckets.registry import Buckets
from bindery.catalog.catalog import Catalog
from bindery.catalog.interface.servers import Lease
from bindery.catalog.records import Binding, BindingPhase, BindingState, LeaseLost, NotFound, Progress
from bindery.extract.pool import Pool
from bindery.sync.backlog import Backlog
from bindery.sync.bound_store import check_bound
from bindery.sync.catching_up import CatchingUp
from bindery.sync.changed import process_changes
from bindery.sync.held_back import HeldBack
from bindery.sync.inbox import Inbox
from bindery.sync.inventories import Inventories, InventoryProgress
from bindery.sync.making import Making, make
from bindery.sync.reports import Reports
from bindery.sync.scan import full_scan, reconcile, reconcile_by_inventory
from bindery.sync.schedule import Schedule
from bindery.sync.settings import SyncSettings
from bindery.sync.states import Cause
from bindery.sync.watching import INBOX_LIMIT, Watching
from bindery.sync.worker import Worker

_RESULTS_SECONDS = 0.02
"""While objects are under way, changes are looked for so often."""
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
        lease: Lease,
        catching_up: CatchingUp,
        at_once: bool = True,
        predecessor: Follower | None = None,
    ) -> None:
        """``lease``: what it commits is refused once it is not held any more; then the thread ends. ``at_once``: a
        caller waits for what a binding that was scanned before finds first; otherwise it waits for its turn."""
        self.lease = lease
        self.asked = lease.asked
        """How often it was asked, of the times that were heeded."""
        self._binding = binding
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._predecessor = predecessor
        self._stop = threading.Event()
        self._try_again = threading.Event()
        """Ends the pause after a failure; work that comes meanwhile does not, for the store asked to be left alone."""
        self._inbox = Inbox()
        self._backlog = Backlog(catalog, binding.id, self._inbox)
        self._schedule = Schedule(settings, binding.id, catching_up)
        self._at_once = at_once
        self._watching = Watching(
            self._inbox, settings, stop=self._stop, work=threading.Event(), on_loss=self._list_instead
        )
        self._reports = Reports(binding.id, catalog)
        self._inventories = Inventories(binding.id, catalog=catalog, buckets=buckets, settings=settings)
        self._worker: Worker | None = None
        self.making: Making | None = None
        """What the life in hand is made of; None before the first."""
        self._thread = threading.Thread(target=self._run, name=f"binding-{binding.id}", daemon=True)

    def start(self) -> None:
        """Begin, or go on where the binding stands, once the predecessor has ended."""
        self._thread.start()

    def signal_stop(self) -> None:
        """Ask the thread to end at the next safe point. Nothing more is committed after the one under way."""
        self._stop.set()
        self._try_again.set()
        self._watching.wake()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the end of the thread; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self._binding.bucket

    @property
    def untold(self) -> str:
        """Why the binding cannot go on, while that cannot be stored."""
        return self._reports.untold

    def reconcile_now(self) -> None:
        """List the bucket again as soon as possible, and try a failed one again."""
        self._schedule.ask()
        self._try_again.set()
        self._watching.wake()

    def notice_changes(self) -> None:
        """Keys of this binding have been added to the record, of which events told."""
        self._schedule.note_event()
        self._watching.wake()

    def look_again(self, keys: Sequence[str]) -> bool:
        """Have keys looked at; False, and nothing is done, when too many wait already."""
        if len(self._inbox) > INBOX_LIMIT // 2:
            return False
        self._inbox.add(keys)
        self._watching.wake()
        return True

    def live_progress(self) -> Progress | None:
        """The books at this moment; None before the first scan of this thread. Never blocks."""
        worker = self._worker
        return None if worker is None else worker.live_progress()

    @property
    def inventory_progress(self) -> InventoryProgress | None:
        """How far the inventory in hand is; None when none is."""
        return self._inventories.progress

    @property
    def held_back(self) -> HeldBack | None:
        """What the deletion guard held back of the last listing of this thread."""
        worker = self._worker
        return None if worker is None else worker.held_back

    def _run(self) -> None:
        with self._catalog.servers.working(self.lease):
            self._live()

    def _live(self) -> None:
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
            self._try_again.clear()  # this is the try; who asks from now on asks for the next one
            try:
                self._follow()
            except LeaseLost as error:
                _log.warning("the binding is left to another server", reason=str(error))
                break
            except Exception as error:
                if self._stop.is_set() or self._is_deleted(error):
                    break
                if time.monotonic() - began > self._settings.retry_longest:
                    attempt = 0
                self._try_again.clear()  # what was asked for while it went on has been tried by it
                self._reports.note_failure(error)
                self._rest(error, attempt)
                attempt += 1
        _log.debug("the binding is no longer followed")

    def _follow(self) -> None:
        """One life of the store: ends with an exception, or at once where there is to be none."""
        binding = self._catalog.bindings.get_by_id(self._binding.id)
        if binding.state is BindingState.STOPPED:
            # by another server, before this one took the lease: there was none to revoke
            self._stop.set()
            return
        self.making = making = make(self._catalog, self._buckets, binding)
        store = self._buckets.open(binding.bucket)
        store.check()
        binding = check_bound(self._catalog, binding, store, share=self._settings.guard_share)
        self._reports.move(Cause.FULL_SCAN_BEGUN)
        self._reports.move(Cause.STORE_BACK)
        worker = Worker(
            binding,
            store,
            catalog=self._catalog,
            pool=self._pool,
            operators=making.operators,
            settings=self._settings,
            stop=self._stop,
            inbox=self._inbox,
            attend=self._attend,
        )
        worker.relist = self._schedule.ask
        self._worker = worker
        self._watching.begin()
        try:
            self._watching.open(store)
            self._scan(worker)
            self._at_once = False
            while True:
                worker.check_stop()
                self._step(worker)
        finally:
            self._schedule.give_up()
            worker.abandon()
            self._watching.close()

    def _scan(self, worker: Worker) -> None:
        """The full scan, unless it was done earlier. The watch runs already, so nothing is missed after it."""
        if worker.binding.phase is BindingPhase.INCREMENTAL_SCANNING:
            self._catch_up(worker)
            return
        inventory = self._inventories.take(worker)
        self._begin_listing(worker)
        whole = full_scan(worker, inventory)
        self._reports.move(Cause.STORE_BACK)  # a full scan is only done by a binding that is at work
        self._reports.move(Cause.FULL_SCAN_DONE)
        if whole:
            self._reports.end_listing(worker, None, worker.binding)
        elif inventory is not None:
            self._inventories.finish(inventory)
        else:
            self._schedule.ask()
        _log.info("full scan done", listed=worker.books.listed)

    def _catch_up(self, worker: Worker) -> None:
        """Find what was missed: while the server was not there, or the store."""
        binding = worker.binding
        is_to_scan = binding.inventory is not None and not binding.inventory.scanned
        if binding.removals_confirmed or (self._at_once and not is_to_scan):
            self._schedule.ask()
        elif binding.inventory is None:
            self._wait_for_turn(
                worker, polls=self._watching.polls(worker.store), watches=worker.store.capabilities.watch
            )

    def _wait_for_turn(self, worker: Worker, *, polls: bool, watches: bool) -> None:
        last = worker.books.last_complete_listing
        self._schedule.catch_up(last, self._watching.wake, polls=polls, watches=watches)

    def _step(self, worker: Worker) -> None:
        """Changes first: a key that an event names is looked up, which tells more than a listing."""
        worker.pipeline.advance(_RESULTS_SECONDS if len(worker.pipeline.underway) else 0.0)
        waits = not len(worker.pipeline.underway) and not self._schedule.is_due()
        longest = worker.removals.seconds_left(self._schedule.seconds_left())
        self._watching.take(self._inbox.wait_time(longest) if waits else 0.0)
        self._process(worker)
        if self._schedule.is_due():
            self._watching.open(worker.store)
            asked = self._begin_listing(worker)
            partly = self._compare(worker, asked=asked) and worker.store.capabilities.listing_free
            self._schedule.end(polls=self._watching.polls(worker.store), partly=partly)

    def _begin_listing(self, worker: Worker) -> bool:
        """Whether somebody has asked for it."""
        return self._schedule.begin(
            polls=self._watching.polls(worker.store), watches=worker.store.capabilities.watch
        )

    def _compare(self, worker: Worker, *, asked: bool) -> bool:
        """By a newer inventory, or by a listing. Whether a part of the bucket could not be listed."""
        worker.check_store()
        inventory = self._inventories.take(worker)
        if inventory is not None:
            decided = reconcile_by_inventory(worker, inventory)
            self._inventories.finish(inventory)
            if not decided:
                self._schedule.ask()
        if inventory is None and (asked or self._inventories.is_listing_due(worker)):
            return self._reconcile(worker)
        if asked:
            self._schedule.ask()
        return False

    def _reconcile(self, worker: Worker) -> bool:
        """Whether a part of the bucket could not be listed."""
        binding = self._catalog.bindings.get_by_id(worker.binding.id)
        held = reconcile(worker, binding)
        self._reports.end_listing(worker, held, binding)
        if held is None and not worker.store.capabilities.listing_free:
            self._schedule.judge_events(worker.found_alone)
        return held is not None and held.partly

    def _attend(self) -> None:
        """While a listing goes on: take changes from the kernel before its queue is full, and deal with them."""
        self._watching.take(0.0)
        if self._worker is not None:
            self._process(self._worker)

    def _process(self, worker: Worker) -> None:
        self._backlog.load()
        process_changes(worker)
        self._backlog.settle()
        self._reports.tell_troubles(worker)

    def _list_instead(self) -> None:
        """The inbox was emptied: a listing finds what was in it, and what never came."""
        self._backlog.rewind()
        if self._worker is None:
            self._schedule.ask()
        else:
            self._wait_for_turn(self._worker, polls=False, watches=True)

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

    def _rest(self, error: Exception, attempt: int) -> None:
        asked = getattr(error, "retry_after", None)
        longest = self._settings.retry_longest
        pause = min(longest, self._settings.retry_initial * 2 ** min(attempt, 16))
        self._try_again.wait(max(pause, min(asked or 0.0, longest)))
