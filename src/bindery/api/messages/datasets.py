"""Requests and answers of the family datasets. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


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


class WorkflowParameter(Message):
    """The vendor's struct WorkflowParameter."""

    name: str | None = None
    value: str | None = None


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


class DeleteDatasetRequest(Message):
    """Parameters of DeleteDataset."""

    dataset_name: str
    project_name: str


class DeleteDatasetResponse(Message):
    """Answer of DeleteDataset."""


class GetDatasetRequest(Message):
    """Parameters of GetDataset."""

    dataset_name: str
    project_name: str
    with_statistics: bool | None = None


class GetDatasetResponse(Message):
    """Answer of GetDataset."""

    dataset: Dataset | None = None


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


class RebuildIndexRequest(Message):
    """Parameters of RebuildIndex."""

    dataset_name: str
    project_name: str


class RebuildIndexResponse(Message):
    """Answer of RebuildIndex."""

    task_id: str | None = None


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
