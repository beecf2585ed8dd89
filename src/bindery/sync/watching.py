"""The watch on a bucket: opened when it can be, tried again when it cannot, and what it sees put into the inbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from bindery.buckets.store import Changes, Store, StoreUnavailable, Watch, describe_unseen
from bindery.sync.inbox import Inbox
from bindery.sync.settings import SyncSettings

INBOX_LIMIT = 100_000
"""Changes that may wait; with more the bucket is listed instead."""
_GATHERING_SECONDS = 0.01
"""Events come in bursts: what follows the first within this time is dealt with together."""
_log = structlog.get_logger()


class Watching:
    """For the thread of one binding; ``wake`` and ``close`` are for any."""

    def __init__(
        self,
        inbox: Inbox,
        settings: SyncSettings,
        *,
        stop: threading.Event,
        work: threading.Event,
        on_loss: Callable[[], None],
    ) -> None:
        """``work``: set when there is something to do; ``on_loss``: changes were lost, so that a listing must find
        them."""
        self.watch: Watch | None = None
        self._inbox = inbox
        self._settings = settings
        self._stop = stop
        self._work = work
        self._on_loss = on_loss
        self._next_try = 0.0
        self._unseen = ""

    def open(self, store: Store) -> None:
        """Watch the bucket unless it is watched; one that cannot be watched is tried now and then."""
        if self.watch is not None or not store.capabilities.watch or time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + self._settings.folder_reconcile_interval
        try:
            self.watch = store.watch()
            unseen = describe_unseen(self.watch.unseen)
        except StoreUnavailable as error:
            unseen = str(error)
        if unseen and unseen != self._unseen:
            seconds = self._settings.folder_poll_interval
            _log.warning("changes are found by listing", reason=unseen, interval=seconds)
        self._unseen = unseen

    def begin(self) -> None:
        """A new life: the next ``open`` tries at once."""
        self._next_try = 0.0

    def polls(self, store: Store) -> bool:
        """Whether changes go unseen, and a listing may be repeated every few seconds."""
        return store.capabilities.listing_free and (self.watch is None or bool(self.watch.unseen))

    def take(self, seconds: float) -> None:
        """Wait for changes, or for work of another kind, and put them into the inbox. Raises StoreUnavailable."""
        watch = self.watch
        if watch is None:
            self._work.wait(seconds)
            self._work.clear()
            return
        # cleared before the watch is asked: who sets it afterwards wakes the watch, too
        waiting = 0.0 if self._work.is_set() else seconds
        self._work.clear()
        changes = watch.wait(waiting)
        if seconds and (changes.keys or changes.prefixes):
            self._stop.wait(_GATHERING_SECONDS)
            self._accept(changes)
            changes = watch.wait(0.0)
        self._accept(changes)

    def wake(self) -> None:
        """From another thread: end the wait of ``take``."""
        self._work.set()
        watch = self.watch
        if watch is not None:
            watch.wake()

    def close(self) -> None:
        """Stop watching; ends the wait of ``take``."""
        watch, self.watch = self.watch, None
        if watch is not None:
            watch.close()

    def _accept(self, changes: Changes) -> None:
        self._inbox.add(changes.keys)
        self._inbox.add_prefixes(changes.prefixes)
        if not changes.overflow and len(self._inbox) <= INBOX_LIMIT:
            return
        _log.warning("changes were lost or are too many, listing the bucket again")
        self._inbox.clear()
        self.close()  # folders that were made meanwhile are not watched; the next listing opens it anew
        self._next_try = 0.0
        self._on_loss()
