"""The server's end of one worker process: hands it batches, takes its answers, ends it when a job goes too far."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Sequence

import msgspec

from bindery.workers.job import Answer, Cause, Job, Lost
from bindery.workers.launcher import CannotStart, Launcher
from bindery.workers.process import DONE, END, FRAME, OUT_OF_MEMORY, RAISED, READY, TOO_LONG
from bindery.workers.source import WorkerLost

_POLL_MILLISECONDS = 100
_READY_SECONDS = 60.0
_PATIENCE = 4.0
"""A job may take so many times its processor time on the clock, for other processes want the machine too."""
_SHORTEST_SECONDS = 1.0
_READ_BYTES = 256 * 1024
_REASON_BYTES = 64 * 1024
"""What a frame may be longer than the job's longest answer: it may tell a reason instead."""
_MOMENT_SECONDS = 0.01
_SHARE = 0.8


class Worker:
    """One thread uses it; any thread may ``kill`` it or ``cut`` its batch."""

    def __init__(self, launcher: Launcher, memory_bytes: int) -> None:
        """Returns when the worker is ready. Raises CannotStart."""
        self.jobs = 0
        """How many jobs it has answered."""
        self._memory_bytes = memory_bytes
        self._batch: Sequence[Job] = ()
        self._at_once = True
        self._began = 0.0
        self._arrived = bytearray()
        """What has come of answers and was not taken yet."""
        self._received = 0
        self._over = 0
        self._started = launcher.start()
        self._readable = select.poll()
        """``Connection.poll`` makes such an object each time, which costs more than to ask it."""
        self._readable.register(self._started.connection.fileno(), select.POLLIN)
        try:
            if not self._started.connection.poll(_READY_SECONDS):
                raise CannotStart(f"a worker process was not ready within {_READY_SECONDS:g} s")
            if os.read(self._started.connection.fileno(), FRAME.size) != FRAME.pack(READY, 0):
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
    def is_gone(self) -> bool:
        """Whether it is known to be gone; the end of a process on this machine shows at its next use."""
        return False

    @property
    def is_outside(self) -> bool:
        """Whether it waits for others at this moment."""
        return self._started.state.is_outside

    def begin(self, jobs: Sequence[Job], *, at_once: bool = True) -> None:
        """Hand it a batch. Unless somebody waits for the next answer ``at_once``, ``receive`` lets some come.

        Raises WorkerLost, after which only ``close`` may be called.
        """
        self._batch, self._received, self._over = jobs, 0, 0
        self._at_once, self._began = at_once, time.monotonic()
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
        if not self._at_once:
            self._let_some_come()
        answers: list[Answer] = []
        connection = self._started.connection
        ended = False
        try:
            if not self._readable.poll(_POLL_MILLISECONDS):
                self._check_times()
                return answers, False
            is_more = True
            while is_more and not ended:
                part = os.read(connection.fileno(), _READ_BYTES)
                if not part:
                    raise EOFError
                self._arrived += part
                ended = self._take(answers)
                is_more = len(part) == _READ_BYTES and bool(self._readable.poll(0))
        except (EOFError, OSError):
            if not answers:
                raise WorkerLost(self._position(), self._cause_of_death()) from None
        return answers, ended

    def _let_some_come(self) -> None:
        """Sleep for a moment, for to wake takes as long as a small job; but not beyond the end of the batch, as far as
        the jobs before tell when that is, for then the worker waits."""
        if self._received:
            each = (time.monotonic() - self._began) / self._received
            time.sleep(min(_MOMENT_SECONDS, each * (len(self._batch) - self._received) * _SHARE))

    def _take(self, answers: list[Answer]) -> bool:
        """Take the answers out of what has arrived; whether the batch has ended with them. Raises OSError for
        nonsense.
        """
        at, end = 0, len(self._arrived)
        ended = False
        while not ended and end - at >= FRAME.size:
            kind, length = FRAME.unpack_from(self._arrived, at)
            ended = kind == END
            job = self._batch[min(self._received, len(self._batch) - 1)]
            too_many = not ended and self._received >= len(self._batch)
            if too_many or length > job.answer_bytes + _REASON_BYTES:
                self.kill()  # so that it is known how it ended
                raise OSError("the worker process does not speak as expected")
            if end - at < FRAME.size + length:
                break
            at += FRAME.size + length
            if not ended:
                answers.append(_answer(kind, bytes(self._arrived[at - length : at]), job))
                self._received += 1
                self.jobs += 1
        del self._arrived[:at]
        return ended

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


def _answer(kind: bytes, content: bytes, job: Job) -> Answer:
    if kind == DONE and len(content) <= job.answer_bytes:
        return content
    if kind == TOO_LONG:
        size, _, left = content.partition(b" ")
        reason = (
            f"the answer of {size.decode(errors='replace')} bytes passes the limit of {job.answer_bytes}"
        )
        return Lost(Cause.ANSWER, reason, left)
    if kind == RAISED:
        return Lost(Cause.RAISED, content.decode("utf-8", "replace"))
    return Lost(Cause.DIED, "the worker process does not speak as expected")
