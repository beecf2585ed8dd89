"""The life of a worker process: batch after batch of jobs, each answered as soon as it is done.

Answers are frames on the connection, in the order of the jobs: a byte that tells the kind, the length of the content,
and the content.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from multiprocessing.connection import Connection

import msgspec

from bindery.address_space import used_address_space
from bindery.workers.job import Job
from bindery.workers.job_time import count_in
from bindery.workers.state import State

READY, DONE, RAISED, TOO_LONG, END = b"R", b"D", b"E", b"T", b"X"
OUT_OF_MEMORY = 12
"""Exit code of a worker that could not even tell that it has no memory left."""

FRAME = struct.Struct(">cI")
"""What stands before the content of a frame: its kind, and how many bytes it has."""
_TURN_SECONDS = 0.2
"""A batch ends with the job that passes this, so that others get their turn."""
_NICE = 10
"""Steps of priority below the server: one of its threads that is put off for a worker may hold the interpreter, for
which all others then wait, answers of a moment too."""
_MESSAGE_CHARACTERS = 300
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

_jobs = msgspec.msgpack.Decoder(list[Job])


def run_worker(connection: Connection, state: State, memory_bytes: int, parent: int) -> None:
    """Ends when the server's end of the connection is closed. ``parent`` is the process it was forked from."""
    _prepare(memory_bytes, parent)
    count_in(state)
    try:
        _send(connection, READY)
        while True:
            _work(connection, state, _jobs.decode(connection.recv_bytes()))
    except (EOFError, OSError):
        return
    except MemoryError:
        # Nothing that could need memory may run any more.
        os._exit(OUT_OF_MEMORY)


def _work(connection: Connection, state: State, jobs: list[Job]) -> None:
    """As many of the jobs as a turn takes, one at least; those that were not begun stay the server's."""
    end = time.monotonic() + _TURN_SECONDS
    for position, job in enumerate(jobs, start=1):
        if position > 1 and (state.cut or time.monotonic() >= end):
            break
        state.begin(position)
        state.limit(job.seconds)
        _send(connection, *_answer(job, state))
    state.begin(0)
    _send(connection, END)


def _send(connection: Connection, kind: bytes, content: bytes = b"") -> None:
    frame = memoryview(FRAME.pack(kind, len(content)) + content)
    while frame:
        frame = frame[os.write(connection.fileno(), frame) :]


def _answer(job: Job, state: State) -> tuple[bytes, bytes]:
    """Kind and content."""
    # The kernel ends the process when the time is over, whatever library it is in.
    signal.setitimer(signal.ITIMER_PROF, job.seconds)
    try:
        answer = _function(job.function)(job.body)
    except MemoryError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"[:_MESSAGE_CHARACTERS]
        return RAISED, text.encode("utf-8", "replace")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if len(answer) > job.answer_bytes:
        return TOO_LONG, b"%d %b" % (len(answer), state.left)
    return DONE, answer


@lru_cache(maxsize=64)
def _function(name: str) -> Callable[[bytes], bytes]:
    module, _, function = name.partition(":")
    found: Callable[[bytes], bytes] = getattr(importlib.import_module(module), function)
    return found


def _prepare(memory_bytes: int, parent: int) -> None:
    """Limits of a worker, and an end with the server however that ends."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel was asked
            os._exit(0)
        most = used_address_space() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
