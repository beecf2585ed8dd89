"""Positions from GPS tags, held against exiftool."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.extract.picture_samples import (
    GPS,
    PLACE,
    Value,
    ascii_text,
    double,
    exiftool_all,
    long,
    rational,
    signed_rational,
    tiff_bytes,
    undefined,
)

from bindery.extract.tags.gps import gps_position, lat_long
from bindery.extract.tags.tiff import Memory, read_tiff


def position(tags: dict[int, Value], order: str = "<") -> tuple[float, float] | None:
    return gps_position(read_tiff(Memory(tiff_bytes({GPS: tags}, order=order))).directories)


def tags(south: str, latitude: Value, west: str, longitude: Value) -> dict[int, Value]:
    return {1: ascii_text(south), 2: latitude, 3: ascii_text(west), 4: longitude}


PLACES = {
    "degrees, minutes and seconds": tags(
        "N", rational((30, 1), (27, 1), (3512, 100)), "E", rational((120, 1), (4, 1), (2999, 100))
    ),
    "southern and western": tags(
        "S", rational((54, 1), (48, 1), (0, 1)), "W", rational((68, 1), (18, 1), (59, 1))
    ),
    "minutes with decimals": tags(
        "N", rational((38, 1), (43338, 1000), (0, 1)), "W", rational((9, 1), (8358, 1000), (0, 1))
    ),
    "degrees with decimals": tags(
        "N", rational((387223, 10000), (0, 1), (0, 1)), "W", rational((91393, 10000), (0, 1), (0, 1))
    ),
    "the ends of the earth": tags(
        "S", rational((90, 1), (0, 1), (0, 1)), "W", rational((180, 1), (0, 1), (0, 1))
    ),
}


def test_positions_are_those_of_exiftool(tmp_path: Path) -> None:
    for number, place in enumerate(PLACES.values()):
        (tmp_path / f"{number}.tif").write_bytes(tiff_bytes({GPS: place}))
    judged = exiftool_all(sorted(tmp_path.iterdir()))
    assert len(judged) == len(PLACES)
    for number, (name, place) in enumerate(PLACES.items()):
        expected = judged[f"{number}.tif"]["GPSLatitude"], judged[f"{number}.tif"]["GPSLongitude"]
        assert position(place) == pytest.approx(expected, abs=1e-9), name


@pytest.mark.parametrize("order", ["<", ">"])
def test_wellington(order: str) -> None:
    assert position(PLACE, order) == pytest.approx((-41.286622, 174.775775), abs=1e-6)


NOTHING = rational((0, 1), (0, 1), (0, 1))


def test_where_the_meridian_meets_the_equator_is_no_place() -> None:
    """What receivers without a fix, and phones that hide where they are, write."""
    assert position(tags("N", NOTHING, "E", NOTHING)) is None
    assert position(tags("N", NOTHING, "E", rational((5, 1)))) == (0.0, 5.0)


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("52,00000,50,00000,34,01180", "11,00000,10,00000,58,28640", (52.842781, 11.182857)),
        ("52.5", "13.4", (52.5, 13.4)),
        ("52 30 36.5", "13 24 0", (52.510139, 13.4)),
        ("52/1 30/1 73/2", "13/1,24/1,0/1", (52.510139, 13.4)),
        ("52 deg 30' 36.5\"", "13 deg 24' 0\"", (52.510139, 13.4)),
        ("52,5", "13,4", None),
        ("52,30,36,5", "13", None),
        ("", "13", None),
        ("here", "there", None),
        ("152.5", "13.4", None),
        ("-52.5", "13.4", None),
        ("52/0", "13", None),
    ],
)
def test_a_position_in_text_is_the_text_or_none(
    latitude: str, longitude: str, expected: tuple[float, float] | None
) -> None:
    found = position(tags("N", ascii_text(latitude), "E", ascii_text(longitude)))
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_a_position_is_never_made_of_bytes_without_meaning() -> None:
    assert position(tags("N", undefined(b"4567"), "E", undefined(b"4567"))) is None


def test_a_hemisphere_in_the_text_itself_and_one_that_is_told_twice() -> None:
    assert position({2: ascii_text("33.5S"), 4: ascii_text("70.5 W")}) == (-33.5, -70.5)
    assert position(tags("S", signed_rational((-67, 2)), "W", signed_rational((-141, 2)))) == (-33.5, -70.5)


def test_a_reference_in_small_letters_or_as_a_word_counts() -> None:
    place = tags("south", rational((1, 1)), "w", rational((2, 1)))
    assert position(place) == (-1.0, -2.0)


def test_numbers_of_other_types_count() -> None:
    assert position(tags("N", double(12.5), "E", long(7))) == (12.5, 7.0)


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_part_that_is_missing_makes_no_position(missing: int) -> None:
    assert position({tag: value for tag, value in PLACE.items() if tag != missing}) is None


@pytest.mark.parametrize(
    "wrong",
    [
        tags("N", rational((0, 0), (0, 0), (0, 0)), "E", rational((1, 1))),
        tags("N", rational((91, 1)), "E", rational((1, 1))),
        tags("N", rational((1, 1)), "E", rational((181, 1))),
        tags("N", double(float("nan")), "E", double(1.0)),
        tags("N", double(-1.0), "E", double(1.0)),
        tags("X", rational((1, 1)), "E", rational((1, 1))),
        tags("", rational((1, 1)), "E", rational((1, 1))),
    ],
)
def test_what_is_no_place_on_earth_makes_no_position(wrong: dict[int, Value]) -> None:
    assert position(wrong) is None


def test_no_gps_directory_makes_no_position() -> None:
    assert gps_position([]) is None


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((30.459756, 120.074997), "30.459756,120.074997"),
        ((-0.0, 0.0), "0.000000,0.000000"),
        ((-1e-9, 1e-9), "0.000000,0.000000"),
        ((-90, 180), "-90.000000,180.000000"),
        ((1 / 3, -2 / 3), "0.333333,-0.666667"),
    ],
)
def test_the_text_is_that_of_the_vendors_samples(place: tuple[float, float], text: str) -> None:
    assert lat_long(*place) == text


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_the_text_names_the_place_to_a_metre(latitude: float, longitude: float) -> None:
    text = lat_long(latitude, longitude)
    assert [float(part) for part in text.split(",")] == pytest.approx([latitude, longitude], abs=5.1e-7)
    assert "-0.000000" not in text


def test_a_receiver_without_a_fix_is_nowhere() -> None:
    place = PLACES["degrees, minutes and seconds"]
    assert position({**place, 9: ascii_text("A")}) == position(place)
    assert position({**place, 9: ascii_text("V")}) is None
