"""What keeps the server from answering as it should, in words for operators."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bindery.catalog.interface.nonces import NonceUse
from bindery.catalog.records import CatalogError

if TYPE_CHECKING:
    from bindery.api.gateway.gateway import Gateway

_DIGEST_BITS = 63


class Readiness:
    """Asked by ``/readyz``."""

    def __init__(self, gateway: Gateway) -> None:
        self._context = gateway.context
        self._nonce = secrets.randbits(_DIGEST_BITS)
        self._task: asyncio.Task[list[tuple[str, str]]] | None = None
        self.is_open = False
        """Whether requests are taken."""

    async def problems(self, *, figures: bool = False) -> list[str]:
        """One sentence each, with ``figures`` about datasets or without; none when all is well.

        Looked up once for all who ask at the same time.
        """
        if not self.is_open:
            return ["The server does not take requests."]
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(asyncio.to_thread(lambda: list(self._find())))
        found = await asyncio.shield(self._task)
        return [problem + (more if figures else "") for problem, more in found]

    def _find(self) -> Iterator[tuple[str, str]]:
        """Sentences, and what is added to them in figures."""
        problem = self._context.nonces.find_problem()
        if problem:
            yield problem, ""
        if self._context.audit_log.problem:
            yield self._context.audit_log.problem, ""
        unwritable = self._context.catalog.problem
        if unwritable:
            yield f"Nothing can be written: {unwritable}.", ""
        try:
            self._context.catalog.projects.list(limit=1)
            self._take_nonce()
        except CatalogError as error:
            yield f"The catalog cannot be used: {error}.", ""
        else:
            yield from self._indexes()

    def _take_nonce(self) -> None:
        """As each call does where servers share the record: when that fails all calls are refused. Always the same, so
        that it makes no difference how often somebody asks. Raises CatalogUnusable."""
        nonces = self._context.catalog.servers.nonces
        if nonces is not None:
            nonces.take([NonceUse(self._nonce, int(time.time()))])

    def _indexes(self) -> Iterator[tuple[str, str]]:
        """An index that is being built answers no queries; that of a single dataset keeps no other from them."""
        if self._context.catalog.queries.ready:
            return
        building = self._context.catalog.queries.progress()
        done, total = sum(index.done for index in building), sum(index.total for index in building)
        of = f" of {total}" if total else ""
        where = f" {done}{of} entries in {len(building)} datasets are done."
        yield "The index is being built; queries that need it are answered after that.", where
