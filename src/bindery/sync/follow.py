"""The life of one binding, in a thread of its own: scan, then follow, and heal what fails."""

from __future__ import annotations

import random
import threading
import time
from contextlib import closing, nullcontext

import msgspec
import structlog

from bindery.buckets.registry import Buckets
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    Store,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    Watch,
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
from bindery.extract.extraction import Operator
from bindery.extract.pool import Interrupted, Pool
from bindery.sync.changed import process_changes
from bindery.sync.inbox import Inbox
from bindery.sync.scan import full_scan, reconcile
from bindery.sync.settings import SyncSettings
from bindery.sync.states import Cause, move
from bindery.sync.templates import operators_for
from bindery.sync.worker import Worker

_CANNOT_HEAL = (BucketNotFound, AccessDenied, StoreMisconfigured)
_log = structlog.get_logger()


class Follower:
    """Runs a binding until it is told to stop."""

    def __init__(
        self, binding: Binding, catalog: Catalog, buckets: Buckets, pool: Pool, settings: SyncSettings
    ) -> None:
        self._binding = binding
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._inbox = Inbox()
        self._worker: Worker | None = None
        self._watch: Watch | None = None
        self._next_reconcile = 0.0
        self._log = _log.bind(binding=binding.id, bucket=binding.bucket, dataset=binding.dataset_name)
        self._thread = threading.Thread(target=self._run, name=f"binding-{binding.id}", daemon=True)

    def start(self) -> None:
        """Begin or go on where the binding stands."""
        self._thread.start()

    def signal_stop(self) -> None:
        """Ask the thread to end at the next safe point."""
        self._stop.set()
        self._wake.set()
        watch = self._watch
        if watch is not None:
            watch.close()

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread; whether it has ended."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def reconcile_now(self) -> None:
        """List the bucket again as soon as possible."""
        self._next_reconcile = 0.0
        self._wake.set()

    def live_progress(self) -> Progress | None:
        """The books at this moment; None before the first scan of this thread."""
        worker = self._worker
        return None if worker is None else worker.live_progress()

    def _run(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._follow()
            except Interrupted:
                return
            except NotFound:
                return  # the binding was deleted
            except Exception as error:
                if self._stop.is_set():
                    return
                if time.monotonic() - began > self._settings.retry_longest:
                    attempt = 0
                self._note_failure(error)
                self._rest(error, attempt)
                attempt += 1

    def _follow(self) -> None:
        """One life of the store: raises when it fails."""
        binding = self._catalog.get_binding_by_id(self._binding.id)
        store = self._buckets.open(binding.bucket)
        store.check()
        if binding.state is BindingState.READY:
            self._move(Cause.FULL_SCAN_BEGUN)
        self._move(Cause.STORE_BACK)
        self._worker = Worker(
            binding,
            store,
            catalog=self._catalog,
            pool=self._pool,
            operators=self._operators(binding),
            settings=self._settings,
            stop=self._stop,
            inbox=self._inbox,
        )
        watch = self._open_watch(store)
        with closing(watch) if watch is not None else nullcontext():
            self._scan(self._worker)
            while True:
                self._worker.check_stop()
                self._step(self._worker, watch)

    def _scan(self, worker: Worker) -> None:
        binding = self._catalog.get_binding_by_id(worker.binding.id)
        if binding.phase is BindingPhase.INCREMENTAL_SCANNING:
            self._next_reconcile = 0.0
            return
        whole = full_scan(worker)
        self._move(Cause.FULL_SCAN_DONE)
        self._log.info("full scan done", listed=worker.books.progress.listed)
        self._next_reconcile = time.monotonic() + self._interval(worker.store) if whole else 0.0

    def _step(self, worker: Worker, watch: Watch | None) -> None:
        if time.monotonic() >= self._next_reconcile:
            self._next_reconcile = time.monotonic() + self._interval(worker.store)
            self._reconcile(worker)
        process_changes(worker)
        wait = min(1.0, max(0.0, self._next_reconcile - time.monotonic()))
        wait = self._inbox.wait_time(wait)
        if watch is None:
            self._wake.wait(wait)
            self._wake.clear()
            return
        changes = watch.wait(wait)
        self._inbox.add(changes.keys)
        self._inbox.add_prefixes(changes.prefixes)
        if changes.overflow:
            self._log.warning("changes were lost, listing the bucket again")
            self._next_reconcile = 0.0

    def _reconcile(self, worker: Worker) -> None:
        held = reconcile(worker)
        binding = self._catalog.get_binding_by_id(worker.binding.id)
        if held is not None or binding.reason.startswith("DeletionGuard"):
            self._set_reason(held or "")

    def _open_watch(self, store: Store) -> Watch | None:
        if not store.capabilities.watch:
            return None
        try:
            self._watch = store.watch()
        except StoreUnavailable as error:
            self._log.warning("the bucket is followed by listing only", reason=str(error))
            self._watch = None
        return self._watch

    def _interval(self, store: Store) -> float:
        watched = store.capabilities.watch
        base = self._settings.folder_reconcile_interval if watched else self._settings.reconcile_interval
        return base * random.uniform(0.9, 1.1)  # noqa: S311  (spreads bindings, no secret)

    def _operators(self, binding: Binding) -> frozenset[Operator]:
        project = self._catalog.get_project(binding.project_name)
        dataset = self._catalog.get_dataset(binding.project_name, binding.dataset_name)
        return operators_for(project, dataset)

    def _move(self, cause: Cause, reason: str = "") -> None:
        now = now_ns()

        def change(binding: Binding) -> Binding:
            return move(binding, cause, reason=reason, now=now) or binding

        self._catalog.update_binding(self._binding.id, change)

    def _set_reason(self, reason: str) -> None:
        def change(binding: Binding) -> Binding:
            running = binding.state is BindingState.RUNNING
            return msgspec.structs.replace(binding, reason=reason) if running else binding

        self._catalog.update_binding(self._binding.id, change)

    def _note_failure(self, error: Exception) -> None:
        cause = Cause.CANNOT_HEAL if isinstance(error, _CANNOT_HEAL) else Cause.STORE_UNREACHABLE
        expected = isinstance(error, StoreError | CatalogError)
        reason = f"{'' if expected else 'InternalError: '}{type(error).__name__}: {error}"
        self._log.warning("the binding cannot go on", reason=reason, exc_info=not expected)
        try:
            self._move(cause, reason)
        except Exception:
            self._log.exception("the state of the binding could not be stored")

    def _rest(self, error: Exception, attempt: int) -> None:
        asked = getattr(error, "retry_after", None)
        longest = self._settings.retry_longest
        pause = min(longest, self._settings.retry_initial * 2 ** min(attempt, 16))
        self._wake.wait(max(pause, min(asked or 0.0, longest)))
        self._wake.clear()
