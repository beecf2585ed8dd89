"""Single keys and prefixes that may have changed: look, compare with the ledger, mend.

Keys are looked up one by one: a removal follows only when the object was asked for and is not there while its bucket
is. Where many vanish at once, the next listing and its deletion guard decide.
"""

from __future__ import annotations

from collections.abc import Callable

from bindery.buckets.store import ObjectInfo, PartlyListed, Store
from bindery.sync.books import is_live
from bindery.sync.gaps import Gap
from bindery.sync.guard import Gone
from bindery.sync.lookups import look, look_as_listed, look_up_all
from bindery.sync.march import has_entry, is_excluded, is_unchanged, march
from bindery.sync.outcomes import Known
from bindery.sync.scope import is_listed, list_within, ranges_below, walk_within
from bindery.sync.worker import Worker
from bindery.workers.job import Urgency

_BATCH = 256
"""Keys dealt with at once; small, so that the first of many are soon to be found."""
_PATIENCE_SECONDS = 10.0
"""A file that is written all the time is read after so long nevertheless."""

Look = Callable[[Store, str], ObjectInfo | None]
"""Asks a store for one object. Raises StoreError; PartlyListed when nothing can be known."""


def process_changes(worker: Worker) -> None:
    """Deal with the prefixes in the inbox and with a batch of the keys that are due.

    What could not be dealt with stays in the inbox. Raises StoreError, Interrupted, CatalogError.
    """
    prefixes = worker.inbox.take_prefixes()
    if prefixes:
        try:
            _process_prefixes(worker, prefixes)
        except BaseException:
            worker.inbox.add_prefixes(prefixes)
            raise
    keys = worker.inbox.take(_BATCH)
    if not keys:
        return
    try:
        _process_keys(worker, keys)
    except BaseException:
        worker.inbox.add(keys)
        raise
    worker.inbox.done(keys)


def look_at(
    worker: Worker, keys: list[str], look_at_one: Look = look
) -> list[ObjectInfo | PartlyListed | None]:
    """The objects as they are now, None for those that do not exist; an error where nothing can be known.

    Several at a time where a look is a request. Raises StoreError.
    """

    def found(key: str) -> ObjectInfo | PartlyListed | None:
        try:
            return look_at_one(worker.store, key)
        except PartlyListed as error:
            return error

    if not worker.store.capabilities.details:
        return [found(key) for key in keys]
    return look_up_all(found, keys, worker.check_stop)


def remove_absent(worker: Worker, keys: list[str]) -> list[ObjectInfo]:
    """Remove those of the keys that a listing lacks which are not there when they are looked up: an object may
    have come back behind the listing, or the listing may have ended early without a word.

    Returns those that are there; they are looked at again.
    """
    found = look_at(worker, keys, look_as_listed if worker.store.capabilities.listing_free else look)
    present = [info for info in found if isinstance(info, ObjectInfo)]
    worker.inbox.add(info.key for info in present)
    _apply(worker, [], [], [key for key, info in zip(keys, found, strict=True) if info is None], [])
    return present


def _process_keys(worker: Worker, keys: list[str]) -> None:
    worker.check_stop()
    ledger = worker.catalog.ledger.get(worker.binding.id, keys)
    objects: list[Known] = []
    excluded: list[Known] = []
    gone: list[str] = []
    forgotten: list[str] = []
    keys = [key for key in keys if is_listed(worker.binding.scope, key)]
    for key, info in zip(keys, look_at(worker, keys), strict=True):
        before = ledger.get(key)
        if isinstance(info, PartlyListed):
            continue  # the next listing tells of it
        if info is None:
            if has_entry(before):
                gone.append(key)
            elif is_live(before):
                forgotten.append(key)
        elif worker.within is not None and not worker.within(info):
            if not is_excluded(info, before):
                excluded.append((info, before))
        elif before is not None and is_unchanged(info, before):
            continue
        elif worker.is_unsettled(info) and worker.inbox.age(key) < _PATIENCE_SECONDS:
            worker.inbox.add([key], delay=worker.settings.settle_time)
        else:
            objects.append((info, before))
    _settle(worker, objects, excluded, gone, forgotten)


def _settle(
    worker: Worker, objects: list[Known], excluded: list[Known], gone: list[str], forgotten: list[str]
) -> None:
    """Removals come first, for they make room; many come last, when what was renamed is known by its new key."""
    if len(gone) <= worker.settings.guard_count:
        _apply(worker, objects, excluded, removable(worker, gone), forgotten)
    else:
        _apply(worker, objects, excluded, [], forgotten)
        _apply(worker, [], [], removable(worker, gone), [])


def _process_prefixes(worker: Worker, prefixes: list[str]) -> None:
    """Removals come last, when what was moved from one prefix to another is known there. Nothing is removed below a
    gap, of which the next reconciliation tells."""
    gone = Gone()
    try:
        for prefix in prefixes:
            _list_prefix(worker, prefix, gone)
        for keys in gone.pages():
            remove_absent(worker, removable(worker, keys))
    finally:
        gone.close()


def removable(worker: Worker, keys: list[str]) -> list[str]:
    """Those of the keys that changes alone may remove. The rest is left to the next listing, and to its guard.

    In a folder these are removals that come singly, and renames: a disk that goes away, or a folder that is
    moved out, takes many at once and leaves nothing beside them.
    """
    if not keys or not worker.store.capabilities.listing_free:
        return keys
    said = worker.catalog.bindings.get_by_id(worker.binding.id)
    vanishing = worker.vanishing(said)
    kept = [key for key in keys if not key.startswith(said.removals_below)]
    doubtful = {key for key in kept if key.startswith(tuple(vanishing.changed_mounts()))}
    if worker.removals.with_more(len(kept)) > worker.settings.guard_count:
        doubtful |= _left_alone(worker, kept) - vanishing.renamed(kept)
    if doubtful:
        worker.relist()
        kept = [key for key in kept if key not in doubtful]
    worker.removals.add(len(kept))
    return kept


def _left_alone(worker: Worker, keys: list[str]) -> set[str]:
    """Keys in whose folder nothing is left."""
    folders = {key[: key.rfind("/") + 1] for key in keys}
    empty = {folder for folder in folders if not next(iter(worker.store.list(prefix=folder)), None)}
    return {key for key in keys if key[: key.rfind("/") + 1] in empty}


def _list_prefix(worker: Worker, prefix: str, gone: Gone) -> None:
    ranges = ranges_below(worker.binding.scope, prefix)
    gap = Gap()
    listing = gap.passing(list_within(worker.store, ranges))
    ledger = walk_within(worker.catalog, worker.binding.id, ranges)
    for step in march(listing, ledger, worker.within):
        worker.check_stop()
        objects: list[Known] = []
        for known in [*((info, None) for info in step.new), *step.changed]:
            if worker.is_unsettled(known[0]):
                worker.inbox.add([known[0].key], delay=worker.settings.settle_time)
            else:
                objects.append(known)
        gone.add(step.gone)
        _apply(worker, objects, step.excluded, [], step.forgotten)
    gap.leave_out(gone)


def _apply(
    worker: Worker, objects: list[Known], excluded: list[Known], gone: list[str], forgotten: list[str]
) -> None:
    if gone or forgotten:
        worker.check_store()  # a bucket that is gone as a whole is no reason to remove entries
        worker.commit(gone=gone, dropped=forgotten)
    if excluded:
        worker.finish(worker.begin((), excluded))
    for start in range(0, len(objects), _BATCH):
        worker.finish(worker.begin(objects[start : start + _BATCH], urgency=Urgency.CHANGE))
