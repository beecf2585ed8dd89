"""Files that wait for explicit indexing: queues with delays, in which only the newest job of a file counts.

Datasets take turns, and each is worked on by one taker at a time.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import OrderedDict
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
        self._queues: OrderedDict[int, list[Job]] = OrderedDict()
        """Heaps by dataset id; the one that was served last stands at the end."""
        self._busy: set[int] = set()
        """Datasets that are being worked on."""
        self._newest: dict[FileName, int] = {}
        self._serial = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

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
                self._push(Job(now, self._serial, dataset, uri))
            self._changed.notify_all()

    def put_unknown(self, dataset: Dataset, uris: Iterable[str]) -> None:
        """Work off those of them that have no job."""
        with self._changed:
            self.put(dataset, [uri for uri in uris if (dataset.id, uri) not in self._newest])

    def retry(self, job: Job, delay: float) -> None:
        """The same job once more, unless a newer one has come."""
        with self._changed:
            if self._newest.get(job.file) == job.serial:
                again = msgspec.structs.replace(
                    job, due=time.monotonic() + delay, attempts=job.attempts + 1
                )
                self._push(again)
                self._changed.notify_all()

    def take(self, limit: int) -> list[Job]:
        """Wait for jobs that are due; up to ``limit`` of one dataset, of each file only the newest. Nobody else gets
        jobs of that dataset until ``free``. Empty after ``close``.
        """
        with self._changed:
            while not self._closed:
                dataset_id, wait = self._next()
                if dataset_id is None:
                    self._changed.wait(wait)
                elif jobs := self._pop_due(dataset_id, limit):  # none when all that are due are out of date
                    self._busy.add(dataset_id)
                    return jobs
            return []

    def free(self, dataset: Dataset) -> None:
        """The jobs that were taken of the dataset have been dealt with."""
        with self._changed:
            self._busy.discard(dataset.id)
            self._changed.notify_all()

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

    def _push(self, job: Job) -> None:
        heapq.heappush(self._queues.setdefault(job.dataset.id, []), job)

    def _next(self) -> tuple[int | None, float | None]:
        """The dataset whose turn it is; else how long to wait, None when nothing is going to be due."""
        now = time.monotonic()
        heads = [(id_, queue[0].due) for id_, queue in self._queues.items() if id_ not in self._busy]
        due = next((id_ for id_, at in heads if at <= now), None)
        return due, min((at - now for _, at in heads), default=None)

    def _pop_due(self, dataset_id: int, limit: int) -> list[Job]:
        now = time.monotonic()
        queue = self._queues[dataset_id]
        jobs: list[Job] = []
        while queue and queue[0].due <= now and len(jobs) < limit:
            job = heapq.heappop(queue)
            if self._newest.get(job.file) == job.serial:
                jobs.append(job)
        self._queues.move_to_end(dataset_id)
        if not queue:
            del self._queues[dataset_id]
        return jobs
