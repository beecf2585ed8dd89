"""GetDataset. Source: help page api-imm-2020-09-30-getdataset."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.datasets import GetDatasetRequest, GetDatasetResponse
from bindery.api.operations.datasets.datasets import dataset_answer


def get_dataset(context: Context, request: GetDatasetRequest) -> GetDatasetResponse:
    """One dataset. Counts are exact with and without WithStatistics."""
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    return GetDatasetResponse(dataset=dataset_answer(context, dataset))
