"""The server's end of one worker process on a node of the cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future

import msgspec

from bindery.workers.job import Answer, Cause, Job, Lost
from bindery.workers.ray_cluster.messages import GIVE_UP, Batch, encode, reports
from bindery.workers.ray_cluster.sealing import Channel, Unsealable
from bindery.workers.source import WorkerLost

_SILENT_SECONDS = 30.0
"""A node that has not reported for so long is given up; reports come every second."""


class NodeLost(Exception):
    """The node, the process on it, or the way to it is gone; the text says which."""


class Node:
    """A node as the server knows it. Safe for threads."""

    def __init__(
        self,
        name: str,
        address: str,
        workers: int,
        channel: Channel,
        ask: Callable[[str, str, Sequence[bytes | int]], Future[bytes]],
    ) -> None:
        """``ask`` calls a method of the process there: name of the node, method, arguments."""
        self.address = address
        self.workers = workers
        """How many may compute there at the same time."""
        self.channel = channel
        self.gone = ""
        """Why it is gone; empty while it is there."""
        self._name = name
        self._ask = ask
        self._in_use = 0
        self._lock = threading.Lock()

    @property
    def load(self) -> float:
        """Worker processes that this server has there, for each that may compute."""
        return self._in_use / self.workers

    def count(self, difference: int) -> None:
        """So many more worker processes are there."""
        with self._lock:
            self._in_use += difference

    def give_up(self) -> None:
        """It does not answer: have the process there ended, and another one started."""
        self.ask(GIVE_UP)

    def ask(self, method: str, *arguments: bytes | int) -> Future[bytes]:
        """What a method returns; NodeLost if it cannot tell any more."""
        return self._ask(self._name, method, arguments)


class RemoteWorker:
    """A ``WorkerProcess`` on a node."""

    def __init__(self, node: Node, number: int, pid: int) -> None:
        self.jobs = 0
        self._node = node
        self._number = number
        self._pid = pid
        self._asked = 0
        """Jobs of the batch that have no answer yet."""
        self._report: Future[bytes] | None = None
        self._death: WorkerLost | None = None
        self._outside = False
        self._killed = False

    @property
    def pid(self) -> int:
        """Process id on its node."""
        return self._pid

    @property
    def is_gone(self) -> bool:
        """Whether its node is."""
        return bool(self._node.gone)

    @property
    def is_outside(self) -> bool:
        """Whether it waited for others when it last reported."""
        return self._outside

    def begin(self, jobs: Sequence[Job], *, at_once: bool = True) -> None:
        """Hand it a batch. Raises WorkerLost."""
        if self._node.gone or self._killed:
            raise self._lost(self._node.gone or "it was ended")
        self._asked, self._outside = len(jobs), False
        batch = encode(Batch(list(jobs), at_once))
        self._report = self._node.ask("work", self._number, self._node.channel.seal(batch, self._number))

    def receive(self) -> tuple[list[Answer], bool]:
        """Answers since the last report, in order, and whether the batch has ended. Raises WorkerLost."""
        if self._death is not None:
            raise self._death
        answers, ended, death = self._next_report()
        if death is not None:
            self._death = death
            if not answers:
                raise death
        elif not ended:
            self._report = self._node.ask("more", self._number, int(self._outside))
        return answers, ended

    def cut(self) -> None:
        """Have the batch end with the job in hand."""
        self._node.ask("cut", self._number)

    def kill(self) -> None:
        """End it at once; who waits for its answers learns of it without waiting for the node."""
        self._killed = True
        self._node.ask("close", self._number)
        report = self._report
        if report is not None:
            report.cancel()

    def close(self) -> None:
        """End it and forget it; may be called once."""
        self._node.count(-1)
        if not self._killed:
            self._node.ask("close", self._number)

    def _next_report(self) -> tuple[list[Answer], bool, WorkerLost | None]:
        assert self._report is not None
        try:
            sealed = self._report.result(_SILENT_SECONDS)
            report = reports.decode(self._node.channel.open(sealed, self._number))
        except NodeLost as loss:
            raise self._lost(str(loss)) from None
        except CancelledError:
            raise self._lost("it was ended") from None
        except TimeoutError:
            self._node.give_up()
            raise self._lost(f"it did not report for {_SILENT_SECONDS:g} s") from None
        except (Unsealable, msgspec.MsgspecError):
            raise self._lost("its report makes no sense") from None
        if len(report.answers) > self._asked:
            raise self._lost("it does not speak as expected")
        self._asked -= len(report.answers)
        self.jobs += len(report.answers)
        self._outside = report.is_outside
        death = None if report.death is None else WorkerLost(report.death.position, report.death.lost)
        return report.answers, report.ended, death

    def _lost(self, reason: str) -> WorkerLost:
        return WorkerLost(
            0, Lost(Cause.NO_WORKER, f"the worker on the Ray node {self._node.address} was lost: {reason}")
        )
