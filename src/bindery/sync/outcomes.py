"""From extractions to what is committed: file entries, ledger rows, and keys to look at again."""

from __future__ import annotations

import msgspec

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import FileWrite, LedgerEntry, Outcome
from bindery.extract.extraction import Extraction
from bindery.sync.books import is_live
from bindery.sync.march import is_same_version

MAX_ATTEMPTS = 6
"""Tries of one version before a passing failure is taken as final; about ten minutes with the waits between."""

OVER_CAP = "LimitExceeded"
"""Code of ledger rows whose objects wait for room in the dataset."""

_MOVED_WAIT_SECONDS = 0.1
_FIRST_WAIT_SECONDS = 2.0
_WAIT_FACTOR = 3.0
_NANOSECONDS = 1_000_000_000

Known = tuple[ObjectInfo, LedgerEntry | None]
"""An object, and what the ledger said of it before."""


class Settled(msgspec.Struct, frozen=True):
    """What one extraction comes to."""

    entry: LedgerEntry
    write: FileWrite | None = None
    """The new file entry; None when the present one stays."""
    again: float | None = None
    """Seconds after which to look at the key again; None when the outcome is final."""
    fresh: bool = False
    """The object is not in the dataset yet, so it needs room there."""
    bytes_read: int = 0


def settle(known: Known, extraction: Extraction, *, binding_id: int, uri: str, now: int) -> Settled:
    """A failure that may pass is looked at again: soon, when the object has changed or vanished meanwhile."""
    info, before = known
    failure = extraction.failure
    moved = (failure or "").startswith(("ObjectChanged", "ObjectNotFound"))
    passing = extraction.retryable or moved
    same_version = before is not None and is_live(before) and is_same_version(info, before)
    attempts = (before.attempts if before is not None and same_version else 0) + 1
    pending = failure is not None and passing and attempts < MAX_ATTEMPTS
    outcome = Outcome.INDEXED if failure is None else Outcome.PENDING if pending else Outcome.FAILED
    entry = ledger_row(info, outcome, failure or "", now)
    entry = msgspec.structs.replace(
        entry, attempts=attempts, extractor_version=extraction.extractor_version
    )
    return Settled(
        entry,
        write=None if pending else file_write(uri, extraction, binding_id),
        again=_look_again_after(attempts, moved=moved) if pending else None,
        fresh=is_fresh(before),
        bytes_read=extraction.bytes_read,
    )


def exclude(info: ObjectInfo, now: int) -> Settled:
    """The outcome of an object outside the scope of the binding; its entry goes."""
    return Settled(ledger_row(info, Outcome.EXCLUDED, "", now))


def wait_for_room(entry: LedgerEntry, cap: str) -> Settled:
    """The outcome of an object for which a cap of the dataset leaves no room; no try counts."""
    waiting = msgspec.structs.replace(
        entry, outcome=Outcome.PENDING, reason=f"{OVER_CAP}: {cap} of the dataset is reached", attempts=0
    )
    return Settled(waiting, fresh=True)


def waits_for_room(before: LedgerEntry | None) -> bool:
    """Whether the ledger says that the object waits for room."""
    return before is not None and before.outcome is Outcome.PENDING and before.reason.startswith(OVER_CAP)


def without_cap(reason: str) -> str:
    """The Reason of a binding without what it says of a cap, which stands last in it."""
    return reason.partition(f"{OVER_CAP}: ")[0].removesuffix("; ")


def is_fresh(before: LedgerEntry | None) -> bool:
    """Whether the dataset has no entry of the object yet, as far as the ledger knows."""
    return before is None or before.outcome in (Outcome.DELETED, Outcome.PENDING, Outcome.EXCLUDED)


def seconds_to_next_try(known: Known, now: int) -> float:
    """How long a failure that may pass still has to wait; 0 for everything else."""
    info, before = known
    if before is None or before.outcome is not Outcome.PENDING or not is_same_version(info, before):
        return 0.0
    if waits_for_room(before):
        return 0.0
    since = (now - before.outcome_time) / _NANOSECONDS
    return min(_wait_after(before.attempts), max(0.0, _wait_after(before.attempts) - since))


def file_write(uri: str, extraction: Extraction, binding_id: int | None) -> FileWrite:
    """The entry of an extraction; a failed one says why in ObjectStatus and Reason."""
    file = extraction.file
    file.object_status = "Indexed"
    if extraction.failure is not None:
        code, _, message = extraction.failure.partition(": ")
        file.object_status, file.reason = "Failed", f"[{code}] {message}"
    return FileWrite(uri=uri, file=file, text=extraction.text, binding_id=binding_id)


def ledger_row(info: ObjectInfo, outcome: Outcome, reason: str, now: int) -> LedgerEntry:
    """A row about this version that begins now."""
    return LedgerEntry(
        key=info.key,
        etag=info.etag,
        size=info.size,
        modified_ns=info.modified_ns,
        outcome=outcome,
        reason=reason,
        seen_time=now,
        outcome_time=now,
        file_id=info.file_id,
    )


def _look_again_after(attempts: int, *, moved: bool) -> float:
    """``moved``: the object has changed or vanished meanwhile, so that another look is likely to help."""
    return _MOVED_WAIT_SECONDS if moved and attempts == 1 else _wait_after(attempts)


def _wait_after(attempts: int) -> float:
    return _FIRST_WAIT_SECONDS * _WAIT_FACTOR ** (max(1, attempts) - 1)
