"""What somebody who lays out the files of a query needs to know before he has any of them: how many there are in each
interval of time and on each page, and how wide they are together.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bindery.catalog.index.dataset_files import View
from bindery.catalog.index.pages import fetch
from bindery.catalog.index.statements import PageRequest, order_by, page_statement, sort_names
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.interface.queries import DateBucket, DateHistogram, Interval, QueryPage, QueryPages
from bindery.catalog.query.compile import column
from bindery.catalog.query.condition import Condition
from bindery.catalog.query.fields import FIELDS
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.query.token import Position
from bindery.clock import format_time

_MOST_BUCKETS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000
_RATIO = (
    'CASE WHEN "ImageWidth" > 0 AND "ImageHeight" > 0 THEN greatest(0.4, least(3.5,'
    ' CASE WHEN "Orientation" BETWEEN 5 AND 8 THEN "ImageHeight" / "ImageWidth"'
    ' ELSE "ImageWidth" / "ImageHeight" END))'
    ' WHEN "VideoWidth" > 0 AND "VideoHeight" > 0 THEN greatest(0.4, least(3.5, "VideoWidth" / "VideoHeight"))'
    " ELSE 1.0 END"
)
"""Width by height of a file as it is shown; panoramas and strips are cut, what has no shape is a square."""
_PARTS = {
    "year": "year(t)",
    "month": "year(t) * 12 + month(t) - 1",
    "day": "epoch_us(date_trunc('day', t)) // 86400000000",
}
"""The number of an interval."""
_LENGTHS = {"year": 4, "month": 7, "day": 10}
"""Of the text of an interval."""


def date_histogram(
    view: View, condition: Condition, field: str, interval: Interval, zone: tzinfo, bounds: Bounds
) -> DateHistogram:
    """Files by intervals of a field that is a time, in a zone. Raises QueryError when they are too many."""
    statement = _histogram_statement(view.table, condition, field, interval, zone)
    rows = fetch(view, statement, bounds)
    buckets, undated = [], DateBucket()
    for number, count, ratios in rows:
        if number is None:
            undated = DateBucket(count=count, aspect_ratio_sum=ratios)
        else:
            buckets.append(_bucket(number, interval, zone, count, ratios))
    if len(buckets) > _MOST_BUCKETS:
        raise QueryError(
            f"There are more than {_MOST_BUCKETS:,} intervals: ask for longer ones, or for fewer files."
        )
    return DateHistogram(tuple(buckets), undated)


def _histogram_statement(
    table: str, condition: Condition, field: str, interval: Interval, zone: tzinfo
) -> Condition:
    instant = column(FIELDS[field])
    # Microseconds, rounded down: the calendar of nanoseconds ends in 2262, just before the last instant of a column.
    local = _local(f"{instant} // 1000 - CAST({instant} % 1000 < 0 AS BIGINT)", zone)
    sql = (
        f"SELECT {_PARTS[interval]} AS part, count(*), sum(ratio) FROM"
        f" (SELECT {local} AS t, {_RATIO} AS ratio FROM {table} WHERE {condition.sql})"
        f" GROUP BY part ORDER BY part LIMIT {_MOST_BUCKETS + 2:d}"
    )
    return Condition(sql, condition.parameters)


def _local(microseconds: str, zone: tzinfo) -> str:
    """What the clocks of a zone show; the rules of a named one are those of DuckDB's own copy of the database."""
    if isinstance(zone, ZoneInfo):
        return f"timezone('{zone.key}', make_timestamptz({microseconds}))"
    offset = round((zone.utcoffset(None) or timedelta()).total_seconds()) * 1_000_000
    return f"make_timestamp({microseconds} + {offset:d})"


def _bucket(number: int, interval: Interval, zone: tzinfo, count: int, ratios: float) -> DateBucket:
    begin, end = (_beginning(each, interval) for each in (number, number + 1))
    return DateBucket(
        value=begin.isoformat()[: _LENGTHS[interval]],
        start=format_time(_instant(begin, zone), zone),
        end=format_time(_instant(end, zone), zone),
        count=count,
        aspect_ratio_sum=ratios,
    )


def _beginning(number: int, interval: Interval) -> datetime:
    if interval == "day":
        return _EPOCH + timedelta(days=number)
    year, month = (number, 0) if interval == "year" else divmod(number, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def _instant(local: datetime, zone: tzinfo) -> int:
    return calendar.timegm(local.replace(tzinfo=zone).utctimetuple()) * _SECOND


def query_pages(
    view: View,
    request: PageRequest,
    size: int,
    after: Position | None,
    token_of: Callable[[tuple[object, ...]], str],
    bounds: Bounds,
) -> QueryPages:
    """The pages of ``request.limit`` files behind a position, ``size`` files each."""
    rows = fetch(view, _pages_statement(view.table, request, size, after), bounds)
    pages, token, held = [], request.token, 0
    for count, ratios, *last in rows:
        if held + count > request.limit:
            break
        pages.append(QueryPage(count=count, aspect_ratio_sum=ratios, token=token))
        token, held = token_of(tuple(last)), held + count
    return QueryPages(tuple(pages), token if len(pages) < len(rows) else "")


def _pages_statement(table: str, request: PageRequest, size: int, after: Position | None) -> Condition:
    """Count, width and last row of each page, and of the one file behind them."""
    chosen = page_statement(table, request, after, Condition(f"{_RATIO} AS ratio"))
    columns = ['"URI"', *sort_names(request.sort)]
    sql = (
        f"WITH numbered AS (SELECT *, row_number() OVER (ORDER BY {order_by(request.sort)}) - 1 AS n"
        f" FROM ({chosen.sql})),"
        f" pages AS (SELECT count(*) AS files, sum(ratio) AS ratios, max(n) AS n FROM numbered GROUP BY n // {size:d})"
        f" SELECT files, ratios, {', '.join(columns)} FROM pages JOIN numbered USING (n) ORDER BY n"
    )
    return Condition(sql, chosen.parameters)
