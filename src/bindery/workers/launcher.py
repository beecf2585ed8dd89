"""Starts worker processes, by a fork server that is started again whenever it is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import IO

import structlog

from bindery.workers import fork_server
from bindery.workers.environment import clean_environment
from bindery.workers.state import State, shared_file

_START_SECONDS = 60.0
_END_SECONDS = 5.0
_LINE_CHARACTERS = 500
_LAST_WORDS_SECONDS = 1.0
_log = structlog.get_logger()


class CannotStart(Exception):
    """No worker process can be started now; the text says why."""


class Started:
    """A worker process that was just forked: its connection, its shared state, and how it ends."""

    def __init__(self, pid: int, connection: Connection, state: State, status: int) -> None:
        self.pid = pid
        self.connection = connection
        self.state = state
        self._status = status
        self._handle = _handle_of(pid)
        self._lock = threading.Lock()

    def kill(self) -> None:
        """End the process at once, whatever it does. For any thread."""
        with self._lock, suppress(ProcessLookupError):
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            elif self._status >= 0 and not wait(
                [self._status], 0
            ):  # not reaped, so the number is still its own
                os.kill(self.pid, signal.SIGKILL)

    def exit_code(self) -> int | None:
        """Wait for the end of the process; None when nobody can tell how it ended."""
        if not wait([self._status], _END_SECONDS):
            return None
        told = os.read(self._status, fork_server.STATUS_BYTES)
        return int.from_bytes(told, "little", signed=True) if told else None

    def close(self) -> None:
        """End the process and forget it; may be called once."""
        self.kill()
        wait([self._status], _END_SECONDS)
        self.connection.close()
        with self._lock:
            os.close(self._status)
            if self._handle >= 0:
                os.close(self._handle)
            self._status = self._handle = -1


class Launcher:
    """Safe for threads. The fork server is started at once, so that it is ready when the first job comes."""

    def __init__(self, preload: Sequence[str], memory_bytes: int) -> None:
        self._preload = list(preload)
        self._memory_bytes = memory_bytes
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._said = ""
        self._listener: threading.Thread | None = None
        self._ready = self._closed = False
        self._lock = threading.Lock()
        with suppress(OSError):
            self._start_server()

    @property
    def pid(self) -> int | None:
        """Process id of the fork server; None when there is none."""
        return None if self._server is None else self._server.pid

    def start(self) -> Started:
        """A new worker process. Raises CannotStart."""
        ours, theirs = socket.socketpair()
        told, status = os.pipe()
        memory = shared_file()
        try:
            state = State(memory)
            with self._lock:
                pid = self._fork(theirs.fileno(), status, memory)
            return Started(pid, Connection(ours.detach()), state, told)
        except BaseException as error:
            os.close(told)
            ours.close()
            if isinstance(error, OSError):
                raise CannotStart(f"no worker process could be started: {error}") from error
            raise
        finally:
            theirs.close()
            os.close(status)
            os.close(memory)

    def close(self) -> None:
        """End the fork server; workers that still run end with it, and who waits for one gets none."""
        self._closed = True
        server = self._server
        if server is not None:
            server.kill()
        with self._lock:
            self._drop_server()

    def _fork(self, *files: int) -> int:
        if self._closed:
            raise CannotStart("the pool is closed")
        if self._server is None or self._server.poll() is not None:
            self._drop_server()
            self._start_server()
        control = self._control
        assert control is not None
        try:
            self._wait_until_ready(control)
            socket.send_fds(control, [fork_server.FORK], files)
            pid = int.from_bytes(_receive(control, fork_server.PID_BYTES), "little")
        except OSError as error:
            self._drop_server()
            said = self._last_words()
            raise CannotStart(
                f"the process that workers are forked from has ended: {said or error}"
            ) from None
        if not pid:
            raise CannotStart("no process could be forked; see the limits of processes and memory")
        return pid

    def _wait_until_ready(self, control: socket.socket) -> None:
        if not self._ready:
            _receive(control, len(fork_server.READY))
            self._ready = True

    def _start_server(self) -> None:
        ours, theirs = socket.socketpair()
        setup = {"path": sys.path, "preload": self._preload, "memory_bytes": self._memory_bytes}
        command = [sys.executable, "-m", fork_server.__name__, str(theirs.fileno()), json.dumps(setup)]
        environment = clean_environment(os.environ) | {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path))
        }
        try:
            self._server = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                command,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.settimeout(_START_SECONDS)
        self._control, self._ready = ours, False
        self._said = ""
        assert self._server.stderr is not None
        self._listener = threading.Thread(
            target=self._listen, args=(self._server.stderr,), name="worker-messages", daemon=True
        )
        self._listener.start()

    def _drop_server(self) -> None:
        server, self._server = self._server, None
        if self._control is not None:
            self._control.close()
            self._control = None
        if server is None:
            return
        try:
            server.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def _last_words(self) -> str:
        """The last line that the fork server, or a worker, wrote before it ended."""
        if self._listener is not None:
            self._listener.join(_LAST_WORDS_SECONDS)
        return self._said

    def _listen(self, stderr: IO[bytes]) -> None:
        """What workers and their libraries say goes to the log, a bounded line each."""
        with stderr:
            while line := stderr.readline(_LINE_CHARACTERS):
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._said = text
                    _log.debug("a worker process said", text=text)


def _receive(control: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        more = control.recv(count - len(received))
        if not more:
            raise ConnectionResetError("it has closed its end")
        received += more
    return received


def _handle_of(pid: int) -> int:
    """A descriptor that means this process and no later one of the same number; -1 where there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
