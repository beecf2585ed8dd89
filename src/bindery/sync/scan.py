"""Complete listings: the full scan, which resumes from its cursor, and reconciliation.

Both march the listing and the ledger in lock step. Pages are extracted while earlier ones are committed.
Nothing is removed before the listing is complete and the deletion guard agrees.
"""

from __future__ import annotations

from collections import deque

import msgspec

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import Binding
from bindery.clock import now_ns
from bindery.sync.adoption import adopt_entries
from bindery.sync.books import begin_listing, finish_listing
from bindery.sync.changed import remove_absent
from bindery.sync.gaps import Gap
from bindery.sync.guard import Gone, Refusal, refusal, refuse_below
from bindery.sync.march import Step, is_unchanged, march
from bindery.sync.outcomes import Known, seconds_to_next_try
from bindery.sync.scope import list_within, walk_within
from bindery.sync.worker import Page, Worker

_PAGES_AHEAD = 2
_PURGED = 500
"""Tombstones forgotten in one transaction."""
_LACKING = (
    "PartlyListed: the last listing ended without {} objects that the store has; they stay, and what else it "
    "left out is found by the next complete listing"
)


class _Counts(msgspec.Struct):
    gap: Gap
    listed: int = 0
    known: int = 0


def full_scan(worker: Worker) -> bool:
    """Scan from the binding's cursor to the end; the cursor moves with every commit.

    False when it did not begin at the start. Then it has not compared the keys before its cursor, and has
    removed nothing: the caller reconciles after it. The same holds when there is something to remove.
    """
    cursor = worker.catalog.bindings.get_by_id(worker.binding.id).cursor or ""
    if not cursor:
        adopt_entries(worker)
        _drop_outside(worker)
        worker.books = begin_listing(worker.books)
    gone = Gone()
    try:
        counts = _scan(worker, cursor, gone, keep_cursor=True)
        whole = not cursor and not gone.count and counts.gap.error is None
    finally:
        gone.close()
    if whole:
        worker.books = finish_listing(worker.books, now_ns())
    worker.commit(cursor="")
    return whole


def reconcile(worker: Worker, said: Binding | None = None) -> Refusal | None:
    """Compare the whole bucket with the ledger and mend what differs.

    Returns why removals were held back or the listing is not believed, None when all is well. ``said``: the binding
    as it is now, with what its caller has confirmed.
    """
    _drop_outside(worker)
    worker.books = begin_listing(worker.books)
    began = now_ns()
    gone = Gone()
    try:
        counts = _scan(worker, "", gone, keep_cursor=False)
        counts.gap.leave_out(gone)
        held = _hold_back(worker, gone, counts, said or worker.binding)
        if held is None or held.below:
            held = _both(held, _remove(worker, gone, began))
        held = _with_gap(held, counts.gap)
        if held is None:
            worker.books = finish_listing(worker.books, now_ns())
    finally:
        gone.close()
    worker.commit()
    _purge(worker)
    return held


def _hold_back(worker: Worker, gone: Gone, counts: _Counts, said: Binding) -> Refusal | None:
    """Why something of what is ``gone`` may not be removed. What was held back below a prefix is left out of it."""
    total, allowed = gone.count, 0
    folder = worker.store.capabilities.listing_free
    vanishing = worker.vanishing(said) if folder and counts.listed and total else None
    held = None
    if vanishing is not None:
        subtrees = vanishing.find(gone)
        held = refuse_below(
            subtrees, confirmed=said.removals_confirmed, confirmed_below=said.removals_below
        )
        if held is None:
            allowed = sum(subtree.gone for subtree in subtrees)
        else:
            gone.leave_out(held.below)

    def refuse(count: int) -> Refusal | None:
        return refusal(
            count,
            counts.known,
            counts.listed,
            worker.settings,
            mounted=folder,
            moved=said.moved,
            confirmed=said.removals_confirmed - allowed,
        )

    whole = refuse(gone.count - allowed)
    if whole is not None and vanishing is not None and not said.moved:
        whole = refuse(gone.count - allowed - vanishing.count_renamed(gone))
    if whole is None:
        return held
    return Refusal(total, whole.reason if held is None else f"{held.reason}; {whole.reason}")


