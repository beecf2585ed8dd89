"""Single keys and prefixes that may have changed: look, compare with the ledger, mend.

Keys are looked up one by one: a removal follows only when the object was asked for and is not there while its bucket
is. Many removals wait until it shows whether they belong together (``removals.py``); then the next listing and its
deletion guard decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

import msgspec

from bindery.buckets.store import BucketNotFound, ObjectInfo, PartlyListed, Store, StoreError
from bindery.catalog.records import LedgerEntry
from bindery.clock import now_ns
from bindery.sync.books import is_live
from bindery.sync.gaps import Gap
from bindery.sync.guard import Gone
from bindery.sync.lookups import look, look_as_listed, look_up_all
from bindery.sync.march import Candidate, has_entry, is_excluded, is_unchanged, march
from bindery.sync.scope import is_listed, list_within, ranges_below, walk_within
from bindery.sync.troubles import code_of
from bindery.sync.worker import Worker

_BATCH = 256
"""Keys dealt with at once; small, so that the first of many are soon to be found."""
_LOOKUP_PAUSE_SECONDS = 2.0
_LONGEST_LOOKUP_PAUSE_SECONDS = 300.0
_PATIENCE_SECONDS = 10.0
"""A file that is written all the time is read after so long nevertheless."""

Look = Callable[[Store, str], ObjectInfo | None]
"""Asks a store for one object. Raises StoreError; PartlyListed when nothing can be known."""


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
    keys = worker.inbox.take(min(_BATCH, worker.underway.room(is_awaited=True)))
    if keys:
        try:
            later = _process_keys(worker, keys)
        except BaseException:
            worker.inbox.add(keys)
            raise
        worker.inbox.done([key for key in keys if key not in later])
    if not worker.removals.seconds_left(1.0):
        _judge_removals(worker)


def look_at(
    worker: Worker, keys: list[str], look_at_one: Look = look
) -> list[ObjectInfo | Exception | None]:
    """The objects as they are now, None for those that do not exist; an exception where one object cannot be told
    anything about, which is PartlyListed below a gap.

    Several at a time where a look is a request. Raises StoreError when the store does not answer for any of them.
    """

    def found(key: str) -> ObjectInfo | Exception | None:
        try:
            return look_at_one(worker.store, key)
        except (BucketNotFound, MemoryError):
            raise
        except Exception as error:
            return error

    if worker.store.capabilities.details:
        looked_up = look_up_all(found, keys, worker.store.capabilities.rate.at_once, worker.check_stop)
    else:
        looked_up = [found(key) for key in keys]
    refused = [answer for answer in looked_up if _is_refusal(answer)]
    if refused:
        if len(refused) == len(keys) > 1:
            raise refused[0]
        worker.store.check()  # a store that answers for others fails at these objects alone
    return looked_up


def remove_absent(worker: Worker, keys: list[str]) -> list[ObjectInfo]:
    """Remove those of the keys that a listing lacks which are not there when they are looked up: an object may
    have come back behind the listing, or the listing may have ended early without a word.

    Returns those that are there; they are looked at again.
    """
    found = look_at(worker, keys, look_as_listed if worker.store.capabilities.listing_free else look)
    present = [info for info in found if isinstance(info, ObjectInfo)]
    worker.inbox.add(info.key for info in present)
    absent = [key for key, info in zip(keys, found, strict=True) if info is None]
    _apply(worker, _Decided(gone=absent))
    return present


def _is_refusal(answer: object) -> TypeGuard[StoreError]:
    return isinstance(answer, StoreError) and not isinstance(answer, PartlyListed)


def _process_keys(worker: Worker, keys: list[str]) -> set[str]:
    """Returns the keys that are not dealt with before what is under way is committed."""
    worker.check_stop()
    worker.flush()  # so that the rows tell of everything that is not under way
    keys = [key for key in keys if is_listed(worker.binding.scope, key)]
    answers = look_at(worker, keys)
    rows = worker.catalog.ledger.get(worker.binding.id, keys)
    decided = _Decided()
    for key, answer in zip(keys, answers, strict=True):
        row = rows.get(key)
        try:
            _decide(worker, decided, key, answer, row)
        except Exception as error:
            worker.fail_unseen(key, row, error)
    worker.flush()  # before these keys count as dealt with
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
    extracting = worker.underway.get(key)
    if extracting is not None:
        if answer is not None and extracting.is_version(answer):
            worker.underway.await_(extracting)
            decided.later.add(key)
            return
        worker.supersede(key)
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
    if row is not None and is_unchanged(info, row) and not code_of(row):
        return
    pause = 0.0
    if worker.is_unsettled(info) and worker.inbox.age(info.key) < _PATIENCE_SECONDS:
        pause = worker.settings.settle_time
    elif row is not None and code_of(
        row
    ):  # a change may be the end of its trouble, but not of each at once
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
        decided.gone = _removable(worker, decided.gone)
        _apply(worker, decided)
    else:
        gone, decided.gone = decided.gone, []
        _apply(worker, decided)
        worker.finish_changes()
        _apply(worker, _Decided(gone=_removable(worker, gone)))


def _process_prefixes(worker: Worker, prefixes: list[str]) -> None:
    """Removals come last, when what was moved from one prefix to another is known there. Nothing is removed below a
    gap, of which the next reconciliation tells."""
    gone = Gone()
    try:
        for prefix in prefixes:
            _list_prefix(worker, prefix, gone)
        if gone.count:
            worker.finish_changes()
        for keys in gone.pages():
            remove_absent(worker, _removable(worker, keys))
    finally:
        gone.close()


def _removable(worker: Worker, keys: list[str]) -> list[str]:
    """Those of the keys that are to be removed at once. Others wait, or are left to the next listing."""
    if not keys:
        return []
    said = worker.catalog.bindings.get_by_id(worker.binding.id)
    kept = [key for key in keys if not key.startswith(said.removals_below)]
    if not worker.store.capabilities.listing_free:
        return kept if worker.removals.admit(kept) else []
    vanishing = worker.vanishing(said)
    changed_mounts = tuple(vanishing.changed_mounts())
    if any(key.startswith(changed_mounts) for key in kept):
        worker.relist()
        kept = [key for key in kept if not key.startswith(changed_mounts)]
    if worker.removals.admit(kept):
        return kept
    renamed = vanishing.renamed(kept)
    worker.removals.forget(renamed)
    return sorted(renamed)


def _judge_removals(worker: Worker) -> None:
    """Remove what has waited; what vanished together is left to the next listing, and to its guard."""
    removals = worker.removals
    if worker.store.capabilities.listing_free:
        worker.finish_changes()  # what was renamed is known by its new key then
        said = worker.catalog.bindings.get_by_id(worker.binding.id)
        renamed = worker.vanishing(said).renamed(list(removals))
        _remove_waiting(worker, sorted(renamed), removals.forget)
    verdict = removals.judge()
    _remove_waiting(worker, verdict.removed, removals.settle)
    left = _with_entry(worker, verdict.left)
    _remove_waiting(worker, [key for key in verdict.left if key not in left], removals.settle)
    if left:
        removals.settle(left)
        worker.inbox.done(left)
        worker.relist()


def _with_entry(worker: Worker, keys: list[str]) -> set[str]:
    """Those of the keys that the dataset has an entry of; by the others, as after a repair, nothing is lost."""
    found: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        worker.check_stop()
        uris = {f"{worker.binding.uri}/{key}": key for key in keys[start : start + _BATCH]}
        records = worker.catalog.files.get(worker.binding.dataset_id, list(uris))
        found.update(uris[record.uri] for record in records)
    return found


def _remove_waiting(worker: Worker, keys: list[str], conclude: Callable[[list[str]], object]) -> None:
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        remove_absent(worker, batch)
        conclude(batch)  # not before they are removed: what waits is looked at again in the next life
        worker.inbox.done(batch)


def _list_prefix(worker: Worker, prefix: str, gone: Gone) -> None:
    ranges = ranges_below(worker.binding.scope, prefix)
    gap = Gap()
    worker.flush()  # so that the rows tell of everything that is not under way
    listing = gap.passing(list_within(worker.store, ranges))
    ledger = walk_within(worker.catalog, worker.binding.id, ranges)
    for step in march(listing, ledger, worker.within):
        worker.check_stop()
        gone.add(step.gone)
        decided = _Decided(excluded=step.excluded, forgotten=step.forgotten)
        for candidate, error in step.unclear:
            worker.fail(candidate, error)
        new = (Candidate(info, None) for info in step.new)
        for candidate in (*new, *step.changed, *step.troubled):
            _decide_listed(worker, decided, candidate)
        _apply(worker, decided)
    gap.leave_out(gone)


def _decide_listed(worker: Worker, decided: _Decided, candidate: Candidate) -> None:
    key = candidate.info.key
    extracting = worker.underway.get(key)
    if extracting is not None and extracting.is_version(candidate.info):
        return
    worker.supersede(key)
    if worker.is_unsettled(candidate.info):
        worker.inbox.add([key], delay=worker.settings.settle_time)
    else:
        decided.objects.append(candidate)


def _apply(worker: Worker, decided: _Decided) -> None:
    if decided.gone or decided.forgotten:
        worker.check_store()  # a bucket that is gone as a whole is no reason to remove entries
        worker.commits.commit(gone=decided.gone, dropped=decided.forgotten)
    if decided.excluded:
        worker.exclude(decided.excluded)
        worker.flush()
    worker.take_in(decided.objects)
