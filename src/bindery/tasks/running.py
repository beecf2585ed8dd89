"""A task under way, as its work sees it."""

from __future__ import annotations

import threading
import time

import msgspec

from bindery.catalog.interface.task_queue import TaskQueue
from bindery.catalog.records import Task, TaskLease, TaskLost
from bindery.stopping import Interrupted, Stoppable

_REPORT_SECONDS = 0.5


class Running(Stoppable):
    """Ends at its next safe point when it is cancelled, when its lease is lost, or when the server ends."""

    def __init__(self, queue: TaskQueue, lease: TaskLease, seconds: float, *, here: bool = False) -> None:
        """``seconds``: how long a lease holds that is not renewed; ``here``: no other server can do it."""
        super().__init__(threading.Event())
        self._queue = queue
        self._seconds = seconds
        self._next = time.monotonic() + _REPORT_SECONDS
        self.lease = lease
        self.here = here
        self.cancelled = lease.cancelled
        self.lost = False
        """Whether it is somebody else's; then nothing that is done here counts any more."""
        if lease.cancelled:
            self._stop.set()

    @property
    def task(self) -> Task:
        """As it was when it was taken."""
        return self.lease.task

    def report(self, *, progress: int = 0, result: msgspec.Struct | None = None) -> None:
        """Let the task tell how far the work is, at most twice a second. Raises Interrupted."""
        self.check_stop()
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _REPORT_SECONDS
            told = "" if result is None else msgspec.json.encode(result).decode()
            self._tell(msgspec.structs.replace(self.task, progress=progress, result=told))

    def _tell(self, task: Task) -> None:
        try:
            if self._queue.report(self.lease, task, seconds=self._seconds):
                self.cancel()
        except TaskLost:
            self.lose()
            raise Interrupted from None

    def stop(self) -> None:
        """The server ends."""
        self._stop.set()

    def cancel(self) -> None:
        """Somebody wants no more of it."""
        self.cancelled = True
        self._stop.set()

    def lose(self) -> None:
        """Another server has taken it."""
        self.lost = True
        self._stop.set()
