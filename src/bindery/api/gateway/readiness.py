"""What keeps the server from answering as it should, in words for operators."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bindery.catalog.records import CatalogError

if TYPE_CHECKING:
    from bindery.api.gateway.gateway import Gateway


class Readiness:
    """Asked by ``/readyz``."""

    def __init__(self, gateway: Gateway) -> None:
        self._context = gateway.context
        self._task: asyncio.Task[list[str]] | None = None
        self.is_open = False
        """Whether requests are taken."""

    async def problems(self) -> list[str]:
        """One sentence each; none when all is well. Looked up once for all who ask at the same time."""
        if not self.is_open:
            return ["The server does not take requests."]
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(asyncio.to_thread(lambda: list(self._find())))
        return await asyncio.shield(self._task)

    def _find(self) -> Iterator[str]:
        problem = self._context.nonces.find_problem()
        if problem:
            yield problem
        unwritable = self._context.catalog.problem
        if unwritable:
            yield f"Nothing can be written: {unwritable}."
        try:
            self._context.catalog.projects.list(limit=1)
        except CatalogError as error:
            yield f"The catalog cannot be used: {error}."
