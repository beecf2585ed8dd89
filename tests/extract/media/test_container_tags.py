"""Positions and dates as containers write them."""

from __future__ import annotations

import pytest

from bindery.extract.media.container_tags import parse_position, recorded
from bindery.extract.media.media_tags import MediaTags
from bindery.extract.media.tag_blocks.raw_tags import RawTags


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("+30.2830+120.0290/", (30.283, 120.029)),
        ("-33.8688+151.2093+010.500/", (-33.8688, 151.2093)),
        ("+40-075/", (40.0, -75.0)),
        # The examples of ISO 6709, annex H: minutes, then minutes and seconds.
        ("+4012.22-07500.25/", (40.2036666667, -75.0041666667)),
        ("+401213.1-0750015.1/", (40.2036388889, -75.0041944444)),
        ("+27.5916+086.5640+8850CRSWGS_84/", (27.5916, 86.564)),
        # Android's muxer leaves out zeros in front.
        ("+51.5932-0.2431/", (51.5932, -0.2431)),
        ("-5.25+9.75/", (-5.25, 9.75)),
        ("+4012.22-7500.25/", (40.2036666667, -75.0041666667)),
        # Annex D, for people.
        ("50°40′46.461″N 95°48′26.533″W", (50.6795725, -95.8073702778)),
        ('50°03′46"S 125°48′26"E', (-50.0627777778, 125.8072222222)),
    ],
)
def test_positions_of_iso_6709(text: str, position: tuple[float, float]) -> None:
    assert parse_position(text) == pytest.approx(position, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Berlin",
        "+00.0000+000.0000/",
        "+0-0/",
        "+4099.0-07500.0/",
        "+91.0+000.0/",
        "+10.0+181.0/",
        "+30.2830",
        "+nan+nan/",
        "30.1,120.2",
        "+" + "9" * 9000,
    ],
)
def test_what_is_no_position(text: str) -> None:
    assert parse_position(text) is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2022-04-24T02:39:57.000000Z", "2022-04-24T02:39:57Z"),
        ("2019-05-09T15:21:07+0200", "2019-05-09T15:21:07+02:00"),
        ("2019-05-09T15:21:07-03:30", "2019-05-09T15:21:07-03:30"),
        ("2003-03-10 15:04:43", "2003-03-10T15:04:43+08:00"),
        ("2022-04-24T02:39:57.250000Z", "2022-04-24T02:39:57.25Z"),
        ("2019-05-09T15:21:07+9999", "2019-05-09T15:21:07+08:00"),
        ("1904-01-01T00:00:00.000000Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00+0200", None),
        ("2019", "2019-01-01T00:00:00+08:00"),
        ("2019-13-41T99:99:99Z", None),
        ("", None),
    ],
)
def test_dates(text: str, time: str | None) -> None:
    moment = recorded(MediaTags(RawTags()), {"creation_time": text}, "avi", "+08:00")
    assert (moment and moment.text) == time
