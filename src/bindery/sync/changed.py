"""Single keys and prefixes that may have changed: look, compare with the ledger, mend.

Keys are looked up one by one, so the deletion guard has no say here: a removal follows only when the object
was asked for and is not there while its bucket is.
"""

from __future__ import annotations

from bindery.buckets.store import ObjectInfo, ObjectNotFound
from bindery.sync.books import is_live
from bindery.sync.march import is_unchanged, march
from bindery.sync.outcomes import Known
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


def _process_keys(worker: Worker, keys: list[str]) -> None:
    worker.check_stop()
    ledger = worker.catalog.get_ledger(worker.binding.id, keys)
    objects: list[Known] = []
    gone: list[str] = []
    for key in keys:
        before = ledger.get(key)
        info = look(worker, key)
        if info is None:
            if is_live(before):
                gone.append(key)
        elif before is not None and is_unchanged(info, before):
            continue
        elif worker.is_unsettled(info) and worker.inbox.age(key) < _PATIENCE_SECONDS:
            worker.inbox.add([key], delay=worker.settings.settle_time)
        else:
            objects.append((info, before))
    _apply(worker, objects, gone)


def _process_prefix(worker: Worker, prefix: str) -> None:
    listing = worker.store.list(prefix=prefix)
    ledger = worker.catalog.walk_ledger(worker.binding.id, prefix=prefix)
    for step in march(listing, ledger):
        worker.check_stop()
        objects: list[Known] = []
        for known in [*((info, None) for info in step.new), *step.changed]:
            if worker.is_unsettled(known[0]):
                worker.inbox.add([known[0].key], delay=worker.settings.settle_time)
            else:
                objects.append(known)
        _apply(worker, objects, step.gone)


def _apply(worker: Worker, objects: list[Known], gone: list[str]) -> None:
    if gone:
        worker.store.check()  # a bucket that is gone as a whole is no reason to remove entries
        worker.commit(gone=gone)
    for start in range(0, len(objects), _BATCH):
        worker.finish(worker.begin(objects[start : start + _BATCH]))
