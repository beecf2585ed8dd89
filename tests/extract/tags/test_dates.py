"""When a file was made: the forms of dates, which of several counts, and in which zone it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.extract.picture_samples import EXIF, GPS, Entries, ascii_text, rational, tiff_bytes

from bindery.clock import parse_time
from bindery.extract.pictures.picture_dates import picture_time
from bindery.extract.tags.date_forms import parse_date, parse_offset, rfc3339
from bindery.extract.tags.dates import FoundDate, Rank, ZoneClues, produce_time
from bindery.extract.tags.tiff import Memory, read_tiff
from bindery.extract.tags.xmp import XmpProperties

TAKEN, DIGITIZED, CHANGED = "2021:06:05 04:03:02", "2022:01:01 00:00:00", "2023:01:01 00:00:00"
BERLIN = (52.52, 13.405)


def found(
    main: Entries,
    xmp: XmpProperties | None = None,
    iptc: dict[int, list[str]] | None = None,
    place: tuple[float, float] | None = None,
    others: Sequence[FoundDate] = (),
    zone: str = "+08:00",
) -> tuple[str, str] | None:
    directories = read_tiff(Memory(tiff_bytes(main))).directories
    moment = picture_time(directories, xmp or {}, iptc or {}, others, place, zone)
    return (moment.text, moment.source) if moment else None


def exif(**texts: str) -> Entries:
    tags = {
        "taken": 0x9003, "taken_part": 0x9291, "taken_offset": 0x9011,
        "digitized": 0x9004, "digitized_part": 0x9292, "digitized_offset": 0x9012,
        "part": 0x9290, "offset": 0x9010,
    }  # fmt: skip
    return {tags[name]: ascii_text(text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("tags", "expected", "source"),
    [
        (exif(taken=TAKEN), "2021-06-05T04:03:02+08:00", "DateTimeOriginal; zone=Setting:+08:00"),
        (
            exif(taken=TAKEN, taken_part="125", taken_offset="-03:30"),
            "2021-06-05T04:03:02.125-03:30",
            "DateTimeOriginal; zone=OffsetTimeOriginal",
        ),
        (
            exif(digitized=DIGITIZED, digitized_offset="+00:00", taken_offset="+05:00"),
            "2022-01-01T00:00:00Z",
            "DateTimeDigitized; zone=OffsetTimeDigitized",
        ),
        # Programs write one offset and mean all dates; a fraction belongs to its own.
        (
            exif(taken=TAKEN, offset="+02:00"),
            "2021-06-05T04:03:02+02:00",
            "DateTimeOriginal; zone=OffsetTime",
        ),
        (
            exif(taken=TAKEN, digitized_offset="+0200", part="5"),
            "2021-06-05T04:03:02+02:00",
            "DateTimeOriginal; zone=OffsetTimeDigitized",
        ),
        (
            exif(taken="0000:00:00 00:00:00", digitized=DIGITIZED),
            "2022-01-01T00:00:00+08:00",
            "DateTimeDigitized; zone=Setting:+08:00",
        ),
        (exif(taken="    :  :     :  :  "), "2023-01-01T00:00:00+08:00", "DateTime; zone=Setting:+08:00"),
        ({}, "2023-01-01T00:00:00+08:00", "DateTime; zone=Setting:+08:00"),
    ],
)
def test_the_first_usable_date_of_exif_counts(tags: Entries, expected: str, source: str) -> None:
    assert found({0x0132: ascii_text(CHANGED), EXIF: tags}) == (expected, f"EXIF:{source}")


def test_a_picture_without_dates_has_no_time() -> None:
    assert found({}) is None
    assert produce_time([], ZoneClues("+08:00")) is None


IPTC = {55: ["20200102"], 60: ["030405+0200"]}


@pytest.mark.parametrize(
    ("main", "xmp", "iptc", "expected"),
    [
        (  # the three dates of the guidelines: EXIF, XMP, IPTC within each
            {EXIF: exif(digitized=DIGITIZED)},
            {"photoshop:DateCreated": ["2024-11-17T12:00:00-05:30"]},
            IPTC,
            ("2024-11-17T12:00:00-05:30", "XMP:photoshop:DateCreated; zone=Own"),
        ),
        (
            {EXIF: exif(digitized=DIGITIZED)},
            {"xmp:CreateDate": ["2024-11-17"]},
            IPTC,
            ("2020-01-02T03:04:05+02:00", "IPTC:DateCreated; zone=Own"),
        ),
        ({}, {"photoshop:DateCreated": ["1921"]}, {}, ("1921-01-01T00:00:00+08:00", "precision=year")),
        ({}, {"photoshop:DateCreated": ["1921-07"]}, {}, ("1921-07-01T00:00:00+08:00", "precision=month")),
        ({}, {"xmp:ModifyDate": ["2021-07-04"]}, {}, ("2021-07-04T00:00:00+08:00", "precision=day")),
        (  # a time of day tells more than a day, within one of the three dates only
            {},
            {"photoshop:DateCreated": ["2020-01-02"], "xmp:CreateDate": ["2020-01-03T10:00:00"]},
            {55: ["20200102"], 60: ["030405"]},
            ("2020-01-02T03:04:05+08:00", "IPTC:DateCreated; zone=Setting:+08:00"),
        ),
        (
            {},
            {"photoshop:DateCreated": ["2020-01-02"], "xmp:CreateDate": ["2020-01-03T10:00:00"]},
            {},
            ("2020-01-02T00:00:00+08:00", "XMP:photoshop:DateCreated; zone=Setting:+08:00; precision=day"),
        ),
        (  # the same moment where there is room for its zone
            {EXIF: exif(taken="2020:01:02 03:04:05")},
            {"exif:DateTimeOriginal": ["2020-01-02T03:04:05.12-03:00"]},
            {},
            ("2020-01-02T03:04:05-03:00", "EXIF:DateTimeOriginal; zone=XMP:exif:DateTimeOriginal"),
        ),
        (  # another moment tells nothing of it
            {EXIF: exif(taken="2020:01:02 03:04:05")},
            {"xmp:CreateDate": ["2020-01-02T04:04:05-03:00"]},
            {},
            ("2020-01-02T03:04:05+08:00", "EXIF:DateTimeOriginal; zone=Setting:+08:00"),
        ),
    ],
)
def test_xmp_and_iptc_stand_beside_exif(
    main: Entries, xmp: XmpProperties, iptc: dict[int, list[str]], expected: tuple[str, str]
) -> None:
    time, source = found(main, xmp, iptc) or ("", "")
    assert time == expected[0]
    assert source.endswith(expected[1])


def gps(clock: tuple[int, int, int], day: str = "") -> Entries:
    entries: Entries = {7: rational(*((part, 1) for part in clock))}
    return {**entries, 29: ascii_text(day)} if day else entries


@pytest.mark.parametrize(
    ("taken", "receiver", "place", "expected"),
    [
        ("2024:07:01 12:00:00", gps((10, 0, 0), "2024:07:01"), BERLIN, "+02:00; zone=GPSTimeStamp"),
        ("2024:07:01 12:02:30", gps((10, 0, 0), "2024:07:01"), None, "+02:00; zone=GPSTimeStamp"),
        ("2024:07:01 02:00:00", gps((20, 15, 0), "2024:06:30"), None, "+05:45; zone=GPSTimeStamp"),
        ("2024:07:01 01:00:00", gps((23, 0, 0)), None, "+02:00; zone=GPSTimeStamp"),
        # The camera stayed at home; what counts is its clock.
        ("2024:07:01 06:00:00", gps((10, 0, 0), "2024:07:01"), BERLIN, "-04:00; zone=GPSTimeStamp"),
        # A position of half an hour ago, of another day, or on the camera's clock: the place tells the zone.
        ("2024:07:01 12:37:00", gps((10, 0, 0), "2024:07:01"), BERLIN, "+02:00; zone=Place:Europe/Berlin"),
        ("2024:07:03 12:00:00", gps((10, 0, 0), "2024:07:01"), BERLIN, "+02:00; zone=Place:Europe/Berlin"),
        ("2024:07:01 12:00:00", gps((12, 0, 0), "2024:07:01"), BERLIN, "+02:00; zone=Place:Europe/Berlin"),
        ("2024:01:01 12:00:00", {}, BERLIN, "+01:00; zone=Place:Europe/Berlin"),
        ("2024:01:01 12:00:00", {}, (30.0, -40.0), "-03:00; zone=Place:Etc/GMT+3"),
        ("2024:01:01 12:00:00", gps((0, 0, 0)), None, "+08:00; zone=Setting:+08:00"),
    ],
)
def test_gps_tells_the_zone(
    taken: str, receiver: Entries, place: tuple[float, float] | None, expected: str
) -> None:
    time, source = found({EXIF: exif(taken=taken), GPS: receiver}, place=place) or ("", "")
    assert time[19:] + source.removeprefix("EXIF:DateTimeOriginal") == expected


def test_the_date_of_gps_stands_in() -> None:
    assert found({GPS: gps((10, 0, 30), "2024:07:01")}) == (
        "2024-07-01T10:00:30Z",
        "EXIF:GPSDateStamp; zone=UTC",
    )
    assert found({GPS: {29: ascii_text("2024:07:01")}}, place=BERLIN) == (
        "2024-07-01T00:00:00+02:00",
        "EXIF:GPSDateStamp; zone=Place:Europe/Berlin; precision=day",
    )


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        (gps((24, 0, 0), "2024:07:01"), "2024-07-01T00:00:00+08:00"),
        (gps((23, 59, 60), "9999:12:31"), "9999-12-31T00:00:00+08:00"),
        (gps((23, 59, 60), "2024:12:31"), "2025-01-01T00:00:00Z"),
        (gps((10, 0, 0), "2024-07-01"), "2024-07-01T10:00:00Z"),
        (gps((10, 0, 0), "2024"), "2024-01-01T00:00:00+08:00"),
        (gps((10, 0, 0), "0000:00:00"), None),
        (gps((10, 0, 0), "2023:02:29"), None),
    ],
)
def test_odd_times_of_receivers(receiver: Entries, expected: str | None) -> None:
    moment = found({GPS: receiver})
    assert (moment and moment[0]) == expected
    assert found({EXIF: exif(taken="2024:07:01 12:00:00"), GPS: receiver}) is not None


@pytest.mark.parametrize(
    ("zone", "place", "expected"),
    [
        ("+08:00", None, "2024-07-01T22:30:00Z"),
        ("+05:30", None, "2024-07-02T04:00:00+05:30"),
        ("Europe/Berlin", None, "2024-07-02T00:30:00+02:00"),
        ("+08:00", BERLIN, "2024-07-02T00:30:00+02:00"),
    ],
)
def test_what_is_told_in_utc_is_shown_where_it_was_or_by_the_setting(
    zone: str, place: tuple[float, float] | None, expected: str
) -> None:
    date = FoundDate("Container:creation_time", "2024-07-01T22:30:00Z", utc=True)
    moment = produce_time([date], ZoneClues(zone, place=place))
    assert moment is not None
    assert moment.text == expected
    assert "zone=UTC" in moment.source


def test_the_last_day_that_there_is_stays_in_utc_where_no_clock_can_show_it() -> None:
    last = FoundDate("Container:creation_time", "9999-12-31T23:59:59Z", Rank.DIGITIZED, utc=True)
    for zone in ("Europe/Berlin", "-05:00"):
        moment = produce_time([last], ZoneClues(zone))
        assert moment is not None
        assert moment.text in ("9999-12-31T23:59:59Z", "9999-12-31T18:59:59-05:00")


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2024:03:30 12:00:00", "+01:00"),
        ("2024:03:31 12:00:00", "+02:00"),
        ("2024:10:27 02:30:00", "+02:00"),  # twice on that night; the first
        ("2024:03:31 02:30:00", "+01:00"),  # by no clock: as if it had not been put forward yet
        ("9999:12:31 23:59:59", "+01:00"),
        ("1880:01:01 12:00:00", "+00:53"),
    ],
)
def test_named_zones_have_their_summer_time(local: str, expected: str) -> None:
    time, _ = found({EXIF: exif(taken=local)}, zone="Europe/Berlin") or ("", "")
    assert time[19:] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024:11:17 17:50:19", "2024-11-17T17:50:19"),
        ("2024-11-17T17:50:19+02:00", "2024-11-17T17:50:19+02:00"),
        ("2024:11:17 17:50:19+09:00", "2024-11-17T17:50:19+09:00"),
        ("2024:11:17 17:50:19.25 -03:30", "2024-11-17T17:50:19.25-03:30"),
        ("2024:11:17 17:50:19+0800", "2024-11-17T17:50:19+08:00"),
        ("2024:11:17 17:50:19 +8", "2024-11-17T17:50:19+08:00"),
        ("2024:11:17 17:50:19Z", "2024-11-17T17:50:19Z"),
        ("2024:11:17 17:50:19 UTC", "2024-11-17T17:50:19Z"),
        ("2024:11:17 17:50:19 GMT+02:00", "2024-11-17T17:50:19+02:00"),
        ("2024:11:17 17:50:19 EDT", "2024-11-17T17:50:19-04:00"),
        ("2024:11:17 05:50:19 PM", "2024-11-17T17:50:19"),
        ("2024:11:17 05:50:19PM+01:00", "2024-11-17T17:50:19+01:00"),
        ("2024:11:17 12:50:19 a.m.", "2024-11-17T00:50:19"),
        ("2024:11:17 12:50:19 PM", "2024-11-17T12:50:19"),
        ("2024:11:17 下午05:50:19", "2024-11-17T17:50:19"),
        ("2024:1:7 7:05:09", "2024-01-07T07:05:09"),
        ("2024:11:17 24:00:00", "2024-11-18T00:00:00"),
        ("2016:12:31 23:59:60", "2017-01-01T00:00:00"),
        ("2024/11/17 17:50", "2024-11-17T17:50:00"),
        ("2024.11.17  17:50:19,25", "2024-11-17T17:50:19.25"),
        ("2017-04-12 10.11.12", "2017-04-12T10:11:12"),
        ("2024:11:17:17:50:19", "2024-11-17T17:50:19"),
        ("2024:11:17 17:50:19 nonsense", "2024-11-17T17:50:19"),
        ("2024:02:29 00:00:00", "2024-02-29T00:00:00"),
        ("20241117T175019Z", "2024-11-17T17:50:19Z"),
        ("D:20120514120000+02'00'", "2012-05-14T12:00:00+02:00"),
        ("D:20120514120000-0330", "2012-05-14T12:00:00-03:30"),
        ("D:20120514120000Z00'00'", "2012-05-14T12:00:00Z"),
        ("D:201205141200", "2012-05-14T12:00:00"),
        ("D:2012", "2012 year"),
        ("D:201712", "2017-12 month"),
        ("20120514", "2012-05-14 day"),
        ("2024:11:17", "2024-11-17 day"),
        ("2024-11-17-05:30", "2024-11-17-05:30 day"),
        ("2024:11:17   :  :  ", "2024-11-17 day"),
        ("1921-07", "1921-07 month"),
        ("1921", "1921 year"),
        ("1921-00-00", "1921 year"),
        ("Sat, 17 Nov 2024 17:50:19 GMT", "2024-11-17T17:50:19Z"),
        ("Sat, 17 Nov 2024 17:50:19 -0330", "2024-11-17T17:50:19-03:30"),
        ("Thu May 09 15:21:07 2019\n", "2019-05-09T15:21:07"),
        ("17 Nov 2024", "2024-11-17 day"),
        ("Sun 17 Nov 2024 05:50:19 PM CET", "2024-11-17T17:50:19+01:00"),
        ("Sunday, November 17, 2024 5:50:19 PM", "2024-11-17T17:50:19"),
        ("Sun Nov 17 17:50:19 CET 2024", "2024-11-17T17:50:19+01:00"),
        ("Sun Nov 17 17:50:19 2024 -0330", "2024-11-17T17:50:19-03:30"),
        ("November 17, 2024 at 17:50", "2024-11-17T17:50:00"),
        ("17-Nov-2024 17:50:19", "2024-11-17T17:50:19"),
        ("2024-Nov-17 17:50:19", "2024-11-17T17:50:19"),
        ("17.11.2024 17:50:19", "2024-11-17T17:50:19"),
        ("11/17/2024 05:50 PM", "2024-11-17T17:50:00"),
        ("17/11/2024 17:50", "2024-11-17T17:50:00"),
        ("11/12/2024 17:50", None),
        ("2024年11月17日 17时50分19秒", "2024-11-17T17:50:19"),
        ("2024:11:17 오후 5:50:19", "2024-11-17T17:50:19"),
        ("2024:11:17 午前 5:50:19", "2024-11-17T05:50:19"),
        ("2024:11:17 5:50:19 p. m.", "2024-11-17T17:50:19"),
        ("2024:11:17-17:50:19", "2024-11-17T17:50:19"),
        ("2024-11-17_17-50-19", "2024-11-17T17:50:19"),
        ("2024-11-17T17:50:19+02:00[Europe/Berlin]", "2024-11-17T17:50:19+02:00"),
        ("2024-11-17T17:50:19 Europe/Berlin", "2024-11-17T17:50:19+01:00"),
        ("2024-07-17T17:50:19[Europe/Berlin]", "2024-07-17T17:50:19+02:00"),
        ("2024-07-17 17:50:19 America/Argentina/Ushuaia", "2024-07-17T17:50:19-03:00"),
        ("2024-07-17 17:50:19 Etc/GMT+5", "2024-07-17T17:50:19-05:00"),
        ("2024-07-17 17:50:19 Nowhere/Here", "2024-07-17T17:50:19"),
        ("2024-07-17 17:50:19 ../../etc/passwd", "2024-07-17T17:50:19"),
        ("2024-11-17T17:50:19−05:00", "2024-11-17T17:50:19-05:00"),
        ("2024-11-17 17：50：19", "2024-11-17T17:50:19"),
        ("2024-07-17 17:50:19 EEST", "2024-07-17T17:50:19+03:00"),
        ("Wed Jul 17 17:50:19 NZST 2024", "2024-07-17T17:50:19+12:00"),
        ("2024-07-17 17:50:19 IST", "2024-07-17T17:50:19"),  # of India, Israel or Ireland
        ("9999:12:31 23:59:59", "9999-12-31T23:59:59"),
        ("0001-01-01T00:00:00Z", None),
        ("0001:01:01 00:00:00", None),
        ("00010101000000", None),
        ("2024 was a year", None),
        ("1234 5678", None),
        ("2023:02:30 00:00:00", None),
        ("2023:02:29 00:00:00", None),
        ("2024:13:01 00:00:00", None),
        ("2024:01:01 24:00:01", None),
        ("2024:01:01 12:61:00", None),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("D:20121399", None),
        ("9999:12:31 24:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_forms_of_dates(text: str, expected: str | None) -> None:
    written = parse_date(text)
    assert (shown(text) if written else None) == expected


def shown(text: str) -> str:
    written = parse_date(text)
    assert written is not None
    whole = rfc3339(written, written.offset or 0).removesuffix("Z")
    offset = "Z" if written.offset == 0 else ""
    lengths = {"year": 4, "month": 7, "day": 10}
    if written.precision:
        own = whole[19:] if written.offset else ""
        return f"{whole[: lengths[written.precision]]}{own} {written.precision}"
    return whole + offset


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [("941", ".941"), ("006", ".006"), ("  ", ""), ("500", ".5"), ("1234567890123", ".123456789")],
)
def test_the_fraction_stands_apart(fraction: str, expected: str) -> None:
    written = parse_date("2024:11:17 17:50:19.7" if not expected else "2024:11:17 17:50:19", fraction)
    assert written is not None
    assert rfc3339(written, 345) == f"2024-11-17T17:50:19{expected}+05:45"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+08:00", 480), (" -03:30 ", -210), ("z", 0), ("+8", 480), ("+0530", 330), ("+24:00", None), ("+08:61", None),
        ("", None), ("east", None), ("PST", -480),
    ],
)  # fmt: skip
def test_the_forms_of_offsets(text: str, minutes: int | None) -> None:
    assert parse_offset(text) == minutes


@given(st.text(max_size=80), st.text(max_size=12), st.text(max_size=8))
def test_arbitrary_texts_are_a_time_or_none(date: str, fraction: str, offset: str) -> None:
    moment = produce_time(
        [FoundDate("EXIF:DateTime", date, Rank.TAKEN, fraction, offset)], ZoneClues("Asia/Kathmandu")
    )
    assert moment is None or isinstance(parse_time(moment.text), int)


_PIECES = st.sampled_from([*"0123456789:/-. T+Zz'D", "PM", "2024", "11", "00", "GMT", "Nov", "上午"])


@given(st.lists(_PIECES, max_size=24).map("".join))
def test_texts_made_of_pieces_of_dates_are_a_time_or_none(text: str) -> None:
    moment = produce_time([FoundDate("EXIF:DateTime", text, utc=True)], ZoneClues("Europe/Berlin"))
    assert moment is None or isinstance(parse_time(moment.text), int)


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(
        [
            "%Y:%m:%d %H:%M:%S",
            "%Y-%m-%dT%H:%M:%S",
            "%Y%m%dT%H%M%S",
            "D:%Y%m%d%H%M%S",
            "%Y.%m.%d %I:%M:%S %p",
        ]
    ),
)
def test_every_moment_comes_back_from_every_form(local: datetime, minutes: int, form: str) -> None:
    """The instant is that of Python's own arithmetic."""
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    moment = produce_time([FoundDate("a", local.strftime(form) + offset)], ZoneClues("+08:00"))
    assert moment is not None
    utc = local.replace(microsecond=0) - timedelta(minutes=minutes)
    assert parse_time(moment.text) == int((utc - datetime(1970, 1, 1)).total_seconds()) * 10**9
