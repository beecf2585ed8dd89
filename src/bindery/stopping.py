"""Work that ends at its next safe point once it is told to."""

from __future__ import annotations

import threading


class Interrupted(Exception):
    """The work was given up before it was done, because its caller or the server ends."""


class Stoppable:
    """Work in a thread of its own, which others tell to end by an event."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def check_stop(self) -> None:
        """Raises Interrupted when the work was told to end."""
        if self._stop.is_set():
            raise Interrupted

    def rest(self, seconds: float) -> None:
        """Wait. Raises Interrupted."""
        self._stop.wait(seconds)
        self.check_stop()
