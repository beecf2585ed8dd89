"""Complete listings: the full scan, which resumes from its cursor, and reconciliation.

Both march the listing and the ledger in lock step. Pages are extracted one ahead of the commit. Nothing is
removed before the listing is complete and the deletion guard agrees.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bindery.catalog.records import LedgerEntry
from bindery.clock import now_ns
from bindery.sync.books import Books
from bindery.sync.guard import Gone, refusal
from bindery.sync.march import Step, march
from bindery.sync.worker import Page, Worker, count_settled

_PAGES_AHEAD = 2


class _Waiting(msgspec.Struct):
    """A step whose extraction is under way."""

    step: Step
    page: Page


def full_scan(worker: Worker) -> bool:
    """Scan from the binding's cursor to the end. True when it began at the start.

    A resumed scan has not compared the keys before its cursor: the caller reconciles after it.
    """
    binding = worker.catalog.get_binding_by_id(worker.binding.id)
    cursor = binding.cursor or ""
    worker.books = Books(binding.progress)
    if not cursor:
        worker.books.begin_listing()
    with_gone = _scan(worker, cursor, worker.books, keep_cursor=True)
    worker.books.finish_listing(now_ns())
    worker.commit(cursor="")
    return with_gone is None and not cursor


def reconcile(worker: Worker) -> str | None:
    """Compare the whole bucket with the ledger and mend what differs.

    Returns why the deletion guard held back removals, None when it did not.
    """
    books = Books(worker.books.progress)
    books.begin_listing()
    held = _scan(worker, "", books, keep_cursor=False)
    books.finish_listing(now_ns())
    if books.progress != worker.books.progress:
        worker.books = books
        worker.commit()
    return held


def _scan(worker: Worker, cursor: str, books: Books, *, keep_cursor: bool) -> str | None:
    gone = Gone()
    waiting: list[_Waiting] = []
    known = 0
    try:
        for step in _steps(worker, cursor):
            worker.check_stop()
            known += len(step.changed) + len(step.unchanged) + len(step.gone)
            gone.add(step.gone)
            objects = [(info, None) for info in step.new] + list(step.changed)
            waiting.append(_Waiting(step, worker.begin(objects)))
            if len(waiting) > _PAGES_AHEAD:
                _commit(worker, waiting.pop(0), books, keep_cursor=keep_cursor)
        while waiting:
            _commit(worker, waiting.pop(0), books, keep_cursor=keep_cursor)
        return _remove(worker, gone, known, books)
    finally:
        for entry in waiting:
            worker.drop(entry.page)
        gone.close()


def _steps(worker: Worker, cursor: str) -> Iterator[Step]:
    listing = worker.store.list(start_after=cursor)
    return march(listing, _ledger(worker, cursor))


def _ledger(worker: Worker, cursor: str) -> Iterator[list[LedgerEntry]]:
    return worker.catalog.walk_ledger(worker.binding.id, after=cursor)


def _commit(worker: Worker, waiting: _Waiting, books: Books, *, keep_cursor: bool) -> None:
    step = waiting.step
    settled = worker.outcomes(waiting.page)
    count_settled(books, waiting.page, settled, between_listings=False)
    books.found_unchanged(step.unchanged)
    if keep_cursor:
        worker.commit(settled, cursor=step.last_key)
    elif settled:
        count_settled(worker.books, waiting.page, settled, between_listings=True)
        worker.commit(settled)


def _remove(worker: Worker, gone: Gone, known: int, books: Books) -> str | None:
    if not gone.count:
        return None
    held = refusal(gone.count, known, worker.settings)
    if held is not None:
        return held
    for keys in gone.pages():
        worker.check_stop()
        remove_keys(worker, keys, books)
    return None


def remove_keys(worker: Worker, keys: list[str], books: Books) -> None:
    """Remove the entries of objects that a complete listing no longer has."""
    rows = worker.catalog.get_ledger(worker.binding.id, keys)
    if books is not worker.books:
        for row in rows.values():
            worker.books.deleted(row)
    books.removed(len(rows))
    worker.commit(deleted=list(rows))
