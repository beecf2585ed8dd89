"""SimpleQuery. Source: help page api-imm-2020-09-30-simplequery."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import value_too_large
from bindery.api.messages.queries import (
    SimpleQueryRequest,
    SimpleQueryResponse,
    SimpleQueryResponseBodyAggregations,
    SimpleQueryResponseBodyAggregationsGroups,
)
from bindery.api.operations import Work
from bindery.api.operations.files.files import select_fields
from bindery.api.operations.queries.fields import check_fields, read_query, read_sorted_query
from bindery.catalog.interface.queries import AggregationResult
from bindery.catalog.query.parse import parse_aggregations

WORK = Work.QUERY

_MAX_FILES = 100


def simple_query(context: Context, request: SimpleQueryRequest) -> SimpleQueryResponse:
    """Files that match a query, or figures over all of them when Aggregations are given."""
    limit = request.max_results or _MAX_FILES
    if request.aggregations:
        return _aggregate(context, request, limit)
    if limit > _MAX_FILES:
        raise value_too_large("MaxResults")
    query, sort = read_sorted_query(context, request)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    page = context.catalog.queries.search(
        dataset.id,
        query,
        sort=sort,
        limit=limit,
        token=request.next_token or "",
        total=not request.without_total_hits,
        stop=context.stop,
    )
    return SimpleQueryResponse(
        files=select_fields(page.documents, request.with_fields, strict=context.settings.strict),
        next_token=page.next_token,
        total_hits=page.total_hits,
    )


def _aggregate(context: Context, request: SimpleQueryRequest, limit: int) -> SimpleQueryResponse:
    query = read_query(request.query)
    wanted = parse_aggregations(
        [(entry.field or "", entry.operation or "") for entry in request.aggregations or ()]
    )
    check_fields(context, query, wanted)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    results = context.catalog.queries.aggregate(dataset.id, query, wanted, groups=limit, stop=context.stop)
    total = None
    if not request.without_total_hits:
        total = context.catalog.queries.search(dataset.id, query, limit=1, stop=context.stop).total_hits
    return SimpleQueryResponse(
        aggregations=tuple(_answer(result) for result in results), next_token="", total_hits=total
    )


def _answer(result: AggregationResult) -> SimpleQueryResponseBodyAggregations:
    groups = None
    if result.groups is not None:
        groups = tuple(
            SimpleQueryResponseBodyAggregationsGroups(value=group.value, count=group.count)
            for group in result.groups
        )
    return SimpleQueryResponseBodyAggregations(
        field=result.field, operation=result.operation, value=result.value, groups=groups
    )
