"""FuzzyQuery. Source: help page api-imm-2020-09-30-fuzzyquery."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.queries import FuzzyQueryRequest, FuzzyQueryResponse
from bindery.api.operations import Work
from bindery.api.operations.files.files import select_fields
from bindery.api.operations.queries.fields import check_fields
from bindery.catalog.query.parse import parse_sort

WORK = Work.QUERY

_MAX_FILES = 100


def fuzzy_query(context: Context, request: FuzzyQueryRequest) -> FuzzyQueryResponse:
    """Files in which any field that people read holds the string, in any case."""
    if not request.query.strip():
        raise invalid_argument("The parameter Query must not be blank.")
    sort = parse_sort(request.sort, request.order, rest="asc")
    check_fields(context, None, sort)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    page = context.catalog.queries.fuzzy_search(
        dataset.id,
        request.query,
        sort=sort,
        limit=request.max_results or _MAX_FILES,
        token=request.next_token or "",
        stop=context.stop,
    )
    return FuzzyQueryResponse(
        files=select_fields(page.documents, request.with_fields, strict=context.settings.strict),
        next_token=page.next_token,
        total_hits=page.total_hits,
    )
