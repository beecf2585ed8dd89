"""ListUsage, an extension: what projects have used, by day and dimension, and what that costs."""

from __future__ import annotations

import structlog

from bindery.api.context import Context
from bindery.api.errors import invalid_argument, invalid_parameter
from bindery.api.messages.usage import ListUsageRequest, ListUsageResponse, UsageRecord
from bindery.api.operations import Work
from bindery.api.paging import MAX_PAGE, read_usage_token, write_usage_token
from bindery.api.prices import UNITS
from bindery.catalog.records import CatalogUnwritable, UsageRow
from bindery.clock import day_text, parse_day

WORK = Work.SLOW
_DAYS = 30
"""Up to the last day, when no first one is given."""
_log = structlog.get_logger()


def list_usage(context: Context, request: ListUsageRequest) -> ListUsageResponse:
    """Rows ascending by day, project and dimension; whatever was answered or stored before the call is in them.

    A caller sees what he has used of projects on which he has the action; what names no project is shown to those
    who have it on all. A project that was deleted stays on the bills of its days.
    """
    first, last = _days(context, request)
    limit = request.max_results or MAX_PAGE
    after = read_usage_token(request.next_token)
    if after is None:
        _refresh(context)
    rows = context.catalog.usage.list(
        first,
        last,
        project=request.project_name or None,
        projects=None if context.view.is_whole else _visible(context, first, last),
        dimension=request.dimension or None,
        after=after,
        limit=limit + 1,
    )
    shown = rows[:limit]
    return ListUsageResponse(
        usage_records=tuple(_answer(context, row) for row in shown),
        next_token=write_usage_token(shown[-1]) if len(rows) > limit else "",
    )


def _refresh(context: Context) -> None:
    """A record that takes nothing at present tells what it has."""
    try:
        context.metering.refresh()
    except CatalogUnwritable as error:
        _log.debug("usage is told as the record has it", problem=str(error))


def _days(context: Context, request: ListUsageRequest) -> tuple[int, int]:
    today = context.catalog.usage.today
    last = _day("EndDate", request.end_date, today)
    first = _day("StartDate", request.start_date, last - _DAYS + 1)
    if first > last:
        raise invalid_argument("StartDate must not be behind EndDate.")
    return first, last


def _day(name: str, text: str | None, otherwise: int) -> int:
    if not text:
        return otherwise
    try:
        return parse_day(text)
    except ValueError:
        raise invalid_parameter(name) from None


def _visible(context: Context, first: int, last: int) -> list[str]:
    return [name for name in context.catalog.usage.projects(first, last) if context.view.shows(name)]


def _answer(context: Context, row: UsageRow) -> UsageRecord:
    prices = context.settings.prices
    costs = prices.any
    return UsageRecord(
        date=day_text(row.day),
        project_name=row.project,
        dimension=row.dimension,
        quantity=row.quantity,
        unit=UNITS.get(row.dimension, ""),
        amount=prices.amount(row.dimension, row.quantity) if costs else None,
        currency=prices.currency if costs else None,
    )
