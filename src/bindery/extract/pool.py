"""Worker processes for extraction: isolated, limited in time, memory and bytes, replaced when they die.

Files travel in batches. When a batch dies or takes too long, its files are tried again one by one, so that
a poisonous file fails alone.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Protocol

import msgspec
from pebble import ProcessExpired, ProcessPool

from bindery.extract.extract import extract, failed_extraction
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.limits import ExtractionLimits

_PRELOADED = [
    "bindery.extract.extract", "bindery.extract.image", "bindery.extract.raw", "bindery.extract.video",
    "bindery.extract.audio", "bindery.extract.pdf", "bindery.extract.office", "bindery.extract.text",
    "bindery.extract.archive",
]  # fmt: skip
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_TRIES_ALONE = 2
_PR_SET_PDEATHSIG = 1


class Interrupted(Exception):
    """The caller gave up before the work was done."""


class Pool(Protocol):
    """What sync asks of a pool; every pool passes the same conformance suite."""

    def submit(self, requests: Sequence[ExtractionRequest]) -> Pending:
        """Start extracting; returns at once."""

    def close(self) -> None:
        """Stop the workers; may be called twice."""


class Pending(Protocol):
    """Extractions under way."""

    def result(self, stop: threading.Event | None = None) -> list[Extraction]:
        """The outcomes in the order of the requests. Raises Interrupted when ``stop`` is set first."""


class ExtractionPool:
    """Extraction on this machine. Workers start with the first file; safe for threads."""

    def __init__(self, workers: int, limits: ExtractionLimits) -> None:
        self._limits = limits
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=max(1, limits.files_per_worker // limits.files_per_batch),
            initializer=_prepare_worker,
            initargs=(limits.memory_bytes,),
            context=context,
        )
        self._workers = workers

    def submit(self, requests: Sequence[ExtractionRequest]) -> Pending:
        """Start extracting; batches are spread over the workers."""
        share = -(-len(requests) // (self._workers * 2)) or 1
        size = max(1, min(self._limits.files_per_batch, share))
        batches = [list(requests[start : start + size]) for start in range(0, len(requests), size)]
        return _PoolPending(self, [(batch, self.start(batch)) for batch in batches])

    def start(self, batch: Sequence[ExtractionRequest]) -> Any:
        """A future of the encoded outcomes of one batch."""
        encoded = msgspec.msgpack.encode(batch)
        arguments = (encoded, msgspec.msgpack.encode(self._limits))
        return self._pool.schedule(_extract_batch, args=arguments, timeout=self._limits.seconds)

    @property
    def limits(self) -> ExtractionLimits:
        """The limits of every file."""
        return self._limits

    def close(self) -> None:
        """Stop the workers at once; unfinished batches are dropped."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join(_GRACE_SECONDS)


class _PoolPending:
    def __init__(self, pool: ExtractionPool, batches: list[tuple[list[ExtractionRequest], Any]]) -> None:
        self._pool = pool
        self._batches = batches

    def result(self, stop: threading.Event | None = None) -> list[Extraction]:
        outcomes: list[Extraction] = []
        try:
            for batch, future in self._batches:
                outcomes += self._batch_result(batch, future, stop)
        except (Interrupted, CancelledError):
            for _, future in self._batches:
                future.cancel()
            raise Interrupted from None
        return outcomes

    def _batch_result(
        self, batch: list[ExtractionRequest], future: Any, stop: threading.Event | None
    ) -> list[Extraction]:
        try:
            return _wait(future, stop)
        except (FutureTimeout, ProcessExpired, MemoryError) as error:
            if len(batch) == 1:
                return [self._alone(batch[0], error, stop)]
        return [self._alone(request, None, stop) for request in batch]

    def _alone(
        self, request: ExtractionRequest, error: Exception | None, stop: threading.Event | None
    ) -> Extraction:
        """One file by itself; a second try tells a poisonous file from a worker that was killed."""
        tries = _TRIES_ALONE if error is None else _TRIES_ALONE - 1
        for _ in range(tries):
            try:
                return _wait(self._pool.start([request]), stop)[0]
            except FutureTimeout as timeout:
                error = timeout
                break
            except (ProcessExpired, MemoryError) as death:
                error = death
        return failed_extraction(request, _failure(error, self._pool.limits))


def _failure(error: Exception | None, limits: ExtractionLimits) -> str:
    if isinstance(error, FutureTimeout):
        return f"TimeLimit: the file took longer than {limits.seconds:g} s"
    if isinstance(error, MemoryError):
        return f"MemoryLimit: the file needs more than {limits.memory_bytes} bytes of memory"
    code = error.exitcode if isinstance(error, ProcessExpired) else None
    return f"WorkerDied: the worker process ended while it read the file (exit code {code})"


def _wait(future: Any, stop: threading.Event | None) -> list[Extraction]:
    """The outcome of a future, looking at ``stop`` now and then."""
    while True:
        if stop is not None and stop.is_set():
            raise Interrupted
        try:
            encoded = future.result(timeout=_POLL_SECONDS)
            return msgspec.msgpack.decode(encoded, type=list[Extraction])
        except FutureTimeout:
            if future.done():
                raise


def _extract_batch(encoded: bytes, limits: bytes) -> bytes:
    """Runs in a worker."""
    allowed = msgspec.msgpack.decode(limits, type=ExtractionLimits)
    requests = msgspec.msgpack.decode(encoded, type=list[ExtractionRequest])
    return msgspec.msgpack.encode([extract(request, allowed) for request in requests])


def _prepare_worker(memory_bytes: int) -> None:
    """Limits of a worker, and an end with the server however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  (only workers need it)

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        used = _address_space()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory_bytes, used + memory_bytes))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()
