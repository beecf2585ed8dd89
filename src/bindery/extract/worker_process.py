"""One worker process: extracts batches of files within limits, and tells which file it is at.

The parent learns of progress through a shared number, so that a file that ends its worker or takes too long
is known exactly, without a message for every file.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import Any

import msgspec

from bindery.extract.extract import extract, failed_extraction
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.limits import ExtractionLimits

_PRELOADED = ["bindery.extract.preload"]
_START_SECONDS = 60.0
_POLL_SECONDS = 0.25
_END_SECONDS = 5.0
_OUT_OF_MEMORY = 12
_PR_SET_PDEATHSIG = 1

ExtractFile = Callable[[ExtractionRequest, ExtractionLimits], Extraction]
"""What a worker runs for each file; a function of a module, so that it can be named to another process."""

# Made here, before any thread: msgspec prepares a struct type when it is first decoded, and two threads that
# do so at once end the process.
_requests = msgspec.msgpack.Decoder(list[ExtractionRequest])
_extractions = msgspec.msgpack.Decoder(list[Extraction])

# Starting and reaping touch a list of children that multiprocessing keeps without a lock.
_children = threading.Lock()


def worker_context() -> ForkServerContext:
    """Where workers are forked from: a process without threads that loads what they need.

    It is started here, so that it is ready by the time the first file comes.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    forkserver.ensure_running()
    return context


class WorkerLost(Exception):
    """The worker is gone. ``position`` is the number of the file it was at, from 1; 0 before the first.

    ``failure`` is the failure code and message for that file, ``timed_out`` whether it was stopped for it.
    """

    def __init__(self, position: int, failure: str, *, timed_out: bool = False) -> None:
        super().__init__(failure)
        self.position = position
        self.failure = failure
        self.timed_out = timed_out


class WorkerProcess:
    """The parent's end of a worker. One thread uses it; any thread may ``kill`` it."""

    def __init__(
        self, context: ForkServerContext, limits: ExtractionLimits, extract_file: ExtractFile = extract
    ) -> None:
        self.files = 0
        """How many files it was given."""
        self._limits = limits
        self._progress: Any = context.RawValue("L", 0)
        self._connection, theirs = context.Pipe()
        arguments = (theirs, self._progress, msgspec.msgpack.encode(limits), extract_file)
        self._process = context.Process(target=_serve, args=arguments, name="bindery-extract", daemon=True)
        try:
            with _children:
                self._process.start()
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()

    def extract(self, requests: Sequence[ExtractionRequest]) -> list[Extraction]:
        """The outcomes of a batch, in order. Raises WorkerLost, after which only ``stop`` may be called."""
        self.files += len(requests)
        self._progress.value = 0
        try:
            self._connection.send_bytes(msgspec.msgpack.encode(requests))
            self._wait()
            return _extractions.decode(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise WorkerLost(self._progress.value, self._cause_of_death()) from None

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        with _children:
            self._process.kill()

    def stop(self) -> None:
        """End the process and forget it; safe when it has ended already."""
        self.kill()
        with _children:
            self._process.join(_END_SECONDS)
        self._connection.close()

    def _wait(self) -> None:
        """Until the worker answers or ends. Raises WorkerLost when one file takes longer than it may."""
        position, since = 0, time.monotonic()
        while not self._connection.poll(min(_POLL_SECONDS, self._limits.seconds / 4)):
            now = time.monotonic()
            if self._progress.value != position:
                position, since = self._progress.value, now
            elif now - since > (self._limits.seconds if position else _START_SECONDS):
                text = f"TimeLimit: the file took longer than {self._limits.seconds:g} s"
                raise WorkerLost(position, text, timed_out=True)

    def _cause_of_death(self) -> str:
        with _children:
            self._process.join(_END_SECONDS)
            code = self._process.exitcode
        if code == _OUT_OF_MEMORY:
            return f"MemoryLimit: the file needs more than {self._limits.memory_bytes} bytes of memory"
        return f"WorkerDied: the worker process ended while it read the file (exit code {code})"


def _serve(
    connection: multiprocessing.connection.Connection,
    progress: Any,
    encoded: bytes,
    extract_file: ExtractFile,
) -> None:
    """The life of a worker process; ends when the parent's end of the connection is closed."""
    limits = msgspec.msgpack.decode(encoded, type=ExtractionLimits)
    _prepare(limits.memory_bytes)
    try:
        while True:
            requests = _requests.decode(connection.recv_bytes())
            outcomes = []
            for position, request in enumerate(requests, start=1):
                progress.value = position
                outcomes.append(_encoded(request, extract_file(request, limits)))
            connection.send_bytes(msgspec.msgpack.encode(outcomes))
    except (EOFError, OSError):
        return
    except MemoryError:
        # Nothing that could need memory may run any more.
        os._exit(_OUT_OF_MEMORY)


def _encoded(request: ExtractionRequest, outcome: Extraction) -> msgspec.Raw:
    """One outcome; what cannot be encoded fails alone, not with its batch."""
    try:
        return msgspec.Raw(msgspec.msgpack.encode(outcome))
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError) as error:
        failure = f"ParseFailed: {type(error).__name__} in what was read from the file"
        return msgspec.Raw(msgspec.msgpack.encode(failed_extraction(request, failure)))


def _prepare(memory_bytes: int) -> None:
    """Limits of a worker, and an end with the server however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _end_with_the_server()
        most = _address_space() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _end_with_the_server() -> None:
    """Have the kernel end this process when the server or the fork server ends, even inside native code."""
    import ctypes  # noqa: PLC0415  (only workers need it)

    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The fork server outlives the server for as long as it has children. What tells of the server's end is
    # a pipe nobody writes to; its closing raises SIGIO.
    server = multiprocessing.parent_process()
    assert server is not None
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(server.sentinel, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(server.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(server.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    if os.getppid() != parent or multiprocessing.connection.wait([server.sentinel], 0):
        os._exit(0)


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()
