"""When a bucket is listed: on an interval, and at once when somebody asks for it."""

from __future__ import annotations

import random
import threading
import time

from bindery.sync.settings import SyncSettings

_LONGEST_WAIT_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 2.0
"""After a listing that was not complete; doubles while it is not, up to the interval."""
_LISTING_PAUSE = 4
"""Polling pauses for so many times as long as the listing took, and so takes a fifth of a processor at most."""
_MOST_DOUBLED = 16


class Schedule:
    """For the thread of one binding; only ``ask`` and ``note_event`` are for others."""

    def __init__(self, settings: SyncSettings) -> None:
        self._settings = settings
        self._asked = threading.Event()
        self._next = 0.0
        self._began = 0.0
        self._pause = _FIRST_PAUSE_SECONDS
        self._told = False
        self._doubled = 0

    def note_event(self) -> None:
        """The store has told of a change."""
        self._told = True

    def judge_events(self, found_alone: int) -> None:
        """A complete listing of an object store has found so many changes that no event had told of. While there are
        none, and events come, listings become rarer; one is enough to make them as frequent as without events."""
        if found_alone:
            self._doubled = 0
        elif self._told:
            self._doubled = min(self._doubled + 1, _MOST_DOUBLED)
        self._told = False
        base = self._settings.reconcile_interval
        rarer = min(base * 2**self._doubled, self._settings.reconcile_interval_with_events)
        self._next = max(self._next, self._began + rarer)

    def ask(self) -> None:
        """List as soon as possible."""
        self._asked.set()

    def is_asked(self) -> bool:
        """Whether somebody has asked for a listing that has not begun."""
        return self._asked.is_set()

    def is_due(self) -> bool:
        """Whether it is time for a listing."""
        return self._asked.is_set() or time.monotonic() >= self._next

    def seconds_left(self) -> float:
        """Until the next listing; a second at most."""
        if self._asked.is_set():
            return 0.0
        return min(_LONGEST_WAIT_SECONDS, max(0.0, self._next - time.monotonic()))

    def begin(self, *, polls: bool, watches: bool) -> None:
        """A listing begins now. What is asked for from now on is for the next one.

        ``polls``: changes go unseen, and a listing costs nothing but time. ``watches``: the store tells of changes.
        """
        self._asked.clear()
        self._began = time.monotonic()
        self._next = self._began + self._interval(polls=polls, watches=watches)

    def end(self, *, polls: bool, partly: bool = False) -> None:
        """The listing has ended. One that is repeated every few seconds must not take a processor for itself, and none
        is made more than half of the time.

        ``partly``: it costs nothing and was not complete, so it is repeated soon, but less and less often.
        """
        ended = time.monotonic()
        earliest = ended + _LISTING_PAUSE * (ended - self._began)
        rest = earliest if polls else ended + (ended - self._began)
        self._next = max(self._next, rest)
        if partly:
            self._next = min(self._next, max(earliest, ended + self._pause))
        self._pause = self._pause * 2 if partly else _FIRST_PAUSE_SECONDS

    def _interval(self, *, polls: bool, watches: bool) -> float:
        if polls:
            base = self._settings.folder_poll_interval
        elif watches:
            base = self._settings.folder_reconcile_interval
        else:
            base = self._settings.reconcile_interval
        return base * random.uniform(0.9, 1.1)  # noqa: S311  (spreads bindings, no secret)
