"""Single keys and prefixes that may have changed: look, compare with the ledger, mend.

Keys are looked up one by one. What is gone is the business of ``vanished.py``.
"""

from __future__ import annotations

import msgspec

from bindery.buckets.store import ObjectInfo, PartlyListed, StoreError
from bindery.catalog.records import LedgerEntry
from bindery.clock import now_ns
from bindery.sync.books import is_live
from bindery.sync.gaps import Gap
from bindery.sync.guard import Gone
from bindery.sync.march import Candidate, has_entry, is_excluded, is_replaced, is_unchanged, march
from bindery.sync.nomedia import is_marker
from bindery.sync.scope import is_listed, list_within, ranges_below, walk_within
from bindery.sync.troubles import code_of
from bindery.sync.vanished import judge_removals, look_at, removable, remove, remove_absent
from bindery.sync.worker import Worker

_BATCH = 256
"""Keys dealt with at once; small, so that the first of many are soon to be found."""
_LOOKUP_PAUSE_SECONDS = 2.0
_LONGEST_LOOKUP_PAUSE_SECONDS = 300.0
_PATIENCE_SECONDS = 10.0
"""A file that is written all the time is read after so long nevertheless."""


class _Decided(msgspec.Struct):
    """What a batch of keys comes to."""

    objects: list[Candidate] = []
    """To be extracted."""
    excluded: list[Candidate] = []
    gone: list[str] = []
    forgotten: list[str] = []
    """Gone objects that have no entry."""
    later: set[str] = set()
    """Keys of objects that were under way already; they are dealt with when those are committed."""


def process_changes(worker: Worker) -> None:
    """Deal with the prefixes in the inbox and with a batch of the keys that are due. Objects that are to be extracted
    are under way afterwards, and their keys wait in the inbox until they are committed.

    What could not be dealt with stays in the inbox. Raises StoreError, Interrupted, CatalogError.
    """
    prefixes = worker.inbox.take_prefixes()
    if prefixes:
        try:
            _process_prefixes(worker, prefixes)
        except BaseException:
            worker.inbox.add_prefixes(prefixes)
            raise
    keys = worker.inbox.take(min(_BATCH, worker.pipeline.underway.room(is_awaited=True)))
    if keys:
        try:
            later = _process_keys(worker, keys)
        except BaseException:
            worker.inbox.add(keys)
            raise
        worker.inbox.done([key for key in keys if key not in later])
    if not worker.removals.seconds_left(1.0):
        judge_removals(worker)


def _process_keys(worker: Worker, keys: list[str]) -> set[str]:
    """Returns the keys that are not dealt with before what is under way is committed."""
    worker.check_stop()
    worker.pipeline.flush()  # so that the rows tell of everything that is not under way
    keys = [key for key in keys if is_listed(worker.binding.scope, key)]
    keys.sort(key=is_marker, reverse=True)  # what marks a folder is known before what lies in it
    answers = look_at(worker, keys)
    rows = worker.catalog.ledger.get(worker.binding.id, keys)
    decided = _Decided()
    for key, answer in zip(keys, answers, strict=True):
        row = rows.get(key)
        try:
            _decide(worker, decided, key, answer, row)
        except Exception as error:
            worker.pipeline.fail_unseen(key, row, error)
    worker.pipeline.flush()  # before these keys count as dealt with
    _settle(worker, decided)
    waiting = {key for key in keys if key in worker.removals}
    return decided.later | waiting | {info.key for info, _ in decided.objects}


def _decide(
    worker: Worker,
    decided: _Decided,
    key: str,
    answer: ObjectInfo | Exception | None,
    row: LedgerEntry | None,
) -> None:
    """Raises whatever is wrong with this one object."""
    if isinstance(answer, Exception):
        _decide_unseen(worker, key, answer, row)
        return
    extracting = worker.pipeline.underway.get(key)
    if extracting is not None:
        if answer is not None and extracting.is_version(answer):
            worker.pipeline.underway.await_(extracting)
            decided.later.add(key)
            return
        worker.pipeline.supersede(key)
    if answer is not None:
        worker.removals.forget([key])
    if answer is None:
        if has_entry(row):
            decided.gone.append(key)
        elif is_live(row):
            decided.forgotten.append(key)
    elif worker.within is not None and not worker.within(answer):
        if not is_excluded(answer, row):
            decided.excluded.append(Candidate(answer, row))
    else:
        _decide_present(worker, decided, Candidate(answer, row))


