"""Long computations of the server itself, done in a worker process so that the server's threads answer meanwhile."""

from __future__ import annotations

from bindery.stopping import Interrupted
from bindery.workers.job import Job, Urgency
from bindery.workers.pool import WorkerPool


class Elsewhere:
    """Takes its turn among scans. ``owner`` names whose computations these are."""

    def __init__(self, pool: WorkerPool, owner: str, seconds: float | None = None) -> None:
        """``seconds``: how long an answer is waited for. All workers may have files before them that take minutes."""
        self._pool = pool
        self._owner = owner
        self._seconds = seconds

    def __call__(self, function: str, body: bytes) -> bytes | None:
        """What a function from bytes to bytes answers, by its name; None when no worker has done it in time."""
        try:
            submission = self._pool.submit([Job(function, body)], urgency=Urgency.SCAN, owner=self._owner)
            taken = submission.take(seconds=self._seconds)
        except Interrupted:
            return None
        if not taken:
            submission.cancel()
            return None
        answer = taken[0].answer
        return answer if isinstance(answer, bytes) else None
