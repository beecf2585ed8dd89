"""Extraction in worker processes: requests in, extractions out as they come, one file's trouble its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from bindery.buckets.portable import portable
from bindery.buckets.store import StoreAddress
from bindery.extract.extract import failed_extraction
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.job import decode_extraction, encode_order
from bindery.extract.limits import ExtractionLimits
from bindery.workers.job import Answer, Cause, Job, Lost, Urgency
from bindery.workers.pool import WorkerLimits, WorkerPool
from bindery.workers.source import WorkerSource
from bindery.workers.submission import Submission

PRELOADED = ("bindery.extract.preload",)
"""Modules that a worker has in memory before its first file."""
_JOB = "bindery.extract.job:extract_job"
_CODES = {
    Cause.RAISED: "InternalError",
    Cause.DIED: "WorkerDied",
    Cause.TIME: "TimeLimit",
    Cause.MEMORY: "MemoryLimit",
    Cause.ANSWER: "ResultLimit",
    Cause.OUTSIDE: "StoreUnavailable",
    Cause.NO_WORKER: "WorkersUnavailable",
}
_NOT_THE_FILE = frozenset({Cause.OUTSIDE, Cause.NO_WORKER})


class Completed(msgspec.Struct, frozen=True):
    """The outcome of one request; ``position`` is its place among those that were submitted, from 0."""

    position: int
    extraction: Extraction
    size: int = 0
    """Bytes it was encoded in: about what it needs of memory and of a commit."""


class Pool(Protocol):
    """What sync asks of a pool; every pool passes the same conformance suite."""

    def submit(
        self, requests: Sequence[ExtractionRequest], *, urgency: Urgency = Urgency.CALL, owner: str = ""
    ) -> Pending:
        """Start extracting; returns at once. Inside a class of urgency, owners are served in turn: each binding,
        each dataset with explicit indexing, each caller. Raises Interrupted after ``close``.
        """

    @property
    def trouble(self) -> str:
        """Why nothing can be extracted just now; empty when all is well. Outcomes are ``WorkersUnavailable`` then."""

    def waiting(self) -> Mapping[Urgency, int]:
        """How many files wait for their turn, by class."""

    def close(self) -> None:
        """Stop the workers; may be called twice."""


class Pending(Protocol):
    """Extractions under way. Whoever has several takes those of the oldest first."""

    @property
    def done(self) -> bool:
        """Whether every outcome has been given out."""

    def take(
        self,
        stop: threading.Event | None = None,
        *,
        seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> list[Completed]:
        """Outcomes that were not given out yet, in any order: all that are left, or those that have come after
        ``seconds`` (there may be none), or as soon as there are ``most_bytes`` of them, and then not many more.

        Raises Interrupted when ``stop`` is set, or the pool is closed, before there is anything to give.
        """

    def result(self, stop: threading.Event | None = None) -> list[Extraction]:
        """All outcomes, in the order of the requests; not to be mixed with ``take``. Raises Interrupted when
        ``stop`` is set first; what was not begun is dropped then.
        """

    def cancel(self) -> None:
        """Nobody wants the outcomes any more: what was not begun is dropped."""


class ExtractionPool:
    """Extraction on this machine or on a Ray cluster, by the job function of that name. Safe for threads."""

    def __init__(
        self,
        workers: int,
        limits: ExtractionLimits,
        function: str = _JOB,
        preload: Sequence[str] = PRELOADED,
        elsewhere: WorkerSource | None = None,
    ) -> None:
        """``workers``: processes of this machine. With ``elsewhere`` files are extracted by workers from there."""
        self._limits = limits.plain()
        self._function = function
        bounds = WorkerLimits(memory_bytes=limits.memory_bytes, jobs_per_worker=limits.files_per_worker)
        self.workers = WorkerPool(workers, bounds, preload)
        """Those of this machine, for what the server itself has to compute."""
        self.extracting = self.workers
        """Those that files are extracted by."""
        if elsewhere is not None:
            self.extracting = WorkerPool(workers, bounds, source=elsewhere)

    def submit(
        self, requests: Sequence[ExtractionRequest], *, urgency: Urgency = Urgency.CALL, owner: str = ""
    ) -> Pending:
        """Start extracting; see ``Pool.submit``."""
        addresses = {id(one.address): portable(one.address, self.extracting.workers) for one in requests}
        jobs = [self._job(one, addresses[id(one.address)]) for one in requests]
        return _Extractions(requests, self.extracting.submit(jobs, urgency=urgency, owner=owner))

    @property
    def trouble(self) -> str:
        """Why no worker can be started just now; empty when all is well."""
        return self.extracting.trouble

    def waiting(self) -> Mapping[Urgency, int]:
        """How many files wait for their turn, by class."""
        return self.extracting.waiting()

    def close(self) -> None:
        """Stop the workers at once; unfinished files are dropped and their callers interrupted."""
        self.extracting.close()
        self.workers.close()

    def _job(self, request: ExtractionRequest, address: StoreAddress) -> Job:
        request = msgspec.structs.replace(request, address=address)
        return Job(
            self._function,
            encode_order(request, self._limits),
            seconds=self._limits.seconds_for(request.object.size),
            outside_seconds=self._limits.store_seconds,
            answer_bytes=self._limits.result_bytes,
        )


class _Extractions:
    def __init__(self, requests: Sequence[ExtractionRequest], submission: Submission) -> None:
        self._requests = requests
        self._submission = submission

    @property
    def done(self) -> bool:
        return self._submission.done

    def take(
        self,
        stop: threading.Event | None = None,
        *,
        seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> list[Completed]:
        taken = self._submission.take(stop, seconds=seconds, most_bytes=most_bytes)
        return [
            Completed(one.position, _extraction(self._requests[one.position], one.answer), one.size)
            for one in taken
        ]

    def result(self, stop: threading.Event | None = None) -> list[Extraction]:
        outcomes: dict[int, Extraction] = {}
        try:
            while not self.done:
                outcomes.update((one.position, one.extraction) for one in self.take(stop, most_bytes=1))
        except BaseException:
            self.cancel()
            raise
        return [outcomes[position] for position in range(len(self._requests))]

    def cancel(self) -> None:
        self._submission.cancel()


def _extraction(request: ExtractionRequest, answer: Answer) -> Extraction:
    """The outcome in a worker's answer; what cannot be read fails alone."""
    if isinstance(answer, Lost):
        code = _CODES[answer.cause]
        failure = f"{code}: {answer.reason}"
        content_type = answer.left.decode("ascii", "replace")
        is_passing = answer.cause in _NOT_THE_FILE
        return failed_extraction(request, failure, retryable=is_passing, content_type=content_type)
    try:
        return decode_extraction(answer)
    except msgspec.MsgspecError as error:
        return failed_extraction(
            request, f"ParseFailed: what was read from the file makes no sense: {error}"
        )
