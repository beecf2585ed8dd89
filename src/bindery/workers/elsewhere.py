"""Long computations of the server itself, done in a worker process so that the server's threads answer meanwhile."""

from __future__ import annotations

from bindery.stopping import Interrupted
from bindery.workers.job import Job, Urgency
from bindery.workers.pool import WorkerPool


class Elsewhere:
    """Takes its turn among scans. ``owner`` names whose computations these are."""

    def __init__(self, pool: WorkerPool, owner: str) -> None:
        self._pool = pool
        self._owner = owner

    def __call__(self, function: str, body: bytes) -> bytes | None:
        """What a function from bytes to bytes answers, by its name; None when no worker has done it."""
        try:
            taken = self._pool.submit([Job(function, body)], urgency=Urgency.SCAN, owner=self._owner).take()
        except Interrupted:
            return None
        answer = taken[0].answer
        return answer if isinstance(answer, bytes) else None
