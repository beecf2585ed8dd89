"""A pool of worker processes on this machine: jobs in, answers out as they come, whatever happens to workers.

Each worker has a thread and a connection of its own, nothing is shared between workers: one may be killed at any
instruction, also while it is idle, without harm to the others. When a worker dies or a job takes too long, that
job alone is to blame; the others of its batch are done again. (Ready-made pools share a queue between workers; a
worker that dies while it holds the queue's lock, or while idle, ends them.)

Workers that wait for others, such as a store, do not count: up to twice as many are started beside them.

Where the processes run is a ``source``'s matter: here, or on the nodes of a cluster (see ``ray_cluster/``).
"""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Callable, Sequence

import msgspec
import structlog

from bindery.stopping import Interrupted
from bindery.workers.job import Answer, Cause, Finished, Job, Lost, Urgency
from bindery.workers.launcher import CannotStart
from bindery.workers.local import LocalWorkers
from bindery.workers.source import WorkerLost, WorkerProcess, WorkerSource
from bindery.workers.submission import Submission
from bindery.workers.turns import Entry, Turn, Turns

_GRACE_SECONDS = 5.0
_TRIES = 2
"""Deaths of a worker at one job until the job is to blame: a worker may also be killed from outside."""
_TRIES_BETWEEN = 5
"""The same where it died between two jobs, before the one that is next, or was lost with its node."""
_STARTS = 3
_START_PAUSE_SECONDS = 0.1
_NO_START_SECONDS = 1.0
"""For so long nothing is tried after workers could not be started."""
_TURN_BYTES = 8 * 1024 * 1024
"""A turn ends after so many bytes of answers."""
_SLOTS = 3
"""Most workers, for each that may compute at the same time."""
_FINAL = frozenset({Cause.TIME, Cause.OUTSIDE})
_log = structlog.get_logger()


class WorkerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process may use."""

    memory_bytes: int
    """Address space beyond what it uses when it starts (RLIMIT_AS)."""
    jobs_per_worker: int
    """Jobs after which it is replaced by a fresh one."""


class WorkerPool:
    """Safe for threads. Workers start with the first job; ``preload`` names modules they have in memory then."""

    def __init__(
        self,
        workers: int,
        limits: WorkerLimits,
        preload: Sequence[str] = (),
        source: WorkerSource | None = None,
    ) -> None:
        """``source``: where workers come from, which may ``resize`` the pool; else they are forked here."""
        self.trouble = ""
        """Why no worker can be started just now; empty when all is well."""
        self._limits = limits
        self._source = source or LocalWorkers(preload, limits.memory_bytes)
        self._no_start_before = 0.0
        self._turns = Turns(1, _SLOTS - 1, self._count_outside)
        self._slots: list[_Slot] = []
        self._numbers = itertools.count()
        self._live: weakref.WeakValueDictionary[int, Submission] = weakref.WeakValueDictionary()
        self._started = self._closed = False
        self._lock = threading.Lock()
        self.resize(workers)
        self._source.open(self.resize)

    @property
    def workers(self) -> int:
        """How many jobs may compute at the same time."""
        return self._turns.workers

    def resize(self, workers: int) -> None:
        """Let so many jobs compute at the same time from now on; those under way are not disturbed."""
        workers = max(workers, 1)
        with self._lock:
            if self._closed:
                return
            more = workers * _SLOTS - len(self._slots)
            added = [_Slot(self._start_worker, self._limits, self._turns) for _ in range(more)]
            self._slots = [*self._slots, *added]
            if self._started:
                for slot in added:
                    slot.start()
        self._turns.resize(workers, workers * (_SLOTS - 1))

    def submit(self, jobs: Sequence[Job], *, urgency: Urgency, owner: str) -> Submission:
        """Have jobs worked on; returns at once. Owners of a class are served in turn. Raises Interrupted after
        ``close``.
        """
        with self._lock:
            if self._closed:
                raise Interrupted
            submission = Submission(next(self._numbers), len(jobs), urgency, owner, self._turns)
            self._live[submission.number] = submission
            if not self._started:
                self._started = True
                for slot in self._slots:
                    slot.start()
        self._turns.add(submission, jobs)
        for slot in self._slots:
            slot.make_way(urgency)
        return submission

    def waiting(self) -> dict[Urgency, int]:
        """How many jobs wait for their turn, by class."""
        return self._turns.counts()

    def pids(self) -> list[int]:
        """Process ids: of where the workers come from first, then theirs, which may be those of other machines."""
        found = [self._source.pid, *(slot.pid for slot in self._slots)]
        return [pid for pid in found if pid is not None]

    def close(self) -> None:
        """Stop the workers at once; unfinished jobs are dropped and their callers interrupted. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._turns.close()
        for submission in list(self._live.values()):
            submission.cancel()
        if self._started:
            for slot in self._slots:
                slot.end()
        self._source.close()  # before the slots are waited for: one may be waiting for a worker
        if self._started:
            for slot in self._slots:
                slot.join(_GRACE_SECONDS)

    def _count_outside(self) -> int:
        return sum(slot.is_outside for slot in self._slots)

    def _start_worker(self) -> WorkerProcess:
        """Raises CannotStart, at once while it is known that none can be started."""
        if self.trouble and time.monotonic() < self._no_start_before:
            raise CannotStart(self.trouble)
        for attempt in range(1, _STARTS + 1):
            try:
                worker = self._source.start()
            except CannotStart as error:
                if attempt == _STARTS or self._closed:
                    self._note_trouble(str(error))
                    raise
                time.sleep(_START_PAUSE_SECONDS * attempt)
            else:
                self._note_trouble("")
                return worker
        raise AssertionError

    def _note_trouble(self, trouble: str) -> None:
        before, self.trouble = self.trouble, trouble
        self._no_start_before = time.monotonic() + _NO_START_SECONDS
        if trouble and not before and not self._closed:
            _log.error("no worker process can be started; what they are to do waits", reason=trouble)
        elif before and not trouble:
            _log.info("worker processes can be started again")


