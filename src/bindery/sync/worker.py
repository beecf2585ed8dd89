"""One binding at work: pages of objects become extractions, and extractions commits.

Shared by the full scan, reconciliation and the following of changes. All of it runs in the binding's thread.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec

from bindery.buckets.store import ObjectInfo, Store
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, LedgerEntry, Outcome, Progress, ScanCommit
from bindery.clock import now_ns
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.pool import Interrupted, Pending, Pool
from bindery.sync.books import Books
from bindery.sync.inbox import Inbox
from bindery.sync.outcomes import Settled, settle
from bindery.sync.settings import SyncSettings

_RETRY_SECONDS = 2.0

Known = tuple[ObjectInfo, LedgerEntry | None]
"""An object, and what the ledger said of it before."""


class Worker:
    """What the steps of one binding share."""

    def __init__(
        self,
        binding: Binding,
        store: Store,
        *,
        catalog: Catalog,
        pool: Pool,
        operators: frozenset[Operator],
        settings: SyncSettings,
        stop: threading.Event,
        inbox: Inbox,
    ) -> None:
        self.binding = binding
        self.store = store
        self.catalog = catalog
        self.settings = settings
        self.stop = stop
        self.inbox = inbox
        self.books = Books(binding.progress)
        self._pool = pool
        self._operators = operators
        self._in_flight = 0

    def check_stop(self) -> None:
        """Raises Interrupted when the binding was stopped or the server ends."""
        if self.stop.is_set():
            raise Interrupted

    def live_progress(self) -> Progress:
        """The books at this moment, with the pages that are being extracted as pending."""
        return self.books.with_pending(self._in_flight, self.inbox.oldest())

    def begin(self, objects: Sequence[Known]) -> Page:
        """Start extracting a page of objects."""
        requests = [self._request(info) for info, _ in objects]
        self._in_flight += len(requests)
        return Page(list(objects), self._pool.submit(requests) if requests else None)

    def outcomes(self, page: Page) -> list[Settled]:
        """Wait for a page. Raises Interrupted."""
        try:
            extractions = page.pending.result(self.stop) if page.pending is not None else []
        finally:
            self._in_flight -= len(page.objects)
        now = now_ns()
        settled = [
            settle(
                info,
                before,
                extraction,
                binding_id=self.binding.id,
                uri=f"{self.binding.uri}/{info.key}",
                now=now,
            )
            for (info, before), extraction in zip(page.objects, extractions, strict=True)
        ]
        again = [
            info.key for (info, _), outcome in zip(page.objects, settled, strict=True) if outcome.again
        ]
        self.inbox.add(again, delay=_RETRY_SECONDS)
        return settled

    def drop(self, page: Page) -> None:
        """Forget a page that will not be committed."""
        self._in_flight -= len(page.objects)

    def commit(
        self,
        settled: Sequence[Settled] = (),
        *,
        deleted: Sequence[str] = (),
        cursor: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """One transaction: entries, ledger rows, tombstones, cursor and books."""
        self.catalog.commit(
            ScanCommit(
                binding_id=self.binding.id,
                files=tuple(outcome.write for outcome in settled if outcome.write is not None),
                ledger=tuple(outcome.entry for outcome in settled if outcome.entry is not None),
                deleted_keys=tuple(deleted),
                cursor=cursor,
                progress=progress or self.books.progress,
            )
        )

    def _request(self, info: ObjectInfo) -> ExtractionRequest:
        return ExtractionRequest(
            address=self.store.address, object=info, operators=self._operators, zone=self.settings.zone
        )


class Page(msgspec.Struct):
    """Objects whose extraction is under way."""

    objects: list[Known]
    pending: Pending | None


def count_settled(books: Books, page: Page, settled: Sequence[Settled], *, between_listings: bool) -> None:
    """Enter a page into the books."""
    for (_, before), outcome in zip(page.objects, settled, strict=True):
        if outcome.entry is None:
            continue
        if between_listings:
            books.replaced(before, outcome.entry.outcome, outcome.bytes_read)
        else:
            books.settled(outcome.entry.outcome, outcome.bytes_read)


def is_live(entry: LedgerEntry | None) -> bool:
    """Whether the ledger knows the object as present."""
    return entry is not None and entry.outcome is not Outcome.DELETED
