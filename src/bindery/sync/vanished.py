"""Objects that are gone: removed at once, after a while, or by the next listing.

A removal follows only when the object was asked for and is not there while its bucket is. Many removals wait until it
shows whether they belong together (``removals.py``); then the next listing and its deletion guard decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from bindery.buckets.store import BucketNotFound, ObjectInfo, PartlyListed, Store, StoreError
from bindery.sync.lookups import look, look_as_listed, look_up_all
from bindery.sync.worker import Worker

_BATCH = 256

Look = Callable[[Store, str], ObjectInfo | None]
"""Asks a store for one object. Raises StoreError; PartlyListed when nothing can be known."""


def remove(worker: Worker, gone: list[str], forgotten: list[str]) -> None:
    """Take objects out of the dataset, and the rows of ``forgotten`` ones, which have no entry, out of the ledger."""
    if gone or forgotten:
        worker.check_store()  # a bucket that is gone as a whole is no reason to remove entries
        worker.commits.commit(gone=gone, dropped=forgotten)


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
    remove(worker, absent, [])
    return present


def removable(worker: Worker, keys: list[str]) -> list[str]:
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


def judge_removals(worker: Worker) -> None:
    """Remove what has waited; what vanished together is left to the next listing, and to its guard."""
    removals = worker.removals
    if worker.store.capabilities.listing_free:
        worker.pipeline.finish_changes()  # what was renamed is known by its new key then
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


def _is_refusal(answer: object) -> TypeGuard[StoreError]:
    return isinstance(answer, StoreError) and not isinstance(answer, PartlyListed)
