"""Requests and answers of the built operations. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bindery.file import Address, AudioStream, Label, Message, SubtitleStream, VideoStream


class BatchUpdateFileMetaResponseBodyFiles(Message):
    """The vendor's struct BatchUpdateFileMetaResponseBodyFiles."""

    message: str | None = None
    success: bool | None = None
    uri: str | None = None


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
    progress: BindingProgress | None = None
    scope: BindingScope | None = None


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


class BindingScope(Message):
    """The vendor's struct BindingScope."""

    exclude: tuple[str, ...] | None = None
    include: tuple[str, ...] | None = None
    max_size: int | None = None
    media_types: tuple[str, ...] | None = None
    min_size: int | None = None
    prefixes: tuple[str, ...] | None = None


class CreateProjectRequestTag(Message):
    """The vendor's struct CreateProjectRequestTag."""

    key: str | None = None
    value: str | None = None


class CredentialConfig(Message):
    """The vendor's struct CredentialConfig."""

    chain: tuple[CredentialConfigChain, ...] | None = None
    policy: str | None = None
    service_role: str | None = None


class CredentialConfigChain(Message):
    """The vendor's struct CredentialConfigChain."""

    assume_role_for: str | None = None
    role: str | None = None
    role_type: str | None = None


class Dataset(Message):
    """The vendor's struct Dataset."""

    bind_count: int | None = None
    create_time: str | None = None
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    dataset_name: str | None = None
    description: str | None = None
    file_count: int | None = None
    project_name: str | None = None
    template_id: str | None = None
    total_file_size: int | None = None
    update_time: str | None = None
    workflow_parameters: tuple[WorkflowParameter, ...] | None = None


class InputFile(Message):
    """The vendor's struct InputFile."""

    addresses: tuple[Address, ...] | None = None
    album: str | None = None
    album_artist: str | None = None
    artist: str | None = None
    composer: str | None = None
    content_type: str | None = None
    custom_id: str | None = None
    custom_labels: dict[str, Any] | None = None
    figures: tuple[InputFileFigures, ...] | None = None
    file_hash: str | None = None
    labels: tuple[Label, ...] | None = None
    lat_long: str | None = None
    media_type: str | None = None
    oss_uri: str | None = None
    performer: str | None = None
    produce_time: str | None = None
    title: str | None = None
    uri: str | None = None


class InputFileFigures(Message):
    """The vendor's struct InputFileFigures."""

    figure_cluster_id: str | None = None
    figure_id: str | None = None
    figure_type: str | None = None


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


class ListProjectsRequestTag(Message):
    """The vendor's struct ListProjectsRequestTag."""

    key: str | None = None
    value: str | None = None


class MNS(Message):
    """The vendor's struct MNS."""

    topic_name: str | None = None


class Notification(Message):
    """The vendor's struct Notification."""

    extended_message_uri: str | None = msgspec.field(default=None, name="ExtendedMessageURI")
    mns: MNS | None = msgspec.field(default=None, name="MNS")
    rocket_mq: RocketMQ | None = msgspec.field(default=None, name="RocketMQ")


class Project(Message):
    """The vendor's struct Project."""

    create_time: str | None = None
    dataset_count: int | None = None
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    engine_concurrency: int | None = None
    file_count: int | None = None
    project_max_dataset_count: int | None = None
    project_name: str | None = None
    project_queries_per_second: int | None = None
    service_role: str | None = None
    tags: tuple[ProjectTags, ...] | None = None
    template_id: str | None = None
    total_file_size: int | None = None
    update_time: str | None = None


class ProjectTags(Message):
    """The vendor's struct ProjectTags."""

    tag_key: str | None = None
    tag_value: str | None = None


class RegionType(Message):
    """The vendor's struct RegionType."""

    local_name: str | None = None
    region_id: str | None = None


class RocketMQ(Message):
    """The vendor's struct RocketMQ."""

    instance_id: str | None = None
    topic_name: str | None = None


class SimpleQueryRequestAggregations(Message):
    """The vendor's struct SimpleQueryRequestAggregations."""

    field: str | None = None
    operation: str | None = None


