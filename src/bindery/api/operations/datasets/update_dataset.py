"""UpdateDataset. Source: help page api-imm-2020-09-30-updatedataset."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.messages.datasets import UpdateDatasetRequest, UpdateDatasetResponse
from bindery.api.operations.datasets.datasets import dataset_answer, workflow_parameters
from bindery.api.operations.limits import changed_limits, check_template
from bindery.catalog.records import Dataset
from bindery.clock import now_ns


def update_dataset(context: Context, request: UpdateDatasetRequest) -> UpdateDatasetResponse:
    """Change what is given and keep the rest. A new template holds for what is extracted from then on."""
    check_template(request.template_id)

    def change(dataset: Dataset) -> Dataset:
        return msgspec.structs.replace(
            dataset,
            description=request.description or dataset.description,
            template_id=request.template_id or dataset.template_id,
            limits=changed_limits(dataset.limits, request),
            workflow_parameters=workflow_parameters(request.workflow_parameters)
            or dataset.workflow_parameters,
            update_time=now_ns(),
        )

    dataset = context.catalog.datasets.update(request.project_name, request.dataset_name, change)
    context.engine.renew(project_name=dataset.project_name, dataset_name=dataset.name)
    return UpdateDatasetResponse(dataset=dataset_answer(context, dataset))
