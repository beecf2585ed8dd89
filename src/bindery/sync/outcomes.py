"""From extractions to what is committed: file entries, ledger rows, and keys to look at again."""

from __future__ import annotations

import msgspec

from bindery.buckets.store import ObjectInfo, StoreError, bound_time, odd_size
from bindery.catalog.records import FileWrite, LedgerEntry, Outcome
from bindery.extract.extraction import Extraction
from bindery.file import File
from bindery.secrecy import fit_to_tell, told
from bindery.sync.books import is_live
from bindery.sync.march import Candidate, is_same_version
from bindery.sync.troubles import INTERNAL_ERROR, MAX_ATTEMPTS, code_of, seconds_to_wait, wait_after

OVER_CAP = "LimitExceeded"
"""Code of ledger rows whose objects wait for room in the dataset."""

_MOVED_WAIT_SECONDS = 0.1
LONGEST_REASON = 1_000


class Result(msgspec.Struct, frozen=True):
    """What one object comes to: its row of the ledger, and its entry in the dataset."""

    row: LedgerEntry
    write: FileWrite | None = None
    """The new entry; None when the present one stays."""
    look_again_after: float | None = None
    """Seconds; None when the outcome is final."""
    needs_room: bool = False
    """The object is not in the dataset yet."""
    bytes_read: int = 0

    def without_entry(self) -> Result:
        """The row alone."""
        return msgspec.structs.replace(self, write=None)


class Landing(msgspec.Struct, frozen=True):
    """A result on its way to the ledger."""

    candidate: Candidate
    result: Result
    sidecars: tuple[ObjectInfo, ...] | None = None
    """What the picture was read with; None for what was not extracted."""
    is_new: bool = False
    """It was counted as under way, as an object that the books do not know."""

    @property
    def key(self) -> str:
        """Key of the object."""
        return self.result.row.key

    @property
    def before(self) -> LedgerEntry | None:
        """The row that the result was made upon."""
        return self.candidate.row

    def become(self, result: Result) -> Landing:
        """With another result."""
        return msgspec.structs.replace(self, result=result)


def landing_of(result: Result, before: LedgerEntry | None) -> Landing:
    """A result without an object, made of rows alone."""
    row = result.row
    return Landing(Candidate(ObjectInfo(row.key, row.size, row.etag, row.modified_ns), before), result)


def result_of(
    candidate: Candidate, extraction: Extraction, *, binding_id: int, uri: str, now: int
) -> Result:
    """A failure that may pass is looked at again: soon, when the object has changed or vanished meanwhile."""
    info, before = candidate
    failure = extraction.failure
    moved = (failure or "").startswith(("ObjectChanged", "ObjectNotFound"))
    passing = extraction.retryable or moved
    attempts = attempts_before(candidate) + 1
    pending = failure is not None and passing and attempts < MAX_ATTEMPTS
    outcome = Outcome.INDEXED if failure is None else Outcome.PENDING if pending else Outcome.FAILED
    row = ledger_row(info, outcome, failure or "", now)
    row = msgspec.structs.replace(row, attempts=attempts, extractor_version=extraction.extractor_version)
    return Result(
        row,
        write=None if pending else file_write(uri, extraction, binding_id),
        look_again_after=_look_again_after(attempts, moved=moved) if pending else None,
        needs_room=needs_room(before),
        bytes_read=extraction.bytes_read,
    )


def blamed(candidate: Candidate, error: Exception, *, binding_id: int, uri: str, now: int) -> Result:
    """The outcome of an object that something unforeseen happened to, or of which the store tells what cannot be; of
    its content nothing is kept.

    The unforeseen is tried again as what may pass, for it may be gone with the next version of Bindery, or the next
    moment.
    """
    attempts = attempts_before(candidate) + 1
    is_told = isinstance(error, StoreError)
    failure = f"StoreError: {error}" if is_told else internal_error(error)
    row = ledger_row(candidate.info, Outcome.FAILED, failure, now)
    try:
        write = file_write(uri, Extraction(file=File(), failure=failure), binding_id)
    except Exception:
        write = None  # then the row alone tells of it
    return Result(
        msgspec.structs.replace(row, attempts=attempts),
        write=write,
        look_again_after=wait_after(attempts) if attempts < MAX_ATTEMPTS and not is_told else None,
        needs_room=needs_room(candidate.row),
    )


