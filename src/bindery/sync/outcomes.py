"""From extractions to what is committed: file entries, ledger rows, and keys to look at again."""

from __future__ import annotations

import msgspec

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import FileWrite, LedgerEntry, Outcome
from bindery.extract.extraction import Extraction

MAX_ATTEMPTS = 5
"""Tries of one version before a passing failure is taken as final."""


class Settled(msgspec.Struct, frozen=True):
    """What one extraction comes to. ``write`` is None when there is nothing to store."""

    entry: LedgerEntry | None
    write: FileWrite | None
    again: bool
    bytes_read: int


def settle(
    info: ObjectInfo,
    before: LedgerEntry | None,
    extraction: Extraction,
    *,
    binding_id: int,
    uri: str,
    now: int,
) -> Settled:
    """An object that vanished meanwhile leaves no trace; one that changed is looked at again."""
    failure = extraction.failure
    if failure is not None and failure.startswith("ObjectNotFound"):
        return Settled(None, None, again=True, bytes_read=extraction.bytes_read)
    same_version = before is not None and before.etag == info.etag and before.size == info.size
    attempts = (before.attempts if before is not None and same_version else 0) + 1
    pending = extraction.retryable and attempts < MAX_ATTEMPTS
    outcome = Outcome.INDEXED
    if failure is not None:
        outcome = Outcome.PENDING if pending else Outcome.FAILED
    entry = LedgerEntry(
        key=info.key,
        etag=info.etag,
        size=info.size,
        modified_ns=info.modified_ns,
        outcome=outcome,
        reason=failure or "",
        attempts=attempts,
        extractor_version=extraction.extractor_version,
        seen_time=now,
        outcome_time=now,
    )
    if pending:
        return Settled(entry, None, again=True, bytes_read=extraction.bytes_read)
    return Settled(
        entry, file_write(uri, extraction, binding_id), again=False, bytes_read=extraction.bytes_read
    )


def file_write(uri: str, extraction: Extraction, binding_id: int | None) -> FileWrite:
    """The entry of an extraction; a failed one says why in ObjectStatus and Reason."""
    file = extraction.file
    file.object_status = "Indexed"
    if extraction.failure is not None:
        code, _, message = extraction.failure.partition(": ")
        file.object_status, file.reason = "Failed", f"[{code}] {message}"
    return FileWrite(uri=uri, file=file, text=extraction.text, binding_id=binding_id)