def _both(held: Refusal | None, problem: Refusal | None) -> Refusal | None:
    if held is None or problem is None:
        return held or problem
    return Refusal(held.count, f"{held.reason}; {problem.reason}", held.below)


def _scan(worker: Worker, cursor: str, gone: Gone, *, keep_cursor: bool) -> _Counts:
    worker.cap = None
    worker.mounts = worker.store.mounts()
    counts = _Counts(Gap())
    pages: deque[tuple[Page, str | None]] = deque()
    listing = list_within(worker.store, worker.prefixes, cursor)
    ledger = walk_within(worker.catalog, worker.binding.id, worker.prefixes, cursor)
    try:
        for step in march(counts.gap.passing(listing), ledger, worker.within):
            worker.check_stop()
            worker.meanwhile()
            counts.listed += step.listed
            counts.known += step.known
            gone.add(step.gone)
            if step.forgotten:
                worker.commit(dropped=step.forgotten)
            page = worker.begin(_to_extract(worker, step, wait=keep_cursor), step.excluded)
            pages.append((page, step.last_key if keep_cursor else None))
            if len(pages) > _PAGES_AHEAD:
                _finish_first(worker, pages)
        while pages:
            _finish_first(worker, pages)
    finally:
        for page, _ in pages:
            worker.drop(page)
    return counts


def _with_gap(held: Refusal | None, gap: Gap) -> Refusal | None:
    """A listing with a gap is not complete, whatever else it brought."""
    if gap.error is None:
        return held
    problem = f"PartlyListed: {gap.error}"
    return Refusal(0, problem) if held is None else Refusal(held.count, f"{problem}; {held.reason}")


def _drop_outside(worker: Worker) -> None:
    """Forget what lies outside all prefixes, as after a change of the scope; the guard has no say here."""
    if worker.prefixes == ("",):
        return
    for entries in worker.catalog.ledger.walk_outside(worker.binding.id, worker.prefixes):
        worker.commit(dropped=[entry.key for entry in entries])


def _finish_first(worker: Worker, pages: deque[tuple[Page, str | None]]) -> None:
    page, cursor = pages.popleft()
    worker.finish(page, cursor=cursor)


def _to_extract(worker: Worker, step: Step, *, wait: bool) -> list[Known]:
    """The objects of a step that are to be extracted now; the others are looked at again later.

    The full scan waits for files that were just written, so that nothing is missing when it is done.
    """
    objects: list[Known] = [*((info, None) for info in step.new), *step.changed]
    now = now_ns()
    wanted: list[Known] = []
    for known in objects:
        pause = seconds_to_next_try(known, now)
        if not pause and not wait and worker.is_unsettled(known[0]):
            pause = worker.settings.settle_time
        if pause:
            worker.inbox.add([known[0].key], delay=pause)
        else:
            wanted.append(known)
    if wait and any(worker.is_unsettled(info) for info, _ in wanted):
        worker.rest(worker.settings.settle_time)
    return wanted


def _purge(worker: Worker) -> None:
    """Forget what removed entries left, once their grace is over."""
    before = now_ns() - int(worker.settings.tombstone_grace * 1e9)
    while worker.catalog.tombstones.purge(worker.binding.id, before=before, limit=_PURGED) == _PURGED:
        worker.check_stop()


def _remove(worker: Worker, gone: Gone, began: int) -> Refusal | None:
    """Remove what the listing that ``began`` then rightly lacks; returns whether it lacks too much."""
    lacking = 0
    for keys in gone.pages():
        lacking += _count_unmoved(worker, remove_absent(worker, keys), began)
        worker.meanwhile()
    return Refusal(0, _LACKING.format(lacking)) if lacking else None


def _count_unmoved(worker: Worker, present: list[ObjectInfo], began: int) -> int:
    """How many of the objects have been there all the time. Files may be moved away and back for a while."""
    if not present or worker.store.capabilities.listing_free:
        return 0
    ledger = worker.catalog.ledger.get(worker.binding.id, [info.key for info in present])
    rows = ((info, ledger[info.key]) for info in present if info.key in ledger)
    return sum(
        is_unchanged(info, row) and info.modified_ns == row.modified_ns and row.outcome_time < began
        for info, row in rows
    )
