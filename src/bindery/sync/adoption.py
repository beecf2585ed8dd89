"""Entries that an earlier binding of the same bucket left in the dataset.

DeleteBinding leaves them, as the vendor documents. A new binding takes them into its ledger before its first
listing, of no version it knows: what the bucket has is extracted again, and what it lacks is removed as any
other deletion, by leave of the deletion guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from bindery.catalog.records import FileSummary, LedgerEntry, Outcome
from bindery.clock import now_ns
from bindery.sync.outcomes import Result, landing_of
from bindery.sync.worker import Worker


def adopt_entries(worker: Worker) -> None:
    """Give ledger rows to entries that a binding made which is no more. May be repeated."""
    prefix = f"{worker.binding.uri}/"
    for page in worker.catalog.files.walk(worker.binding.dataset_id, prefix):
        left = [entry for entry in page if entry.binding_id not in (None, worker.binding.id)]
        if left:
            _adopt(worker, [(entry.uri.removeprefix(prefix), entry) for entry in left])


def _adopt(worker: Worker, left: Sequence[tuple[str, FileSummary]]) -> None:
    known = worker.catalog.ledger.get(worker.binding.id, [key for key, _ in left])
    now = now_ns()
    rows = [
        LedgerEntry(
            key=key,
            etag="",
            size=entry.size,
            modified_ns=0,
            outcome=Outcome.INDEXED,
            seen_time=now,
            outcome_time=now,
        )
        for key, entry in left
        if key not in known
    ]
    worker.commits.commit([landing_of(Result(row), None) for row in rows])
