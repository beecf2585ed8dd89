"""Filters and rows of the ledger's operations."""

from __future__ import annotations

from typing import Protocol

from bindery.api.context import Context
from bindery.api.messages.bindings import LedgerEntry
from bindery.api.operations.bindings.bindings import bucket_of
from bindery.catalog import records
from bindery.catalog.records import Binding, LedgerFilter, Outcome


class BindingRequest(Protocol):
    """A request that names a binding."""

    project_name: str
    dataset_name: str
    uri: str


class FilterRequest(Protocol):
    """A request that chooses rows of a ledger."""

    outcome: str | None
    reason: str | None
    prefix: str | None
    extractor_version_below: int | None


def binding_of(context: Context, request: BindingRequest) -> Binding:
    """The binding that a request names. Raises ApiError, NotFound."""
    bucket = bucket_of(request.uri)
    return context.catalog.bindings.get(request.project_name, request.dataset_name, bucket)


def filter_of(request: FilterRequest) -> LedgerFilter:
    """The rows that a request chooses; all of them when it says nothing."""
    return LedgerFilter(
        outcome=Outcome(request.outcome) if request.outcome else None,
        reason=request.reason or None,
        prefix=request.prefix or "",
        extractor_version_below=request.extractor_version_below,
    )


def ledger_answer(context: Context, entry: records.LedgerEntry) -> LedgerEntry:
    """One row. Its ETag is empty when the object is to be extracted again."""
    return LedgerEntry(
        key=entry.key,
        etag=entry.etag,
        size=entry.size,
        file_modified_time=context.time(entry.modified_ns),
        outcome=entry.outcome.value,
        reason=entry.reason or None,
        attempts=entry.attempts,
        extractor_version=entry.extractor_version,
        seen_time=context.time(entry.seen_time),
        outcome_time=context.time(entry.outcome_time),
    )
