"""ListDatasets. Source: help page api-imm-2020-09-30-listdatasets."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.listing import shown_items
from bindery.api.messages.datasets import ListDatasetsRequest, ListDatasetsResponse
from bindery.api.operations.datasets.datasets import dataset_answer
from bindery.api.paging import MAX_PAGE, read_dataset_token, write_dataset_token


def list_datasets(context: Context, request: ListDatasetsRequest) -> ListDatasetsResponse:
    """Datasets of a project that the caller may list, ascending by name."""
    limit = request.max_results or MAX_PAGE
    project = context.catalog.projects.get(request.project_name)
    found = shown_items(
        context.view,
        lambda prefix, after, most: context.catalog.datasets.list(
            project.name, prefix=prefix, after=after, limit=most
        ),
        name=lambda dataset: dataset.name,
        tags=lambda _: project.tags,
        after=read_dataset_token(request.next_token, context.settings.account_id, request.project_name),
        limit=limit + 1,
        prefix=request.prefix or "",
    )
    shown = found[:limit]
    token = ""
    if len(found) > limit:
        token = write_dataset_token(context.settings.account_id, request.project_name, shown[-1].name)
    return ListDatasetsResponse(
        datasets=tuple(dataset_answer(context, dataset) for dataset in shown), next_token=token
    )
