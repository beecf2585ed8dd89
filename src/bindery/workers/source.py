"""Where the pool's worker processes come from, and what it asks of one: on this machine or on the node of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from bindery.workers.job import Answer, Job, Lost


class WorkerLost(Exception):
    """The worker is gone. ``position`` is the number of the job it was at, from 1; 0 before the first.

    With ``Cause.NO_WORKER`` what went wrong lies outside of every job: its node is gone.
    """

    def __init__(self, position: int, lost: Lost) -> None:
        super().__init__(lost.reason)
        self.position = position
        self.lost = lost


class WorkerProcess(Protocol):
    """One thread uses it; any thread may ``kill`` it or ``cut`` its batch. Everything may raise WorkerLost, after which
    only ``close`` may be called."""

    jobs: int
    """How many jobs it has answered."""

    @property
    def pid(self) -> int:
        """Process id, on the machine it runs on."""

    @property
    def is_gone(self) -> bool:
        """Whether it is known to be gone, so that nothing is to be handed to it."""

    @property
    def is_outside(self) -> bool:
        """Whether it waits for others at this moment."""

    def begin(self, jobs: Sequence[Job], *, at_once: bool = True) -> None:
        """Hand it a batch. Unless somebody waits for the next answer ``at_once``, ``receive`` lets some come."""

    def cut(self) -> None:
        """Let it end its batch after the job in hand."""

    def receive(self) -> tuple[list[Answer], bool]:
        """Answers that have come, in order, and whether the batch has ended; those that are not answered then were not
        begun. None may have come yet."""

    def kill(self) -> None:
        """End it at once, whatever it does."""

    def close(self) -> None:
        """End it and forget it; safe when it has ended already."""


class WorkerSource(Protocol):
    """Safe for threads."""

    @property
    def pid(self) -> int | None:
        """Process id of what starts workers; None when there is none."""

    def open(self, resize: Callable[[int], None]) -> None:
        """Called once, before anything else. ``resize`` is to be told how many may compute at the same time, whenever
        that is another number than the pool was made with."""

    def start(self) -> WorkerProcess:
        """A new worker. Raises CannotStart."""

    def close(self) -> None:
        """End all; who waits for a worker gets none."""
