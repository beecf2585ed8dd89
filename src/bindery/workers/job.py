"""What goes into a worker and what comes back. A job is a function by name and its argument as bytes."""

from __future__ import annotations

import enum

import msgspec


class Urgency(enum.IntEnum):
    """Who goes first. Inside a class owners take turns; no class is put off for ever."""

    CALL = 0
    """Somebody waits at the line."""
    CHANGE = 1
    """Something has changed or was asked for, and is to be found soon."""
    SCAN = 2
    """Everything else: listings, repairs."""


class Job(msgspec.Struct, frozen=True, array_like=True):
    """One call of a function in a worker process.

    ``function`` is ``package.module:name`` of a function from bytes to bytes. It may raise: then the job is
    lost, and nothing else.
    """

    function: str
    body: bytes
    seconds: float = 30.0
    """Processor time the job may take."""
    outside_seconds: float = 120.0
    """How long it may wait for others (see ``job_time.outside``); that time is not the job's own."""
    answer_bytes: int = 16 * 1024 * 1024
    """Longest answer."""


class Cause(enum.Enum):
    """Why a job has no answer. The first five are the job's own fault, the last two are not."""

    RAISED = "raised"
    DIED = "died"
    TIME = "time"
    MEMORY = "memory"
    ANSWER = "answer"
    OUTSIDE = "outside"
    NO_WORKER = "no worker"


class Lost(msgspec.Struct, frozen=True):
    """A job without an answer."""

    cause: Cause
    reason: str
    """A sentence for people, without a full stop."""
    left: bytes = b""
    """What the job has left for this case; see ``job_time.leave``."""


Answer = bytes | Lost


class Finished(msgspec.Struct, frozen=True):
    """The end of one job of a submission; ``position`` is its place there, from 0."""

    position: int
    answer: Answer

    @property
    def size(self) -> int:
        """Bytes of memory it holds, about."""
        return len(self.answer) if isinstance(self.answer, bytes) else 0
