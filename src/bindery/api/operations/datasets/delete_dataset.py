"""DeleteDataset. Source: help page api-imm-2020-09-30-deletedataset."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.datasets import DeleteDatasetRequest, DeleteDatasetResponse


def delete_dataset(context: Context, request: DeleteDatasetRequest) -> DeleteDatasetResponse:
    """Remove a dataset that has neither bindings nor files any more."""
    context.catalog.datasets.delete(request.project_name, request.dataset_name)
    return DeleteDatasetResponse()
