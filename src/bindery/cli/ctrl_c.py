"""Ctrl-C while a library is at work that hears no signals: Python's own handler runs only when the library returns."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_heard() -> Iterator[threading.Event]:
    """An event that is set as soon as a signal comes. For the main thread."""
    heard = threading.Event()
    reading, writing = socket.socketpair()

    def wait() -> None:
        if reading.recv(1):  # nothing at the end
            heard.set()

    with reading:
        writing.setblocking(False)
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        waiting = threading.Thread(target=wait, name="ctrl-c", daemon=True)
        waiting.start()
        try:
            yield heard
        finally:
            signal.set_wakeup_fd(before)
            writing.close()
            waiting.join()