def unseen(key: str, before: LedgerEntry | None, error: Exception, now: int) -> Result:
    """The outcome of an object that could not be looked up; what the ledger and the dataset hold of it stays."""
    if before is None or not is_live(before):
        before = LedgerEntry(key=key, etag="", size=0, modified_ns=0, outcome=Outcome.FAILED)
    attempts = before.attempts + 1 if before.outcome is Outcome.FAILED else 1
    row = msgspec.structs.replace(
        before,
        outcome=Outcome.FAILED,
        reason=fit_to_tell(internal_error(error), LONGEST_REASON),
        attempts=attempts,
        seen_time=now,
        outcome_time=now,
    )
    return Result(row, look_again_after=wait_after(attempts) if attempts < MAX_ATTEMPTS else None)


def internal_error(error: Exception) -> str:
    """The failure of what nobody has foreseen."""
    return f"{INTERNAL_ERROR}: {told(error)}"


def attempts_before(candidate: Candidate) -> int:
    """Tries of this version of the object, as far as the ledger knows."""
    info, before = candidate
    if before is None or not is_live(before) or not is_same_version(info, before):
        return 0
    return before.attempts


def exclude(info: ObjectInfo, now: int) -> Result:
    """The outcome of an object outside the scope of the binding; its entry goes."""
    return Result(ledger_row(info, Outcome.EXCLUDED, "", now))


def wait_for_room(row: LedgerEntry, cap: str) -> Result:
    """The outcome of an object for which a cap of the dataset leaves no room; no try counts."""
    waiting = msgspec.structs.replace(
        row, outcome=Outcome.PENDING, reason=f"{OVER_CAP}: {cap} of the dataset is reached", attempts=0
    )
    return Result(waiting, needs_room=True)


def waits_for_room(before: LedgerEntry | None) -> bool:
    """Whether the ledger says that the object waits for room."""
    return before is not None and before.outcome is Outcome.PENDING and before.reason.startswith(OVER_CAP)


def without_cap(reason: str) -> str:
    """The Reason of a binding without what it says of a cap, which stands last in it."""
    return reason.partition(f"{OVER_CAP}: ")[0].removesuffix("; ")


def needs_room(before: LedgerEntry | None) -> bool:
    """Whether the dataset has no entry of the object yet, as far as the ledger knows."""
    return before is None or before.outcome in (Outcome.DELETED, Outcome.PENDING, Outcome.EXCLUDED)


def seconds_to_next_try(candidate: Candidate, now: int) -> float:
    """How long a failure that may pass still has to wait; 0 for everything else."""
    info, before = candidate
    if before is None or not is_same_version(info, before) or waits_for_room(before):
        return 0.0
    waits = before.outcome is Outcome.PENDING or bool(code_of(before))
    return seconds_to_wait(before, now) if waits else 0.0


def is_same_row(row: LedgerEntry | None, before: LedgerEntry | None) -> bool:
    """Whether nothing was written about the object since ``before`` was read."""
    if row is None or before is None:
        return row is before
    return (
        row.outcome_time == before.outcome_time
        and row.outcome is before.outcome
        and row.etag == before.etag
        and row.size == before.size
        and row.attempts == before.attempts
    )


def within_range(info: ObjectInfo) -> ObjectInfo:
    """The object with a time that fits into 64 bits; one outside counts as the nearest limit.

    Raises StoreError when no object has its size.
    """
    if odd := odd_size(info.size):
        raise StoreError(f"the store tells {odd}, of {info.key}")
    bounded = bound_time(info.modified_ns)
    return info if bounded == info.modified_ns else msgspec.structs.replace(info, modified_ns=bounded)


def file_write(uri: str, extraction: Extraction, binding_id: int | None) -> FileWrite:
    """The entry of an extraction; a failed one says why in ObjectStatus and Reason."""
    file = extraction.file
    file.object_status = "Indexed"
    if extraction.failure is not None:
        code, _, message = fit_to_tell(extraction.failure, LONGEST_REASON).partition(": ")
        file.object_status, file.reason = "Failed", f"[{code}] {message}"
    return FileWrite(
        uri=uri,
        file=file,
        text=extraction.text,
        binding_id=binding_id,
        operators=() if extraction.failure else extraction.operators,
    )


def ledger_row(info: ObjectInfo, outcome: Outcome, reason: str, now: int) -> LedgerEntry:
    """A row about this version that begins now."""
    return LedgerEntry(
        key=info.key,
        etag=info.etag,
        size=info.size,
        modified_ns=bound_time(info.modified_ns),
        outcome=outcome,
        reason=fit_to_tell(reason, LONGEST_REASON),
        seen_time=now,
        outcome_time=now,
        file_id=info.file_id,
    )


def _look_again_after(attempts: int, *, moved: bool) -> float:
    """``moved``: the object has changed or vanished meanwhile, so that another look is likely to help."""
    return _MOVED_WAIT_SECONDS if moved and attempts == 1 else wait_after(attempts)
