"""Requests and answers of the family bindings. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class Binding(Message):
    """The vendor's struct Binding."""

    create_time: str | None = None
    dataset_name: str | None = None
    phase: str | None = None
    project_name: str | None = None
    reason: str | None = None
    state: str | None = None
    uri: str | None = None
    update_time: str | None = None
    detail: str | None = None
    inventory: BindingInventory | None = None
    progress: BindingProgress | None = None
    scope: BindingScope | None = None


class BindingHistoryPoint(Message):
    """The vendor's struct BindingHistoryPoint."""

    excluded: int | None = None
    failed: int | None = None
    indexed: int | None = None
    pending: int | None = None
    time: str | None = None


class BindingInventory(Message):
    """The vendor's struct BindingInventory."""

    creation_time: str | None = None
    files: int | None = None
    files_read: int | None = None
    objects: int | None = None
    scanned: str | None = None
    state: str | None = None
    uri: str | None = None


class BindingProgress(Message):
    """The vendor's struct BindingProgress."""

    bytes_read: int | None = None
    deleted: int | None = None
    excluded: int | None = None
    failed: int | None = None
    held_back: int | None = None
    indexed: int | None = None
    last_complete_listing: str | None = None
    listed: int | None = None
    oldest_pending_change_age: float | None = None
    pending: int | None = None
    unchanged: int | None = None


class BindingScope(Message, forbid_unknown_fields=True):
    """The vendor's struct BindingScope."""

    default_exclusions: bool | None = None
    exclude: tuple[str, ...] | None = None
    include: tuple[str, ...] | None = None
    max_size: int | None = None
    media_types: tuple[str, ...] | None = None
    min_size: int | None = None
    prefixes: tuple[str, ...] | None = None


class HeldBackFolder(Message):
    """The vendor's struct HeldBackFolder."""

    count: int | None = None
    prefix: str | None = None


class LedgerEntry(Message):
    """The vendor's struct LedgerEntry."""

    attempts: int | None = None
    etag: str | None = None
    extractor_version: int | None = None
    file_modified_time: str | None = None
    key: str | None = None
    outcome: str | None = None
    outcome_time: str | None = None
    reason: str | None = None
    seen_time: str | None = None
    size: int | None = None


class AuditBindingRequest(Message):
    """Parameters of AuditBinding."""

    dataset_name: str
    project_name: str
    uri: str
    repair: bool | None = None
    store: str | None = None
    permit: str | None = None


class AuditBindingResponse(Message):
    """Answer of AuditBinding."""

    task_id: str | None = None


class ConfirmDeletionRequest(Message):
    """Parameters of ConfirmDeletion."""

    dataset_name: str
    project_name: str
    uri: str


class ConfirmDeletionResponse(Message):
    """Answer of ConfirmDeletion."""


class CreateBindingRequest(Message):
    """Parameters of CreateBinding."""

    dataset_name: str
    project_name: str
    uri: str
    inventory: str | None = None
    scope: BindingScope | None = None


class CreateBindingResponse(Message):
    """Answer of CreateBinding."""

    binding: Binding | None = None


class DeleteBindingRequest(Message):
    """Parameters of DeleteBinding."""

    dataset_name: str
    project_name: str
    uri: str
    cleanup: bool | None = None


class DeleteBindingResponse(Message):
    """Answer of DeleteBinding."""


class EstimateBindingRequest(Message):
    """Parameters of EstimateBinding."""

    project_name: str
    uri: str
    scope: BindingScope | None = None
    store: str | None = None
    permit: str | None = None


class EstimateBindingResponse(Message):
    """Answer of EstimateBinding."""

    task_id: str | None = None


class GetBindingRequest(Message):
    """Parameters of GetBinding."""

    dataset_name: str
    project_name: str
    uri: str


class GetBindingResponse(Message):
    """Answer of GetBinding."""

    binding: Binding | None = None


class GetBindingHistoryRequest(Message):
    """Parameters of GetBindingHistory."""

    dataset_name: str
    project_name: str
    uri: str


class GetBindingHistoryResponse(Message):
    """Answer of GetBindingHistory."""

    points: tuple[BindingHistoryPoint, ...] | None = None


class GetHeldBackRemovalsRequest(Message):
    """Parameters of GetHeldBackRemovals."""

    dataset_name: str
    project_name: str
    uri: str


class GetHeldBackRemovalsResponse(Message):
    """Answer of GetHeldBackRemovals."""

    count: int | None = None
    folders: tuple[HeldBackFolder, ...] | None = None
    keys: tuple[str, ...] | None = None


class ListBindingsRequest(Message):
    """Parameters of ListBindings."""

    project_name: str
    dataset_name: str | None = None
    max_results: int | None = None
    name: str | None = None
    next_token: str | None = None
    uri: str | None = None


class ListBindingsResponse(Message):
    """Answer of ListBindings."""

    bindings: tuple[Binding, ...] | None = None
    next_token: str | None = None


class ListLedgerEntriesRequest(Message):
    """Parameters of ListLedgerEntries."""

    dataset_name: str
    project_name: str
    uri: str
    extractor_version_below: int | None = None
    outcome: str | None = None
    prefix: str | None = None
    reason: str | None = None
    max_results: int | None = None
    next_token: str | None = None


class ListLedgerEntriesResponse(Message):
    """Answer of ListLedgerEntries."""

    ledger_entries: tuple[LedgerEntry, ...] | None = None
    next_token: str | None = None


class RegisterBucketRequest(Message):
    """Parameters of RegisterBucket."""

    bucket: str
    move: bool | None = None
    store: str | None = None
    permit: str | None = None


class RegisterBucketResponse(Message):
    """Answer of RegisterBucket."""


class ResumeBindingRequest(Message):
    """Parameters of ResumeBinding."""

    dataset_name: str
    project_name: str
    uri: str


class ResumeBindingResponse(Message):
    """Answer of ResumeBinding."""


class RetryLedgerEntriesRequest(Message):
    """Parameters of RetryLedgerEntries."""

    dataset_name: str
    project_name: str
    uri: str
    extractor_version_below: int | None = None
    outcome: str | None = None
    prefix: str | None = None
    reason: str | None = None
    keys: tuple[str, ...] | None = None


class RetryLedgerEntriesResponse(Message):
    """Answer of RetryLedgerEntries."""

    count: int | None = None
    task_id: str | None = None


class StopBindingRequest(Message):
    """Parameters of StopBinding."""

    dataset_name: str
    project_name: str
    uri: str
    reason: str | None = None


class StopBindingResponse(Message):
    """Answer of StopBinding."""


class UpdateBindingInventoryRequest(Message):
    """Parameters of UpdateBindingInventory."""

    dataset_name: str
    project_name: str
    uri: str
    inventory: str | None = None


class UpdateBindingInventoryResponse(Message):
    """Answer of UpdateBindingInventory."""

    binding: Binding | None = None


class UpdateBindingScopeRequest(Message):
    """Parameters of UpdateBindingScope."""

    dataset_name: str
    project_name: str
    scope: BindingScope
    uri: str


class UpdateBindingScopeResponse(Message):
    """Answer of UpdateBindingScope."""

    binding: Binding | None = None
    leaving: int | None = None
