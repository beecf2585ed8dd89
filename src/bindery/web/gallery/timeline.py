"""When the files of a query were made: bars for a plot, and years or months to narrow down to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from bindery.catalog.query.fields import FIELDS, Kind
from bindery.web.calls import Caller

_TIME = "ProduceTime"
_FEW = 2
"""Months that are shown by their days."""
_MOST_EMPTY = 400
"""Bars with those in between that have no files; where there would be more, these are left out."""
_MIDNIGHT = "T00:00:00+08:00"
"""What an expression need not say: a day is its midnight there."""
_LAST = date.max.isoformat()


class Bar(msgspec.Struct, frozen=True):
    """Files from ``start`` until before ``end``, both as expressions have them."""

    value: str
    start: str
    end: str
    count: int


class Timeline(msgspec.Struct, frozen=True):
    """Bars, ascending; ``undated`` files have no time."""

    field: str
    interval: str
    bars: list[Bar]
    undated: int


def time_field(sort: str) -> str:
    """The time that a gallery in this order shows."""
    return sort if sort in FIELDS and FIELDS[sort].kind is Kind.TIME else _TIME


async def ask_timeline(
    caller: Caller, place: dict[str, str], query: Any, field: str, most: int
) -> tuple[Timeline, list[Bar]] | None:
    """Up to some ``most`` bars, and the months; None when the reader may not ask for them."""
    asked = {**place, "Query": query, "Field": field}
    reply = await caller.call("QueryDateHistogram", asked | {"Interval": "month"})
    if not reply.ok:
        return None
    months = read_bars(reply.data.get("Buckets") or [])
    undated = (reply.data.get("Undated") or {}).get("Count", 0)
    interval = choose_interval([bar.value for bar in months], most)
    bars = months
    if interval != "month":
        reply = await caller.call("QueryDateHistogram", asked | {"Interval": interval})
        bars = read_bars(reply.data.get("Buckets") or []) if reply.ok else months
    return Timeline(field, interval, with_empty(bars), undated), months


def choose_interval(months: Sequence[str], most: int) -> str:
    """Days of few months, years where there are more months than bars."""
    if not months:
        return "month"
    span = _number(months[-1]) - _number(months[0]) + 1
    if span <= _FEW:
        return "day"
    return "month" if span <= max(most, 12) else "year"


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7])


def read_bars(buckets: Sequence[dict[str, Any]]) -> list[Bar]:
    """What QueryDateHistogram answers."""
    return [
        Bar(
            each["Value"],
            each["StartTime"].removesuffix(_MIDNIGHT),
            each["EndTime"].removesuffix(_MIDNIGHT),
            each["Count"],
        )
        for each in buckets
    ]


def with_empty(bars: Sequence[Bar]) -> list[Bar]:
    """With bars of no files in between, as far as they are not very many."""
    full: list[Bar] = []
    for bar in bars:
        for value in _between(full[-1].value, bar.value) if full else ():
            if len(full) > _MOST_EMPTY:
                return list(bars)
            full.append(Bar(value, full[-1].end, _begin_of(_next(value), bar.start), 0))
        full.append(bar)
    return full


def _between(value: str, other: str) -> Iterator[str]:
    value = _next(value)
    while value < other:
        yield value
        value = _next(value)


def _next(value: str) -> str:
    """The interval behind one: a year, month or day."""
    if len(value) == 10:
        return (date.fromisoformat(value) + timedelta(1)).isoformat() if value < _LAST else "99999"
    year, month = int(value[:4]), int(value[5:7] or 0)
    if len(value) == 4:
        return f"{year + 1:04}"
    return f"{year + month // 12:04}-{month % 12 + 1:02}"


def _begin_of(value: str, like: str) -> str:
    """When an interval begins, written as another beginning is."""
    return (value + "-01-01")[:10] + like[10:]


def facet_of(field: str, months: Sequence[Bar]) -> dict[str, Any]:
    """Years with their numbers of files, the newest first; months when all are of one year."""
    years: dict[str, list[Bar]] = {}
    for bar in months:
        years.setdefault(bar.value[:4], []).append(bar)
    chosen = [[bar] for bar in months] if len(years) == 1 else list(years.values())
    groups = [
        {
            "label": bars[0].value if len(years) == 1 else bars[0].value[:4],
            "count": sum(bar.count for bar in bars),
            "parts": time_parts(field, *_bounds(bars, whole_year=len(years) > 1)),
        }
        for bars in reversed(chosen)
    ]
    return {"field": field, "groups": groups}


def _bounds(bars: Sequence[Bar], *, whole_year: bool) -> tuple[str, str]:
    if not whole_year:
        return bars[0].start, bars[-1].end
    year = int(bars[0].value[:4])
    rest = bars[0].start[10:]
    return f"{year:04}-01-01{rest}", f"{year + 1:04}-01-01{rest}"


def time_parts(field: str, start: str, end: str) -> list[str]:
    """The conditions of a span of time."""
    return [f"{field} >= {start}", f"{field} < {end}"]