class SimpleQueryResponseBodyAggregations(Message):
    """The vendor's struct SimpleQueryResponseBodyAggregations."""

    field: str | None = None
    groups: tuple[SimpleQueryResponseBodyAggregationsGroups, ...] | None = None
    operation: str | None = None
    value: float | None = None


class SimpleQueryResponseBodyAggregationsGroups(Message):
    """The vendor's struct SimpleQueryResponseBodyAggregationsGroups."""

    count: int | None = None
    value: str | None = None


class TaskInfo(Message):
    """The vendor's struct TaskInfo."""

    code: str | None = None
    end_time: str | None = None
    message: str | None = None
    progress: int | None = None
    start_time: str | None = None
    status: str | None = None
    tags: dict[str, Any] | None = None
    task_id: str | None = None
    task_request_definition: str | None = None
    task_type: str | None = None
    user_data: str | None = None


class TimeRange(Message):
    """The vendor's struct TimeRange."""

    end: str | None = None
    start: str | None = None


class UpdateProjectRequestTag(Message):
    """The vendor's struct UpdateProjectRequestTag."""

    key: str | None = None
    value: str | None = None


class WorkflowParameter(Message):
    """The vendor's struct WorkflowParameter."""

    name: str | None = None
    value: str | None = None


class AuditBindingRequest(Message):
    """Parameters of AuditBinding."""

    dataset_name: str
    project_name: str
    uri: str
    repair: bool | None = None


class AuditBindingResponse(Message):
    """Answer of AuditBinding."""

    task_id: str | None = None


class BatchDeleteFileMetaRequest(Message):
    """Parameters of BatchDeleteFileMeta."""

    dataset_name: str
    project_name: str
    uris: tuple[str, ...] = msgspec.field(name="URIs")


class BatchDeleteFileMetaResponse(Message):
    """Answer of BatchDeleteFileMeta."""


class BatchGetFileMetaRequest(Message):
    """Parameters of BatchGetFileMeta."""

    dataset_name: str
    project_name: str
    uris: tuple[str, ...] = msgspec.field(name="URIs")
    with_fields: tuple[str, ...] | None = None


class BatchGetFileMetaResponse(Message):
    """Answer of BatchGetFileMeta."""

    files: tuple[msgspec.Raw, ...] | None = None


class BatchIndexFileMetaRequest(Message):
    """Parameters of BatchIndexFileMeta."""

    dataset_name: str
    files: tuple[InputFile, ...]
    project_name: str
    notification: Notification | None = None
    user_data: str | None = None


class BatchIndexFileMetaResponse(Message):
    """Answer of BatchIndexFileMeta."""

    event_id: str | None = None


class BatchUpdateFileMetaRequest(Message):
    """Parameters of BatchUpdateFileMeta."""

    dataset_name: str
    files: tuple[InputFile, ...]
    project_name: str


class BatchUpdateFileMetaResponse(Message):
    """Answer of BatchUpdateFileMeta."""

    files: tuple[BatchUpdateFileMetaResponseBodyFiles, ...] | None = None


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
    scope: BindingScope | None = None


class CreateBindingResponse(Message):
    """Answer of CreateBinding."""

    binding: Binding | None = None


class CreateDatasetRequest(Message):
    """Parameters of CreateDataset."""

    dataset_name: str
    project_name: str
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    template_id: str | None = None
    workflow_parameters: tuple[WorkflowParameter, ...] | None = None


class CreateDatasetResponse(Message):
    """Answer of CreateDataset."""

    dataset: Dataset | None = None


class CreateProjectRequest(Message):
    """Parameters of CreateProject."""

    project_name: str
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    project_max_dataset_count: int | None = None
    service_role: str | None = None
    tag: tuple[CreateProjectRequestTag, ...] | None = None
    template_id: str | None = None


class CreateProjectResponse(Message):
    """Answer of CreateProject."""

    project: Project | None = None


class DeleteBindingRequest(Message):
    """Parameters of DeleteBinding."""

    dataset_name: str
    project_name: str
    uri: str


class DeleteBindingResponse(Message):
    """Answer of DeleteBinding."""


