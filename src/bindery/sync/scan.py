"""Complete listings: the full scan, which resumes from its cursor, and reconciliation.

Both march the listing and the ledger in lock step. Pages are extracted while earlier ones are committed, and
changes are dealt with meanwhile. Nothing is removed before the listing is complete and the deletion guard agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from bindery.buckets.inventory.staging import Staged
from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import Binding, Outcome
from bindery.clock import now_ns
from bindery.sync.adoption import adopt_entries
from bindery.sync.books import begin_listing, finish_listing
from bindery.sync.gaps import Gap
from bindery.sync.guard import Gone, Refusal, refusal, refuse_below
from bindery.sync.held_back import MOST_KEYS, HeldBack, sample
from bindery.sync.inventories import list_inventory
from bindery.sync.march import Candidate, Step, is_unchanged, march
from bindery.sync.outcomes import seconds_to_next_try
from bindery.sync.scope import list_within, walk_within
from bindery.sync.vanished import remove_absent
from bindery.sync.worker import Worker

_EVENTS_NS = 60 * 1_000_000_000
"""Events have come by then."""
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


def full_scan(worker: Worker, inventory: Staged | None = None) -> bool:
    """Scan from the binding's cursor to the end, by an inventory where there is one; the cursor moves with every
    commit.

    False when it did not begin at the start. Then it has not compared the keys before its cursor, and has
    removed nothing: the caller reconciles after it. The same holds when there is something to remove, and of an
    inventory, which knows nothing of what came after it.
    """
    cursor = worker.catalog.bindings.get_by_id(worker.binding.id).cursor or ""
    if not cursor:
        adopt_entries(worker)
        _drop_outside(worker)
        worker.books = begin_listing(worker.books)
    gone = Gone()
    try:
        counts = _scan(worker, cursor, gone, keep_cursor=True, inventory=inventory)
        whole = not cursor and not gone.count and counts.gap.error is None and inventory is None
    finally:
        gone.close()
    if whole:
        worker.books = finish_listing(worker.books, now_ns())
    worker.commits.commit(cursor="")
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
        if gone.count:
            worker.pipeline.finish_changes()  # what was renamed is known by its new key then
        if worker.removals:  # changes have told of these, and they are judged when all of them have
            gone.keep(lambda key: key not in worker.removals)
        held = _hold_back(worker, gone, counts, said or worker.binding)
        if held is None or held.below:
            held = _both(held, _remove(worker, gone, began))
        held = _with_gap(held, counts.gap)
        if held is None:
            worker.books = finish_listing(worker.books, now_ns())
    finally:
        gone.close()
    worker.commits.commit()
    _purge(worker)
    return held


def reconcile_by_inventory(worker: Worker, inventory: Staged) -> bool:
    """Compare an inventory with the ledger, and read what has changed until it was written.

    False when it lacks more than one listing may remove, of which nothing was removed then: it may list a part of
    the bucket, and only a listing can tell.
    """
    _drop_outside(worker)
    worker.books = begin_listing(worker.books)
    gone = Gone()
    try:
        counts = _scan(worker, "", gone, keep_cursor=False, inventory=inventory)
        if worker.removals:
            gone.keep(lambda key: key not in worker.removals)
        few = refusal(gone.count, counts.known, counts.listed, worker.settings, mounted=False) is None
        for keys in gone.pages() if few else ():
            remove_absent(worker, keys)
            worker.attend()
    finally:
        gone.close()
    worker.commits.commit()
    _purge(worker)
    return few


def _hold_back(worker: Worker, gone: Gone, counts: _Counts, said: Binding) -> Refusal | None:
    """Why something of what is ``gone`` may not be removed. What was held back below a prefix is left out of it."""
    total, allowed = gone.count, 0
    folder = worker.store.capabilities.listing_free
    vanishing = worker.vanishing(said) if folder and counts.listed and total else None
    held, shown = None, None
    if vanishing is not None:
        subtrees = vanishing.find(gone)
        held = refuse_below(
            subtrees, confirmed=said.removals_confirmed, confirmed_below=said.removals_below
        )
        if held is None:
            allowed = sum(subtree.gone for subtree in subtrees)
        else:
            shown = sample(gone, held.below)
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
    # Once all is known: while a listing runs, what the one before has held back is shown.
    worker.held_back = shown if whole is None else _all_held_back(gone, shown)
    if whole is None:
        return held
    return Refusal(total, whole.reason if held is None else f"{held.reason}; {whole.reason}")


def _all_held_back(gone: Gone, below: HeldBack | None) -> HeldBack:
    """What is left of ``gone``, and what was taken out of it before."""
    rest = sample(gone, ())
    if below is None:
        return rest
    half = MOST_KEYS // 2
    return HeldBack(
        below.count + rest.count,
        (*below.keys[: MOST_KEYS - min(half, len(rest.keys))], *rest.keys[:half]),
        (*below.folders, *rest.folders),
    )


def _both(held: Refusal | None, problem: Refusal | None) -> Refusal | None:
    if held is None or problem is None:
        return held or problem
    return Refusal(held.count, f"{held.reason}; {problem.reason}", held.below)


def _scan(
    worker: Worker, cursor: str, gone: Gone, *, keep_cursor: bool, inventory: Staged | None = None
) -> _Counts:
    worker.begin_listing()
    worker.found_alone, began = 0, now_ns()
    counts = _Counts(Gap())
    if inventory is None:
        listing, since = list_within(worker.store, worker.prefixes, cursor), None
    else:
        listing, since = list_inventory(worker, inventory, cursor), inventory.manifest.created_ns
    ledger = walk_within(worker.catalog, worker.binding.id, worker.prefixes, cursor)
    for step in march(_attended(worker, counts.gap.passing(listing)), ledger, worker.within, since):
        worker.check_stop()
        counts.listed += step.listed
        counts.known += step.known
        worker.found_alone += _found_alone(step, began)
        gone.add(step.gone)
        _forget(worker, step.forgotten)
        page = worker.pipeline.open_page(step.last_key, keep_cursor=keep_cursor)
        for candidate, error in step.unclear:
            worker.pipeline.fail(candidate, error, page)
        worker.pipeline.exclude(step.excluded, page)
        worker.pipeline.take_in(_to_extract(worker, step, wait=keep_cursor), page)
        worker.pipeline.advance(0.0)
        worker.attend()
    worker.pipeline.finish()
    worker.troubles.end_listing()
    if not cursor and counts.gap.error is None and inventory is None:
        worker.exclusions.end_listing()
    return counts


def _attended(worker: Worker, pages: Iterable[list[ObjectInfo]]) -> Iterator[list[ObjectInfo]]:
    """The pages with objects; in place of the others changes are dealt with."""
    for page in pages:
        if page:
            yield page
        else:
            worker.check_stop()
            worker.attend()


def _found_alone(step: Step, began: int) -> int:
    """Changes of a step that events, had they come, would have told of before the listing began."""
    told = began - _EVENTS_NS
    objects = [*step.new, *(candidate.info for candidate in step.changed)]
    return len(step.gone) + sum(info.modified_ns < told for info in objects)


def _forget(worker: Worker, keys: list[str]) -> None:
    """Objects outside the scope that are gone, unless a change has told otherwise since the ledger was read."""
    if keys:
        rows = worker.catalog.ledger.get(worker.binding.id, keys)
        outside = [key for key, row in rows.items() if row.outcome is Outcome.EXCLUDED]
        worker.commits.commit(dropped=outside)


def _with_gap(held: Refusal | None, gap: Gap) -> Refusal | None:
    """A listing with a gap is not complete, whatever else it brought."""
    if gap.error is None:
        return held
    problem = f"PartlyListed: {gap.error}"
    if held is None:
        return Refusal(0, problem, partly=True)
    return Refusal(held.count, f"{problem}; {held.reason}", partly=True)


def _drop_outside(worker: Worker) -> None:
    """Forget what lies outside all prefixes, as after a change of the scope; the guard has no say here."""
    if worker.prefixes == ("",):
        return
    for entries in worker.catalog.ledger.walk_outside(worker.binding.id, worker.prefixes):
        worker.commits.commit(dropped=[entry.key for entry in entries])


def _to_extract(worker: Worker, step: Step, *, wait: bool) -> list[Candidate]:
    """The objects of a step that are to be extracted now; the others are looked at again later.

    The full scan waits for files that were just written, so that nothing is missing when it is done.
    """
    now = now_ns()
    wanted = _to_retry(worker, step, now)
    for candidate in [*(Candidate(info, None) for info in step.new), *step.changed]:
        pause = seconds_to_next_try(candidate, now)
        if not pause and not wait:
            pause = worker.unsettled_seconds(candidate.info)
        if pause:
            worker.inbox.add([candidate.info.key], delay=pause)
        else:
            wanted.append(candidate)
    if wait and (pause := max((worker.unsettled_seconds(info) for info, _ in wanted), default=0.0)):
        worker.rest(pause)
    return wanted


def _to_retry(worker: Worker, step: Step, now: int) -> list[Candidate]:
    """Objects that failed for a reason outside of them: a listing tries so many again as it may."""
    for candidate in (*step.troubled, *step.changed):
        if candidate.row is not None:
            worker.troubles.note(candidate.row)
    return [
        candidate
        for candidate in step.troubled
        if not seconds_to_next_try(candidate, now) and worker.pipeline.spend_retry()
    ]


def _purge(worker: Worker) -> None:
    """Forget what removed entries left, once their grace is over."""
    before = now_ns() - int(worker.settings.tombstone_grace * 1e9)
    while worker.catalog.tombstones.purge(worker.binding.id, before=before, limit=_PURGED) == _PURGED:
        worker.check_stop()


def _remove(worker: Worker, gone: Gone, began: int) -> Refusal | None:
    """Remove what the listing that ``began`` then rightly lacks; returns whether it lacks too much."""
    lacking = 0
    for keys in gone.pages():
        lacking += _count_there_throughout(worker, remove_absent(worker, keys), began)
        worker.attend()
    return Refusal(0, _LACKING.format(lacking)) if lacking else None


def _count_there_throughout(worker: Worker, present: list[ObjectInfo], began: int) -> int:
    """How many of the objects that a listing lacks were there while it ran, so that it is not to be believed. Files may
    be moved away and back for a while."""
    if not present or worker.store.capabilities.listing_free:
        return 0
    ledger = worker.catalog.ledger.get(worker.binding.id, [info.key for info in present])
    rows = ((info, ledger[info.key]) for info in present if info.key in ledger)
    return sum(
        is_unchanged(info, row) and info.modified_ns == row.modified_ns and row.outcome_time < began
        for info, row in rows
    )
