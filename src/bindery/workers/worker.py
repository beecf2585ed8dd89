"""The server's end of one worker process: hands it batches, takes its answers, ends it when a job goes too far."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import msgspec

from bindery.workers.job import Answer, Cause, Job, Lost
from bindery.workers.launcher import CannotStart, Launcher
from bindery.workers.process import DONE, END, OUT_OF_MEMORY, RAISED, READY, TOO_LONG

_POLL_SECONDS = 0.1
_READY_SECONDS = 60.0
_PATIENCE = 4.0
"""A job may take so many times its processor time on the clock, for other processes want the machine too."""
_SHORTEST_SECONDS = 1.0
_FRAME_BYTES = 64 * 1024
"""What a frame may be longer than the answer in it."""
_MOST_FRAMES = 64


class WorkerLost(Exception):
    """The worker is gone. ``position`` is the number of the job it was at, from 1; 0 before the first."""

    def __init__(self, position: int, lost: Lost) -> None:
        super().__init__(lost.reason)
        self.position = position
        self.lost = lost


class Worker:
    """One thread uses it; any thread may ``kill`` it or ``cut`` its batch."""

    def __init__(self, launcher: Launcher, memory_bytes: int) -> None:
        """Returns when the worker is ready. Raises CannotStart."""
        self.jobs = 0
        """How many jobs it has answered."""
        self._memory_bytes = memory_bytes
        self._batch: Sequence[Job] = ()
        self._received = 0
        self._over = 0
        self._started = launcher.start()
        try:
            if not self._started.connection.poll(_READY_SECONDS):
                raise CannotStart(f"a worker process was not ready within {_READY_SECONDS:g} s")
            if self._started.connection.recv_bytes() != READY:
                raise CannotStart("a worker process does not speak as expected")
        except (EOFError, OSError):
            code = self._started.exit_code()
            self._started.close()
            raise CannotStart(f"a worker process ended before its first job (exit code {code})") from None
        except CannotStart:
            self._started.close()
            raise

    @property
    def pid(self) -> int:
        """Process id."""
        return self._started.pid

    @property
    def is_outside(self) -> bool:
        """Whether it waits for others at this moment."""
        return self._started.state.is_outside

    def begin(self, jobs: Sequence[Job]) -> None:
        """Hand it a batch. Raises WorkerLost, after which only ``close`` may be called."""
        self._batch, self._received, self._over = jobs, 0, 0
        self._started.state.begin(0)
        self._started.state.cut = False
        try:
            self._started.connection.send_bytes(msgspec.msgpack.encode(jobs))
        except OSError:
            raise WorkerLost(0, self._cause_of_death()) from None

    def cut(self) -> None:
        """Have the batch end with the job in hand."""
        self._started.state.cut = True

    def receive(self) -> tuple[list[Answer], bool]:
        """Wait for answers: the next ones in the order of the jobs, and whether the batch has ended with them;
        jobs without an answer were not begun then. None may have come yet. Raises WorkerLost.
        """
        answers: list[Answer] = []
        connection = self._started.connection
        try:
            if not connection.poll(_POLL_SECONDS):
                self._check_times()
                return answers, False
            while len(answers) < _MOST_FRAMES:
                job = self._batch[min(self._received, len(self._batch) - 1)]
                frame = connection.recv_bytes(job.answer_bytes + _FRAME_BYTES)
                if frame[:1] == END:
                    return answers, True
                answers.append(_answer(frame, job))
                self._received += 1
                self.jobs += 1
                if not connection.poll(0):
                    break
        except (EOFError, OSError):
            if not answers:
                raise WorkerLost(self._position(), self._cause_of_death()) from None
        return answers, False

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self._started.kill()

    def close(self) -> None:
        """End the process and forget it; safe when it has ended already."""
        self._started.close()

    def _position(self) -> int:
        """The job to blame: the one it was at, unless that has its answer."""
        position = self._started.state.position
        return position if position > self._received else 0

    def _left(self) -> bytes:
        """By that job."""
        return self._started.state.left if self._position() else b""

    def _check_times(self) -> None:
        """Raises WorkerLost when a job was twice found to be over its time; the numbers change meanwhile."""
        position = self._started.state.position
        if not position:
            return
        job = self._batch[position - 1]
        own, waited = self._started.state.times()
        lost = None
        if own > max(job.seconds * _PATIENCE, _SHORTEST_SECONDS):
            lost = Lost(Cause.TIME, f"it took longer than {job.seconds:g} s", self._left())
        elif waited > job.outside_seconds:
            lost = Lost(Cause.OUTSIDE, f"it waited longer than {job.outside_seconds:g} s for others")
        self._over = self._over + 1 if lost is not None else 0
        if lost is not None and self._over > 1:
            raise WorkerLost(position, lost)

    def _cause_of_death(self) -> Lost:
        code = self._started.exit_code()
        position = self._started.state.position
        if code == OUT_OF_MEMORY:
            reason = f"it needs more than {self._memory_bytes} bytes of memory"
            return Lost(Cause.MEMORY, reason, self._left())
        if code == -signal.SIGPROF and position:
            seconds = self._started.state.seconds
            return Lost(Cause.TIME, f"it took longer than {seconds:g} s", self._left())
        return Lost(Cause.DIED, f"the worker process ended meanwhile (exit code {code})", self._left())


def _answer(frame: bytes, job: Job) -> Answer:
    kind = frame[:1]
    if kind == DONE:
        return frame[1:]
    if kind == TOO_LONG:
        size, _, left = frame[1:].partition(b" ")
        reason = f"the answer of {size.decode()} bytes passes the limit of {job.answer_bytes}"
        return Lost(Cause.ANSWER, reason, left)
    if kind == RAISED:
        return Lost(Cause.RAISED, frame[1:].decode("utf-8", "replace"))
    return Lost(Cause.DIED, "the worker process does not speak as expected")
