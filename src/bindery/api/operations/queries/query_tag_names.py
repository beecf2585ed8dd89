"""QueryTagNames, an extension: which raw tags and labels queries of a dataset may name."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.queries import QueryTagNamesRequest, QueryTagNamesResponse, TagName
from bindery.api.operations import Work
from bindery.catalog.query.fields import find_field

WORK = Work.QUERY

_NAMES = 100


def query_tag_names(context: Context, request: QueryTagNamesRequest) -> QueryTagNamesResponse:
    """Queries take any name. These are those that files have or had since the index was built."""
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    names = context.catalog.queries.tag_names(
        dataset.id, request.contains or "", limit=request.max_results or _NAMES, stop=context.stop
    )
    return QueryTagNamesResponse(tag_names=tuple(map(_answer, names)))


def _answer(name: str) -> TagName:
    field, _ = find_field(name)
    return TagName(name=name, type="number" if field.numeric else "text")
