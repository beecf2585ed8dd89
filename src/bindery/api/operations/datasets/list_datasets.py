"""ListDatasets. Source: help page api-imm-2020-09-30-listdatasets."""

from __future__ import annotations

from functools import partial

from bindery.api.context import Context
from bindery.api.listing import answers_of, shown_page
from bindery.api.messages.datasets import ListDatasetsRequest, ListDatasetsResponse
from bindery.api.operations.datasets.datasets import dataset_answer
from bindery.api.paging import (
    MAX_PAGE,
    read_dataset_token,
    read_hidden,
    write_dataset_token,
    write_hidden_token,
)


def list_datasets(context: Context, request: ListDatasetsRequest) -> ListDatasetsResponse:
    """Datasets of a project that the caller may list, ascending by name.

    A page may be short or empty and still have a next one, when the caller sees few of very many datasets.
    """
    limit, sealer = request.max_results or MAX_PAGE, context.identities.sealer
    project = context.catalog.projects.get(request.project_name)
    parents = context.settings.account_id, request.project_name
    found, hidden = shown_page(
        context.view,
        lambda prefix, after, most: context.catalog.datasets.list(
            project.name, prefix=prefix, after=after, limit=most
        ),
        name=lambda dataset: dataset.name,
        tags=lambda _: project.tags,
        after=read_hidden(sealer, read_dataset_token(request.next_token, *parents), *parents),
        limit=limit + 1,
        prefix=request.prefix or "",
    )
    shown = found[:limit]
    token = write_hidden_token(sealer, hidden, *parents) if hidden else ""
    if len(found) > limit:
        token = write_dataset_token(*parents, shown[-1].name)
    return ListDatasetsResponse(
        datasets=tuple(answers_of(shown, partial(dataset_answer, context))), next_token=token
    )
