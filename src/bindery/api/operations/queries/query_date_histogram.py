"""QueryDateHistogram, an extension: how many files of a query there are by year, month or day."""

from __future__ import annotations

from typing import cast

from bindery.api.context import Context
from bindery.api.messages.queries import DateBucket, QueryDateHistogramRequest, QueryDateHistogramResponse
from bindery.api.operations import Work
from bindery.api.operations.queries.fields import check_fields, read_query
from bindery.catalog.interface import queries
from bindery.catalog.query.fields import Kind, find_field
from bindery.catalog.query.syntax import QueryError, SortField

WORK = Work.QUERY

_TIME = "ProduceTime"


def query_date_histogram(
    context: Context, request: QueryDateHistogramRequest
) -> QueryDateHistogramResponse:
    """Intervals begin at midnight in the time zone of the server, which also writes the times of answers."""
    query = read_query(request.query)
    field = request.field or _TIME
    if find_field(field)[0].kind is not Kind.TIME:
        raise QueryError(f"Field {field[:128]} is no time, so it has no date histogram.")
    check_fields(context, query, [SortField(field, descending=False)])
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    interval = cast("queries.Interval", request.interval or "month")
    found = context.catalog.queries.date_histogram(dataset.id, query, field, interval, stop=context.stop)
    return QueryDateHistogramResponse(
        buckets=tuple(_answer(bucket) for bucket in found.buckets), undated=_answer(found.undated)
    )


def _answer(bucket: queries.DateBucket) -> DateBucket:
    return DateBucket(
        aspect_ratio_sum=bucket.aspect_ratio_sum,
        count=bucket.count,
        end_time=bucket.end or None,
        start_time=bucket.start or None,
        value=bucket.value or None,
    )