def _decide_present(worker: Worker, decided: _Decided, candidate: Candidate) -> None:
    info, row = candidate
    if row is not None and is_unchanged(info, row) and not code_of(row) and not is_replaced(info, row):
        return
    pause = 0.0 if worker.inbox.age(info.key) >= _PATIENCE_SECONDS else worker.unsettled_seconds(info)
    if not pause and row is not None and code_of(row):
        # a change may be the end of its trouble, but not of each at once
        pause = max(0.0, _LOOKUP_PAUSE_SECONDS - (now_ns() - row.outcome_time) / 1e9)
    if pause:
        worker.inbox.add([info.key], delay=pause)
    else:
        decided.objects.append(candidate)


def _decide_unseen(worker: Worker, key: str, error: Exception, row: LedgerEntry | None) -> None:
    """An object that could not be looked up: what the store refuses is asked again, less and less often."""
    if isinstance(error, PartlyListed):
        return  # the next listing tells of it
    if not isinstance(error, StoreError):
        raise error
    pause = max(_LOOKUP_PAUSE_SECONDS, min(worker.inbox.age(key), _LONGEST_LOOKUP_PAUSE_SECONDS))
    worker.inbox.add([key], delay=pause)


def _settle(worker: Worker, decided: _Decided) -> None:
    """Removals come first, for they make room; many come last, when what was renamed is known by its new key."""
    if len(decided.gone) <= worker.settings.guard_count:
        decided.gone = removable(worker, decided.gone)
        _apply(worker, decided)
    else:
        gone, decided.gone = decided.gone, []
        _apply(worker, decided)
        worker.pipeline.finish_changes()
        _apply(worker, _Decided(gone=removable(worker, gone)))


def _process_prefixes(worker: Worker, prefixes: list[str]) -> None:
    """Removals come last, when what was moved from one prefix to another is known there. Nothing is removed below a
    gap, of which the next reconciliation tells."""
    gone = Gone()
    try:
        for prefix in prefixes:
            _list_prefix(worker, prefix, gone)
        if gone.count:
            worker.pipeline.finish_changes()
        for keys in gone.pages():
            remove_absent(worker, removable(worker, keys))
    finally:
        gone.close()


def _list_prefix(worker: Worker, prefix: str, gone: Gone) -> None:
    ranges = ranges_below(worker.binding.scope, prefix)
    gap = Gap()
    worker.pipeline.flush()  # so that the rows tell of everything that is not under way
    listing = gap.passing(list_within(worker.store, ranges))
    ledger = walk_within(worker.catalog, worker.binding.id, ranges)
    for step in march(listing, ledger, worker.within):
        worker.check_stop()
        gone.add(step.gone)
        decided = _Decided(excluded=step.excluded, forgotten=step.forgotten)
        for candidate, error in step.unclear:
            worker.pipeline.fail(candidate, error)
        new = (Candidate(info, None) for info in step.new)
        for candidate in (*new, *step.changed, *step.troubled):
            _decide_listed(worker, decided, candidate)
        _apply(worker, decided)
    gap.leave_out(gone)


def _decide_listed(worker: Worker, decided: _Decided, candidate: Candidate) -> None:
    key = candidate.info.key
    extracting = worker.pipeline.underway.get(key)
    if extracting is not None and extracting.is_version(candidate.info):
        return
    worker.pipeline.supersede(key)
    pause = worker.unsettled_seconds(candidate.info)
    if pause:
        worker.inbox.add([key], delay=pause)
    else:
        decided.objects.append(candidate)


def _apply(worker: Worker, decided: _Decided) -> None:
    remove(worker, decided.gone, decided.forgotten)
    if decided.excluded:
        worker.pipeline.exclude(decided.excluded)
        worker.pipeline.flush()
    worker.pipeline.take_in(decided.objects)
