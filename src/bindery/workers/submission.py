"""Jobs that were submitted together, and their answers as they come."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from bindery.stopping import Interrupted
from bindery.workers.job import Finished, Urgency

_POLL_SECONDS = 0.1


class Flow(Protocol):
    """Who needs to know what has been taken, and who waits."""

    def note_untaken(self, difference: int) -> None:
        """Bytes of answers that have come, or that were taken (negative)."""

    def note_waiter(self, submission: Submission, difference: int) -> None:
        """Somebody begins (1) or ends (-1) to wait for answers of the submission."""


class Submission:
    """Safe for threads. Answers come in any order; each is given out once.

    Whoever has several submissions of one owner takes the answers of the oldest first: while many bytes are not
    taken, younger ones do not go on.
    """

    def __init__(self, number: int, jobs: int, urgency: Urgency, owner: str, flow: Flow) -> None:
        self.number = number
        self.urgency = urgency
        self.owner = owner
        self._flow = flow
        self._left = jobs
        """Jobs whose answer was not given out yet."""
        self._come: deque[Finished] = deque()
        self._bytes = 0
        self._over = False
        self._changed = threading.Condition()

    @property
    def done(self) -> bool:
        """Whether every answer was given out."""
        return not self._left

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants the answers any more."""
        return self._over

    def take(
        self,
        stop: threading.Event | None = None,
        *,
        seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> list[Finished]:
        """Answers that were not given out yet: all that are left, or those that have come after ``seconds`` (there
        may be none), or as soon as there are ``most_bytes`` of them, and then not many more.

        Raises Interrupted when ``stop`` is set, or the pool is closed, before there is anything to give.
        """
        if seconds != 0:
            self._wait(stop, seconds, most_bytes)
        with self._changed:
            taken = self._give(most_bytes)
        if taken:
            self._flow.note_untaken(-sum(finished.size for finished in taken))
        return taken

    def _wait(self, stop: threading.Event | None, seconds: float | None, most_bytes: int | None) -> None:
        end = None if seconds is None else time.monotonic() + seconds
        self._flow.note_waiter(self, 1)
        try:
            with self._changed:
                while not self._is_enough(most_bytes):
                    wait = _POLL_SECONDS if end is None else min(_POLL_SECONDS, end - time.monotonic())
                    if wait <= 0:
                        return
                    if self._over or (stop is not None and stop.is_set()):
                        raise Interrupted
                    self._changed.wait(wait)
        finally:
            self._flow.note_waiter(self, -1)

    def cancel(self) -> None:
        """Nobody wants the answers any more: jobs that were not begun are dropped, who waits is interrupted."""
        with self._changed:
            self._over = True
            untaken, self._bytes = self._bytes, 0
            self._come.clear()
            self._changed.notify_all()
        if untaken:
            self._flow.note_untaken(-untaken)

    def deliver(self, finished: Sequence[Finished]) -> int:
        """The answers of some jobs have come; their bytes."""
        size = sum(one.size for one in finished)
        with self._changed:
            if self._over:
                return size
            self._come.extend(finished)
            self._bytes += size
            self._changed.notify_all()
        self._flow.note_untaken(size)
        return size

    def _is_enough(self, most_bytes: int | None) -> bool:
        return len(self._come) >= self._left or (most_bytes is not None and self._bytes >= most_bytes)

    def _give(self, most_bytes: int | None) -> list[Finished]:
        taken: list[Finished] = []
        size = 0
        while self._come and (most_bytes is None or size < most_bytes):
            taken.append(self._come.popleft())
            size += taken[-1].size
        self._bytes -= size
        self._left -= len(taken)
        return taken