class DeleteDatasetRequest(Message):
    """Parameters of DeleteDataset."""

    dataset_name: str
    project_name: str


class DeleteDatasetResponse(Message):
    """Answer of DeleteDataset."""


class DeleteFileMetaRequest(Message):
    """Parameters of DeleteFileMeta."""

    dataset_name: str
    project_name: str
    uri: str


class DeleteFileMetaResponse(Message):
    """Answer of DeleteFileMeta."""


class DeleteProjectRequest(Message):
    """Parameters of DeleteProject."""

    project_name: str


class DeleteProjectResponse(Message):
    """Answer of DeleteProject."""


class DetectMediaMetaRequest(Message):
    """Parameters of DetectMediaMeta."""

    project_name: str
    source_uri: str = msgspec.field(name="SourceURI")
    credential_config: CredentialConfig | None = None


class DetectMediaMetaResponse(Message):
    """Answer of DetectMediaMeta."""

    addresses: tuple[Address, ...] | None = None
    album: str | None = None
    album_artist: str | None = None
    artist: str | None = None
    audio_streams: tuple[AudioStream, ...] | None = None
    bitrate: int | None = None
    composer: str | None = None
    duration: float | None = None
    format_long_name: str | None = None
    format_name: str | None = None
    language: str | None = None
    lat_long: str | None = None
    performer: str | None = None
    produce_time: str | None = None
    program_count: int | None = None
    size: int | None = None
    start_time: float | None = None
    stream_count: int | None = None
    subtitles: tuple[SubtitleStream, ...] | None = None
    title: str | None = None
    video_height: int | None = None
    video_streams: tuple[VideoStream, ...] | None = None
    video_width: int | None = None


class EstimateBindingRequest(Message):
    """Parameters of EstimateBinding."""

    project_name: str
    uri: str
    scope: BindingScope | None = None


class EstimateBindingResponse(Message):
    """Answer of EstimateBinding."""

    task_id: str | None = None


class FuzzyQueryRequest(Message):
    """Parameters of FuzzyQuery."""

    dataset_name: str
    project_name: str
    query: str
    max_results: int | None = None
    next_token: str | None = None
    order: str | None = None
    sort: str | None = None
    with_fields: tuple[str, ...] | None = None


class FuzzyQueryResponse(Message):
    """Answer of FuzzyQuery."""

    files: tuple[msgspec.Raw, ...] | None = None
    next_token: str | None = None
    total_hits: int | None = None


class GetBindingRequest(Message):
    """Parameters of GetBinding."""

    dataset_name: str
    project_name: str
    uri: str


class GetBindingResponse(Message):
    """Answer of GetBinding."""

    binding: Binding | None = None


class GetDatasetRequest(Message):
    """Parameters of GetDataset."""

    dataset_name: str
    project_name: str
    with_statistics: bool | None = None


class GetDatasetResponse(Message):
    """Answer of GetDataset."""

    dataset: Dataset | None = None


class GetFileMetaRequest(Message):
    """Parameters of GetFileMeta."""

    dataset_name: str
    project_name: str
    uri: str
    with_fields: tuple[str, ...] | None = None


class GetFileMetaResponse(Message):
    """Answer of GetFileMeta."""

    files: tuple[msgspec.Raw, ...] | None = None


class GetProjectRequest(Message):
    """Parameters of GetProject."""

    project_name: str
    with_statistics: bool | None = None


class GetProjectResponse(Message):
    """Answer of GetProject."""

    project: Project | None = None


class GetTaskRequest(Message):
    """Parameters of GetTask."""

    project_name: str
    task_id: str
    task_type: str
    request_definition: bool | None = None


class GetTaskResponse(Message):
    """Answer of GetTask."""

    code: str | None = None
    end_time: str | None = None
    event_id: str | None = None
    message: str | None = None
    progress: int | None = None
    project_name: str | None = None
    start_time: str | None = None
    status: str | None = None
    tags: dict[str, Any] | None = None
    task_id: str | None = None
    task_request_definition: str | None = None
    task_type: str | None = None
    user_data: str | None = None
    result: str | None = None


