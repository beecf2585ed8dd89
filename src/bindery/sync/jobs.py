"""Files that wait for explicit indexing: a queue with delays, in which only the newest job of a file counts."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable

import msgspec

from bindery.catalog.records import Dataset

FileName = tuple[int, str]
"""Dataset id and URI."""


class Job(msgspec.Struct, frozen=True, order=True, gc=False):
    """One accepted file. Ordered by when it is due, then by when it was accepted."""

    due: float
    serial: int
    dataset: Dataset
    uri: str
    attempts: int = 0

    @property
    def file(self) -> FileName:
        """Which entry the job is about."""
        return self.dataset.id, self.uri


class Jobs:
    """Safe for threads. ``serial`` numbers ascend with every acceptance."""

    def __init__(self) -> None:
        self._queue: list[Job] = []
        self._newest: dict[FileName, int] = {}
        self._serial = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._queue)

    def announce(self, dataset: Dataset, uris: Iterable[str]) -> list[str]:
        """These are about to be accepted: results of their earlier jobs are out of date from now on.

        Returns those that have an earlier job; it must be put again when the acceptance is refused.
        """
        with self._changed:
            self._serial += 1
            earlier = [uri for uri in uris if (dataset.id, uri) in self._newest]
            self._newest.update(((dataset.id, uri), self._serial) for uri in earlier)
        return earlier

    def put(self, dataset: Dataset, uris: Iterable[str]) -> None:
        """Work these off, after all that wait already."""
        now = time.monotonic()
        with self._changed:
            for uri in uris:
                self._serial += 1
                self._newest[dataset.id, uri] = self._serial
                heapq.heappush(self._queue, Job(now, self._serial, dataset, uri))
            self._changed.notify()

    def retry(self, job: Job, delay: float) -> None:
        """The same job once more, unless a newer one has come."""
        with self._changed:
            if self._newest.get(job.file) == job.serial:
                again = msgspec.structs.replace(
                    job, due=time.monotonic() + delay, attempts=job.attempts + 1
                )
                heapq.heappush(self._queue, again)

    def take(self, limit: int) -> list[Job]:
        """Wait for jobs that are due; up to ``limit``, of each file only the newest. Empty after ``close``."""
        with self._changed:
            while not self._closed:
                wait = self._queue[0].due - time.monotonic() if self._queue else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                elif jobs := self._pop_due(limit):  # none when all that are due are out of date
                    return jobs
            return []

    def is_newest(self, job: Job) -> bool:
        """Whether no newer job of the file has been announced."""
        return self._newest.get(job.file) == job.serial

    def done(self, jobs: Iterable[Job]) -> None:
        """These are finished; newer jobs of the same files stay."""
        with self._changed:
            for job in jobs:
                if self._newest.get(job.file) == job.serial:
                    del self._newest[job.file]

    def close(self) -> None:
        """Wake who waits, with nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _pop_due(self, limit: int) -> list[Job]:
        now = time.monotonic()
        jobs: list[Job] = []
        while self._queue and self._queue[0].due <= now and len(jobs) < limit:
            job = heapq.heappop(self._queue)
            if self._newest.get(job.file) == job.serial:
                jobs.append(job)
        return jobs
