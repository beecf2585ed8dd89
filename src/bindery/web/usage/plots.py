"""What the page's script draws: a value a day and dimension, over all projects of the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from bindery.api.prices import DIMENSIONS
from bindery.api.usage_tables import Row
from bindery.clock import parse_day
from bindery.web.texts import Texts

_DAY_SECONDS = 86_400
_MOST_DAYS = 1_000
_GROUPS = ("Requests", "Runs", "Files", "Bytes")
Plot = dict[str, Any]


def plots_of(rows: Sequence[Row], t: Texts) -> list[Plot]:
    """One for each unit that has been used, and one for money. Days without anything are zero."""
    if not rows:
        return []
    first, last = parse_day(rows[0]["Date"]), parse_day(rows[-1]["Date"])
    days = range(max(first, last - _MOST_DAYS + 1), last + 1)
    values: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    money: dict[int, float] = defaultdict(float)
    for row in rows:
        day = parse_day(row["Date"])
        values[row["Dimension"]][day] += row["Quantity"]
        money[day] += float(row.get("Amount") or 0)
    plots = [_plot(group, values, days, t) for group in _GROUPS]
    currency = next((row["Currency"] for row in rows if row.get("Currency")), "")
    if currency:
        series = [{"name": currency, "values": [money.get(day, 0.0) for day in days]}]
        plots.append(_with_days("Money", t("usage.plot_Money", currency=currency), series, days))
    return [plot for plot in plots if plot["series"]]


def _plot(unit: str, values: dict[str, dict[int, int]], days: range, t: Texts) -> Plot:
    series = [
        {"name": each.name, "values": [values[each.name].get(day, 0) for day in days]}
        for each in DIMENSIONS
        if each.unit == unit and each.name in values
    ]
    return _with_days(unit, t("usage.plot_" + unit), series, days)


def _with_days(unit: str, title: str, series: list[dict[str, Any]], days: range) -> Plot:
    return {"unit": unit, "title": title, "days": [day * _DAY_SECONDS for day in days], "series": series}
