"""When a picture was taken: which date counts, with what fraction and offset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.extract.picture_samples import EXIF, Entries, ascii_text, tiff_bytes

from bindery.clock import parse_time
from bindery.extract.tags.produce_time import exif_time, offset_text, produce_time
from bindery.extract.tags.tiff import Memory, read_tiff

TAKEN, DIGITIZED, CHANGED = "2021:06:05 04:03:02", "2022:01:01 00:00:00", "2023:01:01 00:00:00"


def moment(main: Entries, others: dict[str, str] | None = None, zone: str = "+08:00") -> str | None:
    return produce_time(read_tiff(Memory(tiff_bytes(main))).directories, others or {}, zone)


def exif(**texts: str) -> Entries:
    tags = {
        "taken": 0x9003, "taken_part": 0x9291, "taken_offset": 0x9011,
        "digitized": 0x9004, "digitized_part": 0x9292, "digitized_offset": 0x9012,
        "part": 0x9290, "offset": 0x9010,
    }  # fmt: skip
    return {tags[name]: ascii_text(text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (exif(taken=TAKEN), "2021-06-05T04:03:02+08:00"),
        (exif(taken=TAKEN, taken_part="125", taken_offset="-03:30"), "2021-06-05T04:03:02.125-03:30"),
        (exif(taken=TAKEN, digitized=DIGITIZED), "2021-06-05T04:03:02+08:00"),
        (exif(digitized=DIGITIZED, digitized_offset="+00:00"), "2022-01-01T00:00:00Z"),
        # An offset or a fraction belongs to its own date only.
        (exif(taken=TAKEN, digitized_offset="+02:00", part="5"), "2021-06-05T04:03:02+08:00"),
        (exif(taken="0000:00:00 00:00:00", digitized=DIGITIZED), "2022-01-01T00:00:00+08:00"),
        (exif(taken="    :  :     :  :  "), "2023-01-01T00:00:00+08:00"),
        ({}, "2023-01-01T00:00:00+08:00"),
    ],
)
def test_the_first_usable_date_counts(tags: Entries, expected: str) -> None:
    assert moment({0x0132: ascii_text(CHANGED), EXIF: tags}) == expected


def test_a_picture_without_dates_has_no_time() -> None:
    assert moment({}) is None
    assert produce_time([], {}, "+08:00") is None


def test_dates_from_elsewhere_stand_in_for_the_tag_of_their_name() -> None:
    digitized = {EXIF: exif(digitized=DIGITIZED)}
    assert (
        moment(digitized, {"DateTimeOriginal": "2020:01:02 03:04:05.5+02:00"})
        == "2020-01-02T03:04:05.5+02:00"
    )
    assert moment(digitized, {"DateTime": CHANGED}) == "2022-01-01T00:00:00+08:00"
    assert moment({EXIF: exif(taken=TAKEN)}, {"DateTimeOriginal": CHANGED}) == "2021-06-05T04:03:02+08:00"
    assert moment({}, {"DateTimeOriginal": "2020:01:02 03:04:05Z"}) == "2020-01-02T03:04:05Z"
    assert moment({}, {"DateTimeOriginal": "2020:01:02"}) is None


@pytest.mark.parametrize(
    ("date", "fraction", "offset", "expected"),
    [
        ("2024:11:17 17:50:19", "941", "+08:00", "2024-11-17T17:50:19.941+08:00"),
        ("2024:11:17 17:50:19", "006", None, "2024-11-17T17:50:19.006+05:45"),
        ("2024:11:17 17:50:19", "  ", " ", "2024-11-17T17:50:19+05:45"),
        ("2024:11:17 17:50:19", "500", "Z", "2024-11-17T17:50:19.5Z"),
        ("2024:11:17 17:50:19", "1234567890123", None, "2024-11-17T17:50:19.123456789+05:45"),
        ("2024-11-17T17:50:19", None, "nonsense", "2024-11-17T17:50:19+05:45"),
        ("2024/11/17 17:50", None, None, "2024-11-17T17:50:00+05:45"),
        ("2024.11.17  17:50:19.25", None, None, "2024-11-17T17:50:19.25+05:45"),
        ("2024:02:29 00:00:00", None, None, "2024-02-29T00:00:00+05:45"),
        ("2023:02:29 00:00:00", None, None, None),
        ("2024:13:01 00:00:00", None, None, None),
        ("2024:01:01 24:00:01", None, None, None),
        ("0000:00:00 00:00:00", None, None, None),
        ("2024:11:17", None, None, None),
        ("", None, None, None),
        (None, "5", "+01:00", None),
    ],
)
def test_exif_time(
    date: str | None, fraction: str | None, offset: str | None, expected: str | None
) -> None:
    assert exif_time(date, fraction, offset, "+05:45") == expected


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("+08:00", "+08:00"),
        (" -03:30 ", "-03:30"),
        ("z", "Z"),
        ("+8", None),
        ("", None),
        (None, None),
        ("+24:00", None),
    ],
)
def test_offset_text(text: str | None, offset: str | None) -> None:
    assert offset_text(text) == offset


@given(st.text(max_size=40), st.text(max_size=12), st.text(max_size=8))
def test_arbitrary_texts_are_a_time_or_none(date: str, fraction: str, offset: str) -> None:
    found = exif_time(date, fraction, offset, "+08:00")
    assert found is None or isinstance(parse_time(found), int)


@given(st.datetimes().filter(lambda moment: moment.year > 1), st.integers(0, 999))
def test_every_date_comes_back(date: object, fraction: int) -> None:
    text = f"{date:%Y:%m:%d %H:%M:%S}".rjust(19, "0")
    found = exif_time(text, f"{fraction:03d}", "+00:00", "+08:00")
    assert found is not None
    assert found[:19] == f"{date:%Y-%m-%dT%H:%M:%S}".rjust(19, "0")
    assert parse_time(found) % 1_000_000_000 == fraction * 1_000_000
