"""Whose turn it is to write: one at a time, in the order of asking."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A lock that is handed to whoever has waited longest.

    An ordinary lock goes to whoever asks first after its release, and that is the thread that held it: many
    small transactions in a row would keep all others waiting until their last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, seconds: float) -> bool:
        """Wait for one's turn; False, without it, after so many seconds."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=seconds):
            return True
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it was handed over at the last moment

    def end(self) -> None:
        """Hand the turn on."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
