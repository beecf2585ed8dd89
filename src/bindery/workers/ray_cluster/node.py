"""The process of one server on a node, an actor of Ray: it keeps worker processes as the local pool does.

All limits of a job are kept here, by the same code as on the server's machine. Nothing is raised to Ray: whatever
goes wrong with a job is part of the report.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Sequence

import structlog

import bindery
from bindery.workers.job import Answer, Cause, Finished, Lost
from bindery.workers.launcher import CannotStart, Launcher
from bindery.workers.ray_cluster.messages import (
    Death,
    Hello,
    Report,
    Started,
    batches,
    encode,
)
from bindery.workers.ray_cluster.sealing import Channel, KeyPair, Unsealable
from bindery.workers.source import WorkerLost
from bindery.workers.worker import Worker

_GATHER_SECONDS = 0.05
"""For so long answers are gathered that nobody waits for."""
_REPORT_SECONDS = 1.0
"""After so long there is a report even of nothing."""
_REPORT_BYTES = 4 * 1024 * 1024


class _Held:
    """A worker, and the channel to the server that has started it."""

    def __init__(self, worker: Worker, channel: Channel) -> None:
        self.worker = worker
        self.channel = channel
        self.at_once = True
        self.lock = threading.Lock()


class NodeWorkers:
    """The worker processes of one server on this node. Its methods run in threads."""

    def __init__(self, preload: Sequence[str], memory_bytes: int) -> None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        self._memory_bytes = memory_bytes
        self._launcher = Launcher(preload, memory_bytes)
        self._keys = KeyPair()
        self._held: dict[int, _Held] = {}
        self._numbers = itertools.count(1)
        self._never = threading.Event()

    def hello(self) -> bytes:
        """A ``Hello``."""
        return encode(Hello(bindery.__version__, self._keys.public))

    def hold(self) -> None:
        """Never returns: who waits for it learns at once when this process ends."""
        self._never.wait()

    def start(self, server_key: bytes) -> bytes:
        """A worker for the server with this public key; a ``Started``."""
        try:
            channel = self._keys.node_channel(server_key)
            worker = Worker(self._launcher, self._memory_bytes)
        except (CannotStart, ValueError) as error:
            return encode(Started(problem=str(error)))
        number = next(self._numbers)
        self._held[number] = _Held(worker, channel)
        return encode(Started(number, worker.pid))

    def work(self, number: int, sealed: bytes) -> bytes:
        """Hand a worker a sealed ``Batch``; the first ``Report`` of it, sealed."""
        held = self._held.get(number)
        if held is None:
            return b""
        with held.lock:
            try:
                batch = batches.decode(held.channel.open(sealed, number))
                held.at_once = batch.at_once
                held.worker.begin(batch.jobs, at_once=batch.at_once)
                report = _report(held, is_outside=False)
            except WorkerLost as loss:
                report = Report(death=Death(loss.position, loss.lost))
            except Unsealable as error:
                report = Report(death=Death(0, Lost(Cause.NO_WORKER, f"a batch cannot be read: {error}")))
            return held.channel.seal(encode(report), number)

    def more(self, number: int, is_outside: int) -> bytes:
        """The next ``Report`` of a worker, sealed. The last one told ``is_outside``."""
        held = self._held.get(number)
        if held is None:
            return b""
        with held.lock:
            report = _report(held, is_outside=bool(is_outside))
            return held.channel.seal(encode(report), number)

    def cut(self, number: int) -> bytes:
        """See ``WorkerProcess.cut``."""
        held = self._held.get(number)
        if held is not None:
            held.worker.cut()
        return b""

    def close(self, number: int) -> bytes:
        """End a worker, whatever it does, and forget it."""
        held = self._held.pop(number, None)
        if held is not None:
            held.worker.kill()  # who waits for its answers learns of it, and leaves the worker to this thread
            with held.lock:
                held.worker.close()
        return b""


def _report(held: _Held, *, is_outside: bool) -> Report:
    """Wait for something to tell of the batch in hand."""
    worker, began = held.worker, time.monotonic()
    answers: list[Answer] = []
    size = 0
    while True:
        try:
            some, ended = worker.receive()
        except WorkerLost as loss:
            return Report(answers, death=Death(loss.position, loss.lost))
        answers += some
        size += sum(Finished(0, answer).size for answer in some)
        waited = time.monotonic() - began
        enough = bool(answers) and (held.at_once or waited >= _GATHER_SECONDS or size >= _REPORT_BYTES)
        if enough or ended or waited >= _REPORT_SECONDS or worker.is_outside is not is_outside:
            return Report(answers, ended, worker.is_outside)
