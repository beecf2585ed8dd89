"""The end of the server: heard whatever runs, and reached within seconds with status 0, whatever does not end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

import structlog

PATIENCE_SECONDS = 4.5
"""From the signal to the end of the process; what is not committed by then is done again at the next start."""
_log = structlog.get_logger()


class Shutdown:
    """Hears SIGTERM, SIGINT and SIGHUP in a thread of its own, so that a busy event loop delays nothing.

    To be made before any other thread: threads inherit which signals are blocked. A signal that the process
    was started to ignore (``nohup``, a job in the background of a script) stays ignored.
    """

    def __init__(self) -> None:
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        self._signals = {number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN}
        self._begin: Callable[[], object] | None = None
        self._lock = threading.Lock()
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    def begin_with(self, begin: Callable[[], object]) -> None:
        """Call this from the listening thread at the first signal. Before, a signal ends the process at once:
        nothing was promised to anybody yet."""
        with self._lock:
            self._begin = begin

    def _listen(self) -> None:
        number = signal.sigwait(self._signals)
        with self._lock:
            begin = self._begin
        if begin is None:
            _log.info("stopped while starting", signal=signal.Signals(number).name)
            leave()
        _log.info("stopping", signal=signal.Signals(number).name)
        timer = threading.Timer(PATIENCE_SECONDS, _give_up)
        timer.daemon = True
        timer.start()
        if begin is not None:
            begin()
        signal.sigwait(self._signals)  # asked twice, it ends at once
        leave()


def leave() -> None:
    """End the process here, with status 0. What the record has committed is safe, as after a kill.

    The interpreter's own end waits for threads that may be deep in a query, and takes the ground from under
    those it does not wait for.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def _give_up() -> None:
    _log.warning("some work did not end in time; it is done again at the next start")
    leave()
