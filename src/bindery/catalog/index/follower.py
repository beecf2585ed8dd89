"""Keeps the indexes of all datasets up with the record, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from bindery.catalog.index.changes import ChangeSource
from bindery.catalog.index.dataset_index import DatasetIndex

_LEAST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 1.0
_PAUSES = 4
"""Times as long as it worked it rests once it has caught up: a batch costs some 25 ms however small it is, and during a
scan there is always something. Who asks meanwhile waits for nothing, for a question applies what is missing."""
_BUSY_PAUSE_SECONDS = 0.02
"""For others, while there is more."""
_SHARED_SECONDS = 2.0
"""How often it looks by itself where other servers write: what they tell may not be heard."""
_RETRY_SECONDS = 1.0
"""How often an index that fails is asked whether its time has come."""
_log = structlog.get_logger(__name__)


class Follower:
    """Applies changes soon after it was woken: one batch of each dataset in turn, and texts where it caught up."""

    def __init__(self, source: ChangeSource, index_of: Callable[[int], DatasetIndex]) -> None:
        self._source = source
        self._index_of = index_of
        self._seen: dict[int, int] = {}
        self._behind: set[int] = set()
        self._unfinished = False
        """Whether the last turn ended before all was applied that was there when it began."""
        self._trouble = ""
        """Why the last look failed, which was told."""
        self._closing = threading.Event()
        self._woken = threading.Event()
        self._woken.set()
        self._thread = threading.Thread(target=self._run, name="index-follower", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Tell the follower that the record has grown."""
        self._woken.set()

    def stop(self) -> None:
        """Follow no more."""
        self._closing.set()
        self._woken.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end after a stop; whether it has come."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._guarded(self._look_at_all)
        while not self._closing.is_set():
            pause = _SHARED_SECONDS if self._source.shared else None
            self._woken.wait(_RETRY_SECONDS if self._behind else pause)
            self._woken.clear()
            began = time.monotonic()
            self._guarded(self._follow)
            if self._unfinished:
                self._woken.set()
                self._closing.wait(_BUSY_PAUSE_SECONDS)
            else:
                rest = _PAUSES * (time.monotonic() - began)
                self._closing.wait(min(_LONGEST_PAUSE_SECONDS, max(_LEAST_PAUSE_SECONDS, rest)))

    def _guarded(self, work: Callable[[], None]) -> None:
        """Whatever goes wrong, the next wake or query tries again."""
        self._unfinished = False
        try:
            work()
            self._trouble = ""
        except Exception as error:
            trouble = str(error)
            if not self._closing.is_set() and trouble != self._trouble:
                _log.warning("the index could not follow the record", error=trouble)
            self._trouble = trouble

    def _look_at_all(self) -> None:
        self._seen = self._source.newest_numbers()
        self._behind = set(self._seen)

    def _follow(self) -> None:
        newest = self._source.newest_numbers()
        self._behind |= {dataset_id for dataset_id, _ in newest.items() - self._seen.items()}
        self._seen = newest
        ended = time.monotonic() + _RETRY_SECONDS
        waiting = set(self._behind)
        while waiting and not self._closing.is_set():
            for dataset_id in sorted(waiting):
                if self._closing.is_set():
                    return
                index = self._index_of(dataset_id)
                if not index.follow(newest.get(dataset_id, 0)) and not index.hold_texts():
                    waiting.discard(dataset_id)
                    if index.is_current and index.progress() is None and not index.has_texts_left:
                        self._behind.discard(dataset_id)
            if time.monotonic() >= ended:  # others may have changed meanwhile
                self._unfinished = bool(waiting)
                return