class _Slot(threading.Thread):
    """A thread that keeps one worker process busy."""

    def __init__(
        self, start_worker: Callable[[], WorkerProcess], limits: WorkerLimits, turns: Turns
    ) -> None:
        super().__init__(name="worker", daemon=True)
        self._start_worker = start_worker
        self._limits = limits
        self._turns = turns
        self._worker: WorkerProcess | None = None
        self._urgency: Urgency | None = None
        self._ended = False
        self._lock = threading.Lock()

    def run(self) -> None:
        """Turn after turn until the pool closes."""
        turn = self._turns.take(has_worker=False)
        while turn is not None:
            began = time.monotonic()
            self._urgency = turn.urgency
            left = turn.entries
            try:
                left = self._work(turn)
            except Exception:
                _log.exception("a turn of a worker failed and is tried again")
                self._drop_worker()
            self._urgency = None
            seconds = time.monotonic() - began
            turn = self._turns.end_and_take(turn, seconds, left, has_worker=self._worker is not None)
        self._drop_worker()

    def end(self) -> None:
        """From another thread: end what is under way."""
        with self._lock:
            self._ended = True
            if self._worker is not None:
                self._worker.kill()

    def make_way(self, urgency: Urgency) -> None:
        """From another thread: end a turn of a lower class after the job in hand."""
        with self._lock:
            if self._urgency is not None and self._urgency > urgency and self._worker is not None:
                self._worker.cut()

    @property
    def is_outside(self) -> bool:
        """Whether its worker waits for others."""
        worker = self._worker
        return worker is not None and self._urgency is not None and worker.is_outside

    @property
    def pid(self) -> int | None:
        """Process id of its worker; None when there is none."""
        worker = self._worker
        return None if worker is None else worker.pid

    def _work(self, turn: Turn) -> list[Entry]:
        """Once through the worker; returns the jobs that are still to be done."""
        entries = list(turn.entries)
        try:
            worker = self._ready_worker()
        except CannotStart as error:
            return [] if self._ended else _give_up(entries, Lost(Cause.NO_WORKER, str(error)))
        size = 0
        try:
            worker.begin([entry.job for entry in entries], at_once=turn.urgency is not Urgency.SCAN)
            ended = False
            while not ended:
                answers, ended = worker.receive()
                size += _deliver(entries[: len(answers)], answers)
                del entries[: len(answers)]
                if size > _TURN_BYTES:
                    worker.cut()
        except WorkerLost as loss:
            self._drop_worker()
            if not self._ended:
                _blame(entries, loss, first=len(turn.entries) - len(entries))
        return entries

    def _ready_worker(self) -> WorkerProcess:
        held = self._worker
        if held is not None and (held.is_gone or held.jobs >= self._limits.jobs_per_worker):
            self._drop_worker()
        worker = self._worker or self._start_worker()
        with self._lock:
            self._worker = worker
            if self._ended:
                worker.kill()
        return worker

    def _drop_worker(self) -> None:
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


def _deliver(entries: Sequence[Entry], answers: Sequence[Answer]) -> int:
    """Give answers to those who wait for them, all that are of one submission at once; their bytes."""
    size = 0
    told = zip(entries, answers, strict=True)
    for submission, some in itertools.groupby(told, lambda pair: pair[0].submission):
        size += submission.deliver([Finished(entry.position, answer) for entry, answer in some])
    return size


def _give_up(entries: list[Entry], lost: Lost) -> list[Entry]:
    _deliver(entries, [lost] * len(entries))
    return []


def _blame(entries: list[Entry], loss: WorkerLost, *, first: int) -> None:
    """Take the job that is to blame out of those that are left, which begin with number ``first`` of the batch."""
    at = max(0, loss.position - 1 - first)
    if at >= len(entries):
        return  # it had answered all of them
    entry = entries[at]
    if (
        loss.lost.cause is Cause.NO_WORKER
    ):  # no death of a worker: what is lost with its node is never its own fault
        entry.losses += 1
        is_over = entry.losses >= _TRIES_BETWEEN
    else:
        entry.deaths += 1
        is_over = loss.lost.cause in _FINAL or entry.deaths >= (_TRIES if loss.position else _TRIES_BETWEEN)
    if is_over:
        del entries[at]
        _deliver([entry], [loss.lost])
