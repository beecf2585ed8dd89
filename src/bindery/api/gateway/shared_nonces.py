"""Nonces of a record that servers share: those of calls that come at the same time are told to it together.

While one statement is under way the next calls gather, so that a call by itself waits for one round trip, and many
calls for as few as the record takes. Each statement begins after its calls have come: the version of access that it
reads is as new as they are.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from contextvars import Context
from functools import partial

from bindery.access.nonce_file import use_of
from bindery.api.gateway.authentication import Proof
from bindery.api.gateway.work import Turn, WorkPool
from bindery.catalog.interface.nonces import NonceUse, SharedNonces
from bindery.catalog.records import CatalogUnusable

_MOST_AT_ONCE = 512
_ANSWER_SECONDS = 10.0
"""How long a call waits for the record. A machine that has stalled acknowledges packets and answers nothing."""
_NOBODY = Turn("")


class NonceBatches:
    """For the thread of one event loop."""

    def __init__(self, record: SharedNonces, seconds: float = _ANSWER_SECONDS) -> None:
        self._record = record
        self.seconds = seconds
        self.pool = WorkPool("nonces", threads=1, waiting=1)
        self._waiting: dict[NonceUse, Future[int | None]] = {}
        self._task: Task[None] | None = None

    async def use(self, proof: Proof) -> int | None:
        """The version of who may do what, read just now; None when some server has taken the same request before.

        This server has looked for itself, so that no two calls that wait have the same nonce. Raises CatalogUnusable,
        CatalogUnwritable, ApiError: then nothing is known, and the call must be refused.
        """
        use = _shared_use(proof)
        loop = asyncio.get_running_loop()
        answer: Future[int | None] = loop.create_future()
        self._waiting[use] = answer
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._tell(), context=Context())
        try:
            async with asyncio.timeout(self.seconds):
                return await answer
        except TimeoutError:
            self._waiting.pop(use, None)
            raise CatalogUnusable(
                f"PostgreSQL, which keeps the record, has not answered for {self.seconds:g} seconds; see what keeps it "
                "busy. All goes on by itself"
            ) from None

    async def _tell(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                taken = await self.pool.run(_NOBODY, partial(self._record.take, batch.keys()))
            except Exception as error:
                for answer in batch.values():
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for use, answer in batch.items():
                if not answer.done():
                    answer.set_result(taken.access_version if use in taken.new else None)

    def _next_batch(self) -> dict[NonceUse, Future[int | None]]:
        if len(self._waiting) <= _MOST_AT_ONCE:
            batch, self._waiting = self._waiting, {}
            return batch
        return {use: self._waiting.pop(use) for use in list(self._waiting)[:_MOST_AT_ONCE]}


def _shared_use(proof: Proof) -> NonceUse:
    key_id = proof.identity.key_id
    digest = use_of(key_id, key_id, proof.nonce).digest
    return NonceUse(int.from_bytes(digest, signed=True), proof.expires)
