"""Worker processes for extraction: isolated, limited in time, memory and bytes, replaced when they die.

Files travel in batches, one batch to a worker at a time. When a worker dies or one file takes too long, that
file alone is to blame; the others of its batch are extracted again.

A thread and a pipe per worker, nothing shared between workers: a worker may be killed at any instruction,
also while it is idle, without harm to the others. (Ready-made pools share a queue between workers; a worker
that dies while it holds the queue's lock, or while idle, ends them.)
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from queue import SimpleQueue
from typing import Protocol

import msgspec

from bindery.extract.extract import extract, failed_extraction
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.limits import ExtractionLimits
from bindery.extract.worker_process import ExtractFile, WorkerLost, WorkerProcess, worker_context
from bindery.stopping import Interrupted

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_TRIES = 2
"""Deaths of a worker at one file until the file is to blame: a worker may also be killed from outside."""
_STARTS = 5
"""Workers lost in a row before they came to their first file."""


class Pool(Protocol):
    """What sync asks of a pool; every pool passes the same conformance suite."""

    def submit(self, requests: Sequence[ExtractionRequest]) -> Pending:
        """Start extracting; returns at once. Raises Interrupted after ``close``."""

    def close(self) -> None:
        """Stop the workers; may be called twice."""


class Pending(Protocol):
    """Extractions under way."""

    def result(self, stop: threading.Event | None = None) -> list[Extraction]:
        """The outcomes in the order of the requests. Raises Interrupted when ``stop`` is set first."""


class _Batch(msgspec.Struct, frozen=True, eq=False):
    requests: Sequence[ExtractionRequest]
    outcomes: Future[list[Extraction]]


class ExtractionPool:
    """Extraction on this machine. Workers start with the first file; safe for threads."""

    def __init__(self, workers: int, limits: ExtractionLimits, extract_file: ExtractFile = extract) -> None:
        self._limits = limits
        self._batches: SimpleQueue[_Batch | None] = SimpleQueue()
        self._closed = threading.Event()
        start = partial(WorkerProcess, worker_context(), limits, extract_file)
        self._slots = [_Slot(start, limits, self._batches, self._closed) for _ in range(max(workers, 1))]
        self._started = False
        self._lock = threading.Lock()

    def submit(self, requests: Sequence[ExtractionRequest]) -> Pending:
        """Start extracting; batches are spread over the workers. Raises Interrupted after ``close``."""
        share = -(-len(requests) // (len(self._slots) * 2)) or 1
        size = max(1, min(self._limits.files_per_batch, share))
        batches = [
            _Batch(requests[start : start + size], Future()) for start in range(0, len(requests), size)
        ]
        with self._lock:
            if self._closed.is_set():
                raise Interrupted
            if not self._started:
                self._started = True
                for slot in self._slots:
                    slot.start()
            for batch in batches:
                self._batches.put(batch)
        return _PoolPending(batches)

    def close(self) -> None:
        """Stop the workers at once; unfinished batches are dropped and their callers interrupted."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            for _ in self._slots:
                self._batches.put(None)
        if self._started:
            for slot in self._slots:
                slot.kill_worker()
            for slot in self._slots:
                slot.join(_GRACE_SECONDS)


class _PoolPending:
    def __init__(self, batches: list[_Batch]) -> None:
        self._batches = batches

    def result(self, stop: threading.Event | None = None) -> list[Extraction]:
        outcomes: list[Extraction] = []
        try:
            for batch in self._batches:
                outcomes += _wait(batch.outcomes, stop)
        except (Interrupted, CancelledError):
            for batch in self._batches:
                batch.outcomes.cancel()
            raise Interrupted from None
        return outcomes


def _wait(outcomes: Future[list[Extraction]], stop: threading.Event | None) -> list[Extraction]:
    """The outcomes of a batch, looking at ``stop`` now and then."""
    while True:
        if stop is not None and stop.is_set():
            raise Interrupted
        try:
            return outcomes.result(timeout=_POLL_SECONDS)
        except FutureTimeout:
            continue


class _Slot(threading.Thread):
    """A thread that keeps one worker process busy."""

    def __init__(
        self,
        start_worker: Callable[[], WorkerProcess],
        limits: ExtractionLimits,
        batches: SimpleQueue[_Batch | None],
        closed: threading.Event,
    ) -> None:
        super().__init__(name="extraction", daemon=True)
        self._start_worker = start_worker
        self._limits = limits
        self._batches = batches
        self._closed = closed
        self._worker: WorkerProcess | None = None
        self._lock = threading.Lock()

    def run(self) -> None:
        """Batch after batch until the pool closes."""
        while (batch := self._batches.get()) is not None:
            if self._closed.is_set():
                batch.outcomes.cancel()
            elif batch.outcomes.set_running_or_notify_cancel():
                try:
                    batch.outcomes.set_result(self._outcomes(batch.requests))
                except BaseException as error:
                    batch.outcomes.set_exception(error)
        self._drop_worker()

    def kill_worker(self) -> None:
        """From another thread: end what is under way."""
        with self._lock:
            if self._worker is not None:
                self._worker.kill()

    def _outcomes(self, requests: Sequence[ExtractionRequest]) -> list[Extraction]:
        """An outcome for every file, however often the worker dies. Raises Interrupted."""
        failed: dict[int, Extraction] = {}
        deaths: Counter[int] = Counter()
        left = list(range(len(requests)))
        while left:
            try:
                extracted = self._extract([requests[at] for at in left])
                outcomes = failed | dict(zip(left, extracted, strict=True))
                return [outcomes[at] for at in range(len(requests))]
            except WorkerLost as loss:
                # Without a position no file was begun: all of them fail, for now.
                lost = [left[loss.position - 1]] if loss.position else list(left)
                deaths.update(lost)
                for at in lost:
                    if loss.timed_out or not loss.position or deaths[at] >= _TRIES:
                        retryable = not loss.position
                        failed[at] = failed_extraction(requests[at], loss.failure, retryable=retryable)
                        left.remove(at)
        return [failed[at] for at in range(len(requests))]

    def _extract(self, requests: Sequence[ExtractionRequest]) -> list[Extraction]:
        """Once through the worker, started anew when it was lost before its first file."""
        for attempt in range(_STARTS):
            try:
                return self._ready_worker().extract(requests)
            except WorkerLost as loss:
                self._drop_worker()
                if self._closed.is_set():
                    raise Interrupted from None
                if loss.position:
                    raise
            except OSError:
                # No process or no pipe could be made just now.
                time.sleep(attempt)
        raise WorkerLost(
            0, "WorkerDied: no worker process could be started; see the server's memory limits"
        )

    def _ready_worker(self) -> WorkerProcess:
        if self._worker is not None and self._worker.files >= self._limits.files_per_worker:
            self._drop_worker()
        with self._lock:
            if self._closed.is_set():
                raise Interrupted
            if self._worker is None:
                self._worker = self._start_worker()
            return self._worker

    def _drop_worker(self) -> None:
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()
