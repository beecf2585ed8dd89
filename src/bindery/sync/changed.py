"""Single keys and prefixes that may have changed: look, compare with the ledger, mend.

Keys are looked up one by one, so the deletion guard has no say here: a removal follows only when the object
was asked for and is not there while its bucket is.
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
    while prefixes:
        try:
            _process_prefix(worker, prefixes[0])
        except BaseException:
            worker.inbox.add_prefixes(prefixes)
            raise
        prefixes.pop(0)
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
    _apply(worker, objects, excluded, gone, forgotten)


def _process_prefix(worker: Worker, prefix: str) -> None:
    """Removals come last: nothing is removed below a gap, of which the next reconciliation tells."""
    gone = Gone()
    try:
        _list_prefix(worker, prefix, gone)
        for keys in gone.pages():
            remove_absent(worker, keys)
    finally:
        gone.close()


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
