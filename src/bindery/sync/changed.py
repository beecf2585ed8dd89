"""Single keys and prefixes that may have changed: look, compare with the ledger, mend."""

from __future__ import annotations

import time

from bindery.buckets.store import ObjectInfo, ObjectNotFound
from bindery.sync.march import is_unchanged, march
from bindery.sync.worker import Known, Worker, count_settled, is_live

_BATCH = 1_000


def process_changes(worker: Worker) -> None:
    """Deal with everything in the inbox that is due. Raises StoreError, Interrupted."""
    for prefix in worker.inbox.take_prefixes():
        try:
            _process_prefix(worker, prefix)
        except BaseException:
            worker.inbox.add_prefixes([prefix])
            raise
    while keys := worker.inbox.due(_BATCH):
        worker.check_stop()
        _process_keys(worker, keys)


def _process_keys(worker: Worker, keys: list[str]) -> None:
    ledger = worker.catalog.get_ledger(worker.binding.id, keys)
    objects: list[Known] = []
    gone: list[str] = []
    unsettled: list[str] = []
    for key in keys:
        before = ledger.get(key)
        info = _look(worker, key)
        if info is None:
            if before is not None and is_live(before):
                gone.append(key)
        elif before is not None and is_unchanged(info, before):
            continue
        elif _is_unsettled(worker, info):
            unsettled.append(key)
        else:
            objects.append((info, before))
    if gone:
        worker.store.check()  # a bucket that is gone as a whole is no reason to remove entries
    worker.inbox.done(set(keys) - set(unsettled))
    worker.inbox.add(unsettled, delay=worker.settings.settle_time)
    try:
        _apply(worker, objects, gone)
    except BaseException:
        worker.inbox.add(keys)
        raise


def _apply(worker: Worker, objects: list[Known], gone: list[str]) -> None:
    if not objects and not gone:
        return
    page = worker.begin(objects)
    settled = worker.outcomes(page)
    count_settled(worker.books, page, settled, between_listings=True)
    ledger = worker.catalog.get_ledger(worker.binding.id, gone)
    for row in ledger.values():
        worker.books.deleted(row)
    worker.commit(settled, deleted=list(ledger))


def _process_prefix(worker: Worker, prefix: str) -> None:
    listing = worker.store.list(prefix=prefix)
    ledger = worker.catalog.walk_ledger(worker.binding.id, prefix=prefix)
    for step in march(listing, ledger):
        worker.check_stop()
        objects: list[Known] = []
        unsettled: list[str] = []
        for info, before in [*((info, None) for info in step.new), *step.changed]:
            if _is_unsettled(worker, info):
                unsettled.append(info.key)
            else:
                objects.append((info, before))
        worker.inbox.add(unsettled, delay=worker.settings.settle_time)
        if step.gone:
            worker.store.check()
        _apply(worker, objects, step.gone)


def _look(worker: Worker, key: str) -> ObjectInfo | None:
    try:
        return worker.store.details(key).info
    except ObjectNotFound:
        return None


def _is_unsettled(worker: Worker, info: ObjectInfo) -> bool:
    """Whether a file was written a moment ago and may still be growing. Objects appear whole."""
    if worker.store.capabilities.content_etag:
        return False
    age = time.time_ns() - info.modified_ns
    return 0 <= age < worker.settings.settle_time * 1e9
