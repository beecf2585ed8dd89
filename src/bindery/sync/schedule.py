"""When a bucket is listed: on an interval, at once when somebody asks for it, and by turns with other buckets when
changes may have been missed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial

from bindery.sync.catching_up import CatchingUp
from bindery.sync.settings import SyncSettings

_LONGEST_WAIT_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 2.0
"""After a listing that was not complete; doubles while it is not, up to the interval."""
_LISTING_PAUSE = 4
"""Polling pauses for so many times as long as the listing took, and so takes a fifth of a processor at most."""
_MOST_DOUBLED = 16


class Schedule:
    """For the thread of one binding; only ``ask`` and ``note_event`` are for others."""

    def __init__(self, settings: SyncSettings, binding_id: int, catching_up: CatchingUp) -> None:
        """Intervals vary by a tenth, so that bindings spread, in a way that depends on ``binding_id`` alone."""
        self._settings = settings
        self._binding_id = binding_id
        self._catching_up = catching_up
        self._catches_up = False
        self._join: Callable[[], None] = lambda: None
        """Waits for a turn."""
        self._latest: float | None = None
        """By when what may have been missed is listed, however often a life of the binding ends before."""
        self._jitter = random.Random(binding_id)  # noqa: S311  (no secret)
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

    def catch_up(
        self, last_listing: int | None, wake: Callable[[], None], *, polls: bool, watches: bool
    ) -> None:
        """List when the binding's turn has come, and no later than an interval from now: changes may have been missed.

        ``last_listing``: when the last complete one ended; ``wake``: called when the turn comes.
        """
        self._catches_up, now = True, time.monotonic()
        if self._latest is None:
            self._latest = now + self._interval(polls=polls, watches=watches)
        self._next = min(self._next, self._latest) if self._next > now else self._latest
        self._join = partial(self._catching_up.join, self._binding_id, last_listing, wake)
        self._join()

    def give_up(self) -> None:
        """The life of the binding ends; others need not wait for its listing."""
        self._catches_up = False
        self._catching_up.leave(self._binding_id)

    def is_due(self) -> bool:
        """Whether it is time for a listing."""
        if self._asked.is_set() or time.monotonic() >= self._next:
            return True
        return self._catches_up and self._catching_up.is_turn(self._binding_id)

    def seconds_left(self) -> float:
        """Until the next listing; a second at most."""
        if self._asked.is_set():
            return 0.0
        return min(_LONGEST_WAIT_SECONDS, max(0.0, self._next - time.monotonic()))

    def begin(self, *, polls: bool, watches: bool) -> bool:
        """A listing begins now; whether somebody has asked for it. What is asked for from now on is for the next one.

        ``polls``: changes go unseen, and a listing costs nothing but time. ``watches``: the store tells of changes.
        """
        asked = self._asked.is_set()
        if asked:  # who asks behind the look is heard by the next one
            self._asked.clear()
        self._catches_up = False
        self._began = time.monotonic()
        self._next = self._began + self._interval(polls=polls, watches=watches)
        return asked

    def end(self, *, polls: bool, partly: bool = False) -> None:
        """The listing has ended. One that is repeated every few seconds must not take a processor for itself, and none
        is made more than half of the time.

        ``partly``: it costs nothing and was not complete, so it is repeated soon, but less and less often.
        """
        self._catching_up.leave(self._binding_id)
        if self._catches_up:  # since it began; it does not count for that
            self._join()
        else:
            self._latest = None
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
        return base * self._jitter.uniform(0.9, 1.1)
