"""CreateDataset. Source: help page api-imm-2020-09-30-createdataset."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.datasets import CreateDatasetRequest, CreateDatasetResponse
from bindery.api.operations.datasets.datasets import dataset_answer, workflow_parameters
from bindery.api.operations.limits import changed_limits, check_template
from bindery.catalog.records import Dataset
from bindery.clock import now_ns


def create_dataset(context: Context, request: CreateDatasetRequest) -> CreateDatasetResponse:
    """Make a dataset; caps that are not given are those of the project."""
    check_template(request.template_id)
    project = context.catalog.projects.get(request.project_name)
    now = now_ns()
    dataset = context.catalog.datasets.create(
        Dataset(
            project_id=project.id,
            project_name=project.name,
            name=request.dataset_name,
            description=request.description or "",
            template_id=request.template_id or "",
            limits=changed_limits(project.limits, request),
            workflow_parameters=workflow_parameters(request.workflow_parameters),
            create_time=now,
            update_time=now,
        )
    )
    return CreateDatasetResponse(dataset=dataset_answer(context, dataset))
