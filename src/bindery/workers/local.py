"""Worker processes of this machine, forked when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bindery.workers.launcher import Launcher
from bindery.workers.worker import Worker


class LocalWorkers:
    """A ``WorkerSource``. The process that workers are forked from is started at once."""

    def __init__(self, preload: Sequence[str], memory_bytes: int) -> None:
        self._launcher = Launcher(preload, memory_bytes)
        self._memory_bytes = memory_bytes

    @property
    def pid(self) -> int | None:
        """Process id of the fork server; None when there is none."""
        return self._launcher.pid

    def open(self, resize: Callable[[int], None]) -> None:
        """This machine keeps its size."""

    def start(self) -> Worker:
        """A new worker process. Raises CannotStart."""
        return Worker(self._launcher, self._memory_bytes)

    def close(self) -> None:
        """End the fork server, and its workers with it."""
        self._launcher.close()
