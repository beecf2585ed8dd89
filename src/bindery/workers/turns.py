"""Who is served next: classes by urgency, owners by the time they have had, jobs in the order they came.

A class goes before all below it, but one that had to stand back for a while gets a turn. Inside a class the
owner goes first that has had the least worker time. Answers that nobody has taken yet count: an owner with too
many bytes of them waits until they are taken. When calls hold all workers, the next caller who has no call under
way gets one more worker: nobody's calls keep another's waiting. When lower classes hold all of them, so does the
first call or change: neither waits for the end of a file of a scan.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence

import msgspec

from bindery.workers.job import Job, Urgency
from bindery.workers.submission import Submission

STOOD_BACK_SECONDS = 2.0
"""Worker time that goes to higher classes before a lower one gets a turn: about a tenth is always its own."""
UNTAKEN_BYTES = 32 * 1024 * 1024
"""Bytes of answers, of all owners together, from which on nothing is begun whose answers nobody waits for."""
MOST_JOBS = 128
"""Jobs of one turn."""
_LOOK_AGAIN_SECONDS = 0.05


class Entry(msgspec.Struct, eq=False):
    """A job that waits or is being worked on."""

    submission: Submission
    position: int
    job: Job
    deaths: int = 0
    """Workers that died at it."""
    losses: int = 0
    """Nodes that were lost with a worker that had it."""
    rank: tuple[int, int] = (0, 0)
    """Its place in the order in which jobs came."""

    def __post_init__(self) -> None:
        self.rank = self.submission.number, self.position

    def __lt__(self, other: Entry) -> bool:
        return self.rank < other.rank


class Turn(msgspec.Struct, eq=False):
    """Jobs of one owner, to be worked on by one worker."""

    line: Line
    entries: list[Entry]

    @property
    def urgency(self) -> Urgency:
        """Their class."""
        return self.line.urgency


class Line(msgspec.Struct, eq=False):
    """The jobs of one owner in one class, oldest submission first."""

    urgency: Urgency
    owner: str
    used: float = 0.0
    """Worker time it has had, in seconds; a newcomer begins with what the least of the others has had."""
    waiting: list[Entry] = []
    running: int = 0

    def first(self) -> Entry | None:
        """The next job; jobs that nobody wants any more are dropped."""
        while self.waiting and self.waiting[0].submission.is_cancelled:
            heapq.heappop(self.waiting)
        return self.waiting[0] if self.waiting else None


class Turns:
    """Safe for threads."""

    def __init__(self, workers: int, most_of_one: int, outside: Callable[[], int]) -> None:
        """Up to ``workers`` turns at a time, not counting those of workers that wait ``outside`` for others, and up
        to ``most_of_one`` for one owner in one class, those included."""
        self._workers = workers
        self._most_of_one = most_of_one
        self._outside = outside
        self._running = 0
        self._idle = 0
        """Callers of ``take`` whose worker is there and has nothing to do."""
        self._awaited: dict[tuple[Urgency, str], list[int]] = {}
        self._lines: dict[tuple[Urgency, str], Line] = {}
        self._stood_back: dict[Urgency, float] = dict.fromkeys(Urgency, 0.0)
        self._untaken = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def workers(self) -> int:
        """How many turns there may be at a time."""
        return self._workers

    def resize(self, workers: int, most_of_one: int) -> None:
        """Let there be so many turns at a time from now on."""
        with self._changed:
            self._workers, self._most_of_one = workers, most_of_one
            self._changed.notify_all()

    def add(self, submission: Submission, jobs: Sequence[Job]) -> None:
        """Jobs that are to be worked on."""
        with self._changed:
            line = self._line(submission.urgency, submission.owner)
            for position, job in enumerate(jobs):
                heapq.heappush(line.waiting, Entry(submission, position, job))
            self._changed.notify_all()

    def take(self, *, has_worker: bool) -> Turn | None:
        """Wait for the next turn; None after ``close``. Who has no worker yet leaves it to those who have one."""
        with self._changed:
            self._idle += has_worker
            try:
                while not self._closed:
                    line = self._next_line()
                    if line is None:
                        self._changed.wait()
                        continue
                    if has_worker or not self._idle:
                        line = line if self._free_workers() > 0 else self._beyond()
                        if line is not None:
                            return self._begin(line)
                    self._changed.wait(_LOOK_AGAIN_SECONDS)
                return None
            finally:
                self._idle -= has_worker

    def end(self, turn: Turn, seconds: float, left: Sequence[Entry]) -> None:
        """A turn took so long, and these of its jobs are still to be done."""
        with self._changed:
            turn.line.used += seconds
            turn.line.running -= 1
            self._running -= 1
            for entry in left:
                heapq.heappush(turn.line.waiting, entry)
            for urgency in Urgency:
                if urgency > turn.urgency and self._waits(urgency):
                    self._stood_back[urgency] += seconds
            self._forget_idle()
            self._changed.notify_all()

    def end_and_take(
        self, turn: Turn, seconds: float, left: Sequence[Entry], *, has_worker: bool
    ) -> Turn | None:
        """Both in one step, so that nobody starts a worker for what the one that has just become free would do."""
        with self._changed:
            self.end(turn, seconds, left)
            return self.take(has_worker=has_worker)

    def note_untaken(self, difference: int) -> None:
        """Bytes of answers that have come, or that were taken (negative)."""
        with self._changed:
            held_back = self._holds_back
            self._untaken += difference
            if held_back and not self._holds_back:
                self._changed.notify_all()

    def note_waiter(self, submission: Submission, difference: int) -> None:
        """Somebody begins (1) or ends (-1) to wait for answers of the submission."""
        with self._changed:
            awaited = self._awaited.setdefault((submission.urgency, submission.owner), [])
            if difference > 0:
                awaited.append(submission.number)
                if self._holds_back:
                    self._changed.notify_all()
                return
            awaited.remove(submission.number)
            if not awaited:
                del self._awaited[submission.urgency, submission.owner]

    def counts(self) -> dict[Urgency, int]:
        """How many jobs wait, by class."""
        with self._changed:
            found = dict.fromkeys(Urgency, 0)
            for line in self._lines.values():
                found[line.urgency] += len(line.waiting)
            return found

    def close(self) -> list[Submission]:
        """No more turns; whose jobs are left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            entries = [entry for line in self._lines.values() for entry in line.waiting]
            self._lines.clear()
        return list({entry.submission.number: entry.submission for entry in entries}.values())

    def _line(self, urgency: Urgency, owner: str) -> Line:
        line = self._lines.get((urgency, owner))
        if line is None:
            others = [other.used for other in self._lines.values() if other.urgency is urgency]
            line = Line(urgency, owner, used=min(others, default=0.0))
            self._lines[urgency, owner] = line
        return line

    def _next_line(self) -> Line | None:
        ready = [line for line in self._lines.values() if self._may_begin(line)]
        if not ready:
            return None
        patient = [line for line in ready if self._stood_back[line.urgency] >= STOOD_BACK_SECONDS]
        if patient:
            urgency = max(line.urgency for line in patient)
        else:
            urgency = min(line.urgency for line in ready)
        return min((line for line in ready if line.urgency is urgency), key=lambda line: line.used)

    def _free_workers(self) -> int:
        """Negative when one more than there should be is at work, for a caller."""
        return self._workers - (self._running - self._outside())

    def _beyond(self) -> Line | None:
        """Who gets one more worker while all are held: what has come for lower classes only, or a waiting caller."""
        if self._free_workers() < 0:
            return None
        ready = [line for line in self._lines.values() if self._may_begin(line)]
        first = min(ready, key=lambda line: (line.urgency, line.used), default=None)
        if first is not None and self._is_above_all(first.urgency):
            return first
        return self._waiting_caller()

    def _is_above_all(self, urgency: Urgency) -> bool:
        """Whether lower classes hold all workers, each with a file that may take seconds."""
        return all(line.urgency > urgency for line in self._lines.values() if line.running)

    def _waiting_caller(self) -> Line | None:
        """One who has no job under way while calls of others hold all workers."""
        calls = [line for line in self._lines.values() if line.urgency is Urgency.CALL]
        if sum(line.running for line in calls) < self._workers:
            return None
        waiting = [line for line in calls if not line.running and self._may_begin(line)]
        return min(waiting, key=lambda line: line.used, default=None)

    def _may_begin(self, line: Line) -> bool:
        first = line.first()
        if first is None or line.running >= self._most_of_one:
            return False
        return not self._holds_back or self._is_waited_for(first)

    @property
    def _holds_back(self) -> bool:
        """Whether only what somebody waits for is begun. Nothing else that waiting and taking change makes a turn
        possible, so only then it wakes anybody: a scan takes answers and waits for some a hundred times a second."""
        return self._untaken >= UNTAKEN_BYTES

    def _is_waited_for(self, entry: Entry) -> bool:
        """Whether somebody waits for it, or for a younger submission of the line, which comes after it."""
        submission = entry.submission
        awaited = self._awaited.get((submission.urgency, submission.owner), [])
        return max(awaited, default=-1) >= submission.number

    def _begin(self, line: Line) -> Turn:
        self._stood_back[line.urgency] = 0.0
        share = -(-len(line.waiting) // (self._workers * 2))
        entries: list[Entry] = []
        while len(entries) < min(share, MOST_JOBS) and line.first() is not None:
            entries.append(heapq.heappop(line.waiting))
        line.running += 1
        self._running += 1
        return Turn(line, entries)

    def _waits(self, urgency: Urgency) -> bool:
        return any(line.waiting for line in self._lines.values() if line.urgency is urgency)

    def _forget_idle(self) -> None:
        """What owners have had is forgotten when their whole class is idle."""
        busy = {line.urgency for line in self._lines.values() if line.running or line.first() is not None}
        self._lines = {key: line for key, line in self._lines.items() if line.urgency in busy}