class IndexFileMetaRequest(Message):
    """Parameters of IndexFileMeta."""

    dataset_name: str
    file: InputFile
    project_name: str
    notification: Notification | None = None
    user_data: str | None = None


class IndexFileMetaResponse(Message):
    """Answer of IndexFileMeta."""

    event_id: str | None = None


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


class ListDatasetsRequest(Message):
    """Parameters of ListDatasets."""

    project_name: str
    max_results: int | None = None
    next_token: str | None = None
    prefix: str | None = None


class ListDatasetsResponse(Message):
    """Answer of ListDatasets."""

    datasets: tuple[Dataset, ...] | None = None
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


class ListProjectsRequest(Message):
    """Parameters of ListProjects."""

    max_results: int | None = None
    next_token: str | None = None
    prefix: str | None = None
    tag: tuple[ListProjectsRequestTag, ...] | None = None


class ListProjectsResponse(Message):
    """Answer of ListProjects."""

    next_token: str | None = None
    projects: tuple[Project, ...] | None = None


class ListRegionsRequest(Message):
    """Parameters of ListRegions."""

    accept_language: str


class ListRegionsResponse(Message):
    """Answer of ListRegions."""

    regions: tuple[RegionType, ...] | None = None


class ListTasksRequest(Message):
    """Parameters of ListTasks."""

    project_name: str
    end_time_range: TimeRange | None = None
    max_results: int | None = None
    next_token: str | None = None
    order: str | None = None
    request_definition: bool | None = None
    sort: str | None = None
    start_time_range: TimeRange | None = None
    status: str | None = None
    tag_selector: str | None = None
    task_types: tuple[str, ...] | None = None


class ListTasksResponse(Message):
    """Answer of ListTasks."""

    max_results: str | None = None
    next_token: str | None = None
    project_name: str | None = None
    tasks: tuple[TaskInfo, ...] | None = None


class RegisterBucketRequest(Message):
    """Parameters of RegisterBucket."""

    bucket: str
    store: str


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


class SimpleQueryRequest(Message):
    """Parameters of SimpleQuery."""

    dataset_name: str
    project_name: str
    aggregations: tuple[SimpleQueryRequestAggregations, ...] | None = None
    max_results: int | None = None
    next_token: str | None = None
    order: str | None = None
    query: Any = None
    sort: str | None = None
    with_fields: tuple[str, ...] | None = None
    without_total_hits: bool | None = None


class SimpleQueryResponse(Message):
    """Answer of SimpleQuery."""

    aggregations: tuple[SimpleQueryResponseBodyAggregations, ...] | None = None
    files: tuple[msgspec.Raw, ...] | None = None
    next_token: str | None = None
    total_hits: int | None = None


class StopBindingRequest(Message):
    """Parameters of StopBinding."""

    dataset_name: str
    project_name: str
    uri: str
    reason: str | None = None


class StopBindingResponse(Message):
    """Answer of StopBinding."""


class UpdateBindingScopeRequest(Message):
    """Parameters of UpdateBindingScope."""

    dataset_name: str
    project_name: str
    scope: BindingScope
    uri: str


class UpdateBindingScopeResponse(Message):
    """Answer of UpdateBindingScope."""

    binding: Binding | None = None


class UpdateDatasetRequest(Message):
    """Parameters of UpdateDataset."""

    dataset_name: str
    project_name: str
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    template_id: str | None = None
    workflow_parameters: tuple[WorkflowParameter, ...] | None = None


class UpdateDatasetResponse(Message):
    """Answer of UpdateDataset."""

    dataset: Dataset | None = None


class UpdateFileMetaRequest(Message):
    """Parameters of UpdateFileMeta."""

    dataset_name: str
    file: InputFile
    project_name: str


class UpdateFileMetaResponse(Message):
    """Answer of UpdateFileMeta."""


class UpdateProjectRequest(Message):
    """Parameters of UpdateProject."""

    project_name: str
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    project_max_dataset_count: int | None = None
    service_role: str | None = None
    tag: tuple[UpdateProjectRequestTag, ...] | None = None
    template_id: str | None = None


class UpdateProjectResponse(Message):
    """Answer of UpdateProject."""

    project: Project | None = None
