"""The process that workers are forked from: it has one thread, has loaded what they need, and holds no secret.

``python -m bindery.workers.fork_server DESCRIPTOR SETUP``, started by ``launcher.py`` alone. It ends when the
server does, and its workers with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from multiprocessing.connection import Connection
from typing import NoReturn

READY = b"R"
FORK = b"F"
PID_BYTES = STATUS_BYTES = 4
_FILES = 3
_ENDED = 1


def main() -> None:
    """Load, tell that it is ready, and fork whenever it is asked to."""
    setup = json.loads(sys.argv[2])
    sys.path[:] = setup["path"]
    for name in setup["preload"]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # collections in the workers would write into every page they share
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as control:
        control.sendall(READY)
        _Nursery(control, setup["memory_bytes"]).run()


class _Nursery:
    def __init__(self, control: socket.socket, memory_bytes: int) -> None:
        self._control = control
        self._memory_bytes = memory_bytes
        self._status: dict[int, int] = {}
        """Where to write how a worker has ended, by its process id."""
        self._woken, self._waker = os.pipe()
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker)

    def run(self) -> None:
        """Until the server is gone."""
        while True:
            control = self._control.fileno()
            ready, _, _ = select.select([control, self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if control in ready and not self._fork():
                return

    def _fork(self) -> bool:
        message, files, _, _ = socket.recv_fds(self._control, 1, _FILES)
        if not message:
            return False
        connection, status, state = files
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            pid = 0
            os.close(status)
        else:
            if not pid:
                self._become_worker(connection, state, parent)
            self._status[pid] = status
        os.close(connection)
        os.close(state)
        self._control.sendall(pid.to_bytes(PID_BYTES, "little"))
        return True

    def _become_worker(self, connection: int, state: int, parent: int) -> NoReturn:
        code = _ENDED
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            for file in (self._woken, self._waker, *self._status.values()):
                os.close(file)
            from bindery.workers.process import run_worker  # noqa: PLC0415  (after the paths are set)
            from bindery.workers.state import State  # noqa: PLC0415

            run_worker(Connection(connection), State(state), self._memory_bytes, parent)
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _reap(self) -> None:
        while self._status:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            file = self._status.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            os.write(file, code.to_bytes(STATUS_BYTES, "little", signed=True))
            os.close(file)


if __name__ == "__main__":
    main()
