"""Single keys and prefixes that may have changed: look, compare with the ledger, mend.

Keys are looked up one by one, so the deletion guard has no say here: a removal follows only when the object
was asked for and is not there while its bucket is.
"""

from __future__ import annotations

from functools import partial

from bindery.buckets.store import ObjectInfo, ObjectNotFound, PartlyListed
from bindery.sync.books import is_live
from bindery.sync.gaps import Gap
from bindery.sync.guard import Gone
from bindery.sync.lookups import look_up_all
from bindery.sync.march import has_entry, is_excluded, is_unchanged, march
from bindery.sync.outcomes import Known
from bindery.sync.scope import is_listed, list_within, ranges_below, walk_within
from bindery.sync.worker import Worker

_BATCH = 256
"""Keys dealt with at once; small, so that the first of many are soon to be found."""
_PATIENCE_SECONDS = 10.0
"""A file that is written all the time is read after so long nevertheless."""


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


def look(worker: Worker, key: str) -> ObjectInfo | None:
    """The object as it is now; None when it does not exist. Raises StoreError."""
    try:
        return worker.store.details(key).info
    except ObjectNotFound:
        return None


def look_in_listing(worker: Worker, key: str) -> ObjectInfo | None:
    """The object as a listing shows it, for a folder may find a file in another case of its name too; None when
    it is neither found nor listed, an object as it is found where nothing is known. Raises StoreError."""
    found = look(worker, key)
    if found is None:
        return None
    try:
        first = next(iter(worker.store.list(prefix=key)), [])
    except PartlyListed:
        return found
    return next((info for info in first if info.key == key), None)


def _look_all(worker: Worker, keys: list[str]) -> list[ObjectInfo | None]:
    """Where a look is a request, several at a time."""
    if not worker.store.capabilities.details:
        return [look(worker, key) for key in keys]
    return look_up_all(partial(look, worker), keys, worker.check_stop)


def _process_keys(worker: Worker, keys: list[str]) -> None:
    worker.check_stop()
    ledger = worker.catalog.get_ledger(worker.binding.id, keys)
    objects: list[Known] = []
    excluded: list[Known] = []
    gone: list[str] = []
    forgotten: list[str] = []
    keys = [key for key in keys if is_listed(worker.binding.scope, key)]
    for key, info in zip(keys, _look_all(worker, keys), strict=True):
        before = ledger.get(key)
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
            _apply(worker, [], [], keys, [])
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
        worker.store.check()  # a bucket that is gone as a whole is no reason to remove entries
        worker.commit(gone=gone, dropped=forgotten)
    if excluded:
        worker.finish(worker.begin((), excluded))
    for start in range(0, len(objects), _BATCH):
        worker.finish(worker.begin(objects[start : start + _BATCH]))
