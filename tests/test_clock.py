"""Instants and their RFC 3339 text."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.clock import day_number, find_zone, format_time, parse_time, parse_zone

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    "text",
    [
        "2021-06-29T14:50:13.011643661+08:00",
        "2022-01-14T10:10:52.83948013+08:00",
        "2025-05-19T16:14:38+08:00",
    ],
)
def test_samples_of_the_vendor_survive_a_round_trip(text: str) -> None:
    assert format_time(parse_time(text), CHINA) == text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ("1970-01-01t00:00:01.000000001z", 1_000_000_001),
    ],
)
def test_parse_time(text: str, instant: int) -> None:
    assert parse_time(text) == instant


@pytest.mark.parametrize(
    "text",
    ["", "2021-06-29", "2021-06-29 14:50:13Z", "2021-13-01T00:00:00Z", "2021-01-01T00:00:00",
     "2021-01-01T00:00:00.1234567890Z", "2021-01-01T00:60:00Z", "2021-01-01T00:00:61Z", "0000-01-01T00:00:00Z",
     "2021-02-29T00:00:00Z", "٢021-01-01T00:00:00Z", "2021-01-01T00:00:00Z\n",
     "2021-01-01T24:00:00Z", "2021-01-01T00:00:00+24:00", "1600000000"],
)  # fmt: skip
def test_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


@given(
    st.integers(min_value=-62_000_000_000 * 10**9, max_value=250_000_000_000 * 10**9),
    st.integers(min_value=-23 * 60, max_value=23 * 60),
)
def test_round_trip(instant: int, minutes: int) -> None:
    assert parse_time(format_time(instant, timezone(timedelta(minutes=minutes)))) == instant


def test_zones() -> None:
    assert parse_zone("+08:00") == CHINA
    assert parse_zone("Z") == UTC
    assert parse_zone("-03:30") == timezone(-timedelta(hours=3, minutes=30))
    with pytest.raises(ValueError, match="zone"):
        parse_zone("Asia/Shanghai")


def test_named_zones_have_their_summer_time() -> None:
    berlin = find_zone("Europe/Berlin")
    summer, winter = parse_time("2024-07-01T22:30:00Z"), parse_time("2024-01-01T22:30:00Z")
    assert format_time(summer, berlin) == "2024-07-02T00:30:00+02:00"
    assert format_time(winter, berlin) == "2024-01-01T23:30:00+01:00"
    assert day_number(summer, berlin) == day_number(summer, UTC) + 1
    assert day_number(winter, berlin) == day_number(winter, UTC)
    assert find_zone("+08:00") == CHINA


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mars",
        "Europe/Atlantis",
        "right/Europe/Berlin",
        "../etc/passwd",
        "Europe",
        "europe berlin",
        "+8",
    ],
)
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        find_zone(text)
