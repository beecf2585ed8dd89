"""What a worker and its server share without messages: where the worker is, since when, and what it leaves of the job.

Each number is eight bytes that are written at once, by one side only. What is left is read when the worker has ended.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from contextlib import AbstractContextManager

_POSITION, _BEGAN, _OUTSIDE_SINCE, _OUTSIDE, _CUT, _SECONDS, _LEFT = range(7)
_NUMBERS_BYTES = 7 * 8
_LONGEST_LEFT = 128
_BYTES = _NUMBERS_BYTES + _LONGEST_LEFT
_MOMENT_SECONDS = 0.05


class _Waiting(AbstractContextManager[None]):
    """Counts the time within it as waiting for others. One for all, for there are several in each job."""

    def __init__(self, numbers: memoryview[float]) -> None:
        self._numbers = numbers

    def __enter__(self) -> None:
        self._numbers[_OUTSIDE_SINCE] = time.monotonic()

    def __exit__(self, *_: object) -> None:
        numbers = self._numbers
        numbers[_OUTSIDE] += time.monotonic() - numbers[_OUTSIDE_SINCE]
        numbers[_OUTSIDE_SINCE] = 0.0


class State:
    """A view of the shared memory behind ``file``, an open descriptor that stays the caller's."""

    def __init__(self, file: int) -> None:
        shared = memoryview(mmap.mmap(file, _BYTES))
        self._numbers = shared[:_NUMBERS_BYTES].cast("d")
        self._left = shared[_NUMBERS_BYTES:]
        self._waiting = _Waiting(self._numbers)

    # the worker's side

    def begin(self, position: int) -> None:
        """The worker begins the job at ``position``, from 1; 0: it is between batches."""
        numbers = self._numbers
        numbers[_POSITION] = numbers[_LEFT] = 0.0
        numbers[_OUTSIDE_SINCE] = numbers[_OUTSIDE] = 0.0
        numbers[_BEGAN] = time.monotonic()
        numbers[_POSITION] = position

    def limit(self, seconds: float) -> None:
        """The limit of processor time that holds now, to be told of when it ends the worker."""
        self._numbers[_SECONDS] = seconds

    def leave(self, said: bytes) -> None:
        """What the server is to know of the job in hand if it has no answer; cut after 128 bytes."""
        said = said[:_LONGEST_LEFT]
        self._numbers[_LEFT] = 0.0
        self._left[: len(said)] = said
        self._numbers[_LEFT] = len(said)

    def outside(self) -> AbstractContextManager[None]:
        """The worker waits for others; not to be nested."""
        return self._waiting

    # both sides

    @property
    def cut(self) -> bool:
        """Whether the worker is to end its batch after the job in hand; the server sets it."""
        return bool(self._numbers[_CUT])

    @cut.setter
    def cut(self, cut: bool) -> None:
        self._numbers[_CUT] = cut

    @property
    def left(self) -> bytes:
        """What was left of the job in hand."""
        return bytes(self._left[: int(self._numbers[_LEFT])])

    # the server's side

    @property
    def position(self) -> int:
        """Number of the job that the worker is at, from 1; 0 before the first."""
        return int(self._numbers[_POSITION])

    @property
    def seconds(self) -> float:
        """The limit of processor time that held last."""
        return self._numbers[_SECONDS]

    def times(self) -> tuple[float, float]:
        """Seconds since the job in hand began: its own, and those it has waited for others."""
        now, numbers = time.monotonic(), self._numbers
        since, waited, began = numbers[_OUTSIDE_SINCE], numbers[_OUTSIDE], numbers[_BEGAN]
        if since:
            waited += max(0.0, now - since)
        return now - began - waited, waited

    @property
    def is_outside(self) -> bool:
        """Whether the worker waits for others, and not for a moment only, as for a local disk."""
        since = self._numbers[_OUTSIDE_SINCE]
        return bool(since) and time.monotonic() - since > _MOMENT_SECONDS


def shared_file() -> int:
    """A descriptor of new memory for a ``State``, to be handed to another process."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("bindery-worker")
    else:
        file, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108
    os.ftruncate(file, _BYTES)
    return file
