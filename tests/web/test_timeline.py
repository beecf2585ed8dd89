"""Bars of the gallery's timeline, and the years to narrow down to."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.web.gallery.searching import read_search
from bindery.web.gallery.timeline import (
    Bar,
    choose_interval,
    facet_of,
    read_bars,
    time_field,
    time_parts,
    with_empty,
)


def bucket(value: str, start: str, end: str, count: int = 1) -> dict[str, Any]:
    midnight = "T00:00:00+08:00"
    return {"Value": value, "StartTime": start + midnight, "EndTime": end + midnight, "Count": count}


@pytest.mark.parametrize(
    ("months", "most", "interval"),
    [
        ([], 100, "month"),
        (["2024-05"], 100, "day"),
        (["2023-12", "2024-01"], 100, "day"),
        (["2023-12", "2024-02"], 100, "month"),
        (["2014-01", "2023-12"], 120, "month"),
        (["2014-01", "2024-01"], 120, "year"),
        (["1677-09", "2262-04"], 200, "year"),
        (["2024-01", "2024-12"], 0, "month"),
    ],
)
def test_the_interval_fits_the_span(months: list[str], most: int, interval: str) -> None:
    assert choose_interval(months, most) == interval


def test_bars_in_between_are_empty_and_join() -> None:
    bars = with_empty(read_bars([
        bucket("2023-11", "2023-11-01", "2023-12-01", 5), bucket("2024-02", "2024-02-01", "2024-03-01", 7),
    ]))  # fmt: skip
    assert [(bar.value, bar.start, bar.end, bar.count) for bar in bars] == [
        ("2023-11", "2023-11-01", "2023-12-01", 5),
        ("2023-12", "2023-12-01", "2024-01-01", 0),
        ("2024-01", "2024-01-01", "2024-02-01", 0),
        ("2024-02", "2024-02-01", "2024-03-01", 7),
    ]


def test_days_and_years_are_filled_up_too() -> None:
    days = with_empty(
        [Bar("2024-02-28", "2024-02-28", "2024-02-29", 1), Bar("2024-03-01", "2024-03-01", "2024-03-02", 1)]
    )
    assert [bar.value for bar in days] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    years = with_empty(
        [Bar("1999", "1999-01-01", "2000-01-01", 1), Bar("2002", "2002-01-01", "2003-01-01", 1)]
    )
    assert [(bar.value, bar.start) for bar in years][1:3] == [
        ("2000", "2000-01-01"),
        ("2001", "2001-01-01"),
    ]


def test_a_zone_that_is_not_the_languages_own_is_written_out() -> None:
    zulu = "T00:00:00Z"
    bars = with_empty([
        Bar("2024-01", "2024-01-01" + zulu, "2024-02-01" + zulu, 1),
        Bar("2024-03", "2024-03-01" + zulu, "2024-04-01" + zulu, 1),
    ])  # fmt: skip
    assert (bars[1].start, bars[1].end) == ("2024-02-01" + zulu, "2024-03-01" + zulu)


@given(st.sets(st.dates(), max_size=20))
def test_any_days_stay_ascending_and_bounded(days: set[Any]) -> None:
    held = [Bar(day.isoformat(), day.isoformat(), day.isoformat(), 1) for day in sorted(days)]
    bars = with_empty(held)
    assert len(bars) <= 401 + len(held)
    assert all(one.value < other.value for one, other in pairwise(bars))
    assert sum(bar.count for bar in bars) == len(held)


def test_years_then_months() -> None:
    months = [Bar("2023-11", "2023-11-01", "2023-12-01", 5), Bar("2024-02", "2024-02-01", "2024-03-01", 7),
              Bar("2024-03", "2024-03-01", "2024-04-01", 1)]  # fmt: skip
    years = facet_of("ProduceTime", months)["groups"]
    assert [(group["label"], group["count"]) for group in years] == [("2024", 8), ("2023", 5)]
    assert years[0]["parts"] == time_parts("ProduceTime", "2024-01-01", "2025-01-01")
    within = facet_of("ProduceTime", months[1:])["groups"]
    assert [group["label"] for group in within] == ["2024-03", "2024-02"]
    for group in (*years, *within):
        parts = [part.text for part in read_search(" and ".join(group["parts"])).parts]
        assert parts == group["parts"]  # as the bar writes them again


def test_the_time_of_a_gallery() -> None:
    assert time_field("FileModifiedTime") == "FileModifiedTime"
    assert time_field("Size") == time_field("nothing") == "ProduceTime"
