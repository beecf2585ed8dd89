"""Datasets as answers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bindery.api.context import Context
from bindery.api.messages import datasets as messages
from bindery.catalog.records import Dataset


def workflow_parameters(
    parameters: Iterable[messages.WorkflowParameter] | None,
) -> tuple[dict[str, str], ...]:
    """Kept and shown again; the vendor says they have no effect."""
    return tuple({"Name": entry.name or "", "Value": entry.value or ""} for entry in parameters or ())


def dataset_answer(context: Context, dataset: Dataset) -> messages.Dataset:
    """A dataset with exact counts."""
    counts = context.catalog.datasets.statistics(dataset.project_name, dataset.name)
    return messages.Dataset(
        project_name=dataset.project_name,
        dataset_name=dataset.name,
        description=dataset.description,
        template_id=dataset.template_id,
        create_time=context.time(dataset.create_time),
        update_time=context.time(dataset.update_time),
        bind_count=counts.bind_count,
        file_count=counts.file_count,
        total_file_size=counts.total_file_size,
        **msgspec.structs.asdict(dataset.limits),
        workflow_parameters=tuple(
            messages.WorkflowParameter(name=entry["Name"], value=entry["Value"])
            for entry in dataset.workflow_parameters
        )
        or None,
    )
