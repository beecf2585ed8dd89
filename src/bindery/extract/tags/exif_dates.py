"""The dates of EXIF, and what EXIF tells of their zone.

Source: EXIF 2.32 sections 4.6.5 (DateTimeOriginal, SubSecTimeOriginal, OffsetTimeOriginal, …) and 4.6.6 (GPSDateStamp,
GPSTimeStamp); TIFF/EP, ISO 12234-2 (TimeZoneOffset).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from bindery.extract.tags.date_forms import LONGEST, parse_date
from bindery.extract.tags.dates import FoundDate, Rank
from bindery.extract.tags.gps import is_void
from bindery.extract.tags.tiff import Directory, Number, Rational

_DATES = {
    Rank.TAKEN: ("DateTimeOriginal", 0x9003, 0x9291, "OffsetTimeOriginal", 0x9011),
    Rank.DIGITIZED: ("DateTimeDigitized", 0x9004, 0x9292, "OffsetTimeDigitized", 0x9012),
    Rank.CHANGED: ("DateTime", 0x0132, 0x9290, "OffsetTime", 0x9010),
}
"""Name and tag, the tag of the fraction, name and tag of the offset."""
_HOURS_EAST = 0x882A
_GPS_TIME, _GPS_DATE = 7, 29


def exif_date(directories: Sequence[Directory], rank: Rank) -> Iterator[FoundDate]:
    """The date of one rank, if it is there."""
    name, tag, fraction_tag, offset_name, offset_tag = _DATES[rank]
    main = _main(directories)
    text = _first(main, tag)
    if text:
        fraction, offset = _first(main, fraction_tag), _first(main, offset_tag)
        yield FoundDate(f"EXIF:{name}", text, rank, fraction, offset, offset_name)


def exif_offsets(directories: Sequence[Directory]) -> Iterator[tuple[str, str]]:
    """Every offset that EXIF tells, with its tag: programs write one and mean all dates."""
    main = _main(directories)
    for _, _, _, name, tag in _DATES.values():
        text = _first(main, tag)
        if text:
            yield text, name
    for directory in main:
        if _HOURS_EAST not in directory.entries:
            continue
        hours = next(iter(directory.numbers(_HOURS_EAST, 4)), None)
        if isinstance(hours, int) and -12 <= hours <= 14:
            yield f"{hours:+03d}:00", "TimeZoneOffset"


def gps_date(directories: Sequence[Directory]) -> Iterator[FoundDate]:
    """The date of the receiver, which is in UTC, if it is there."""
    gps = _gps(directories)
    text = _first([gps], _GPS_DATE) if gps else ""
    if gps and text:
        seconds = _seconds_of_day(gps)
        day = _day(text)
        if day is not None and seconds is not None:
            local = day + timedelta(seconds=int(seconds))
            fraction = f"{seconds % 1:.3f}"[2:]
            yield FoundDate("EXIF:GPSDateStamp", local.isoformat(), Rank.MADE, fraction, utc=True)
        else:
            yield FoundDate("EXIF:GPSDateStamp", text, Rank.MADE, utc=True)


def gps_time(directories: Sequence[Directory]) -> tuple[datetime, bool] | None:
    """The time of the receiver in UTC, and whether its day is told too. Midnight without a day says nothing."""
    gps = _gps(directories)
    seconds = _seconds_of_day(gps) if gps and not is_void(gps) else None
    if gps is None or seconds is None:
        return None
    day = _day(_first([gps], _GPS_DATE))
    if day is None and not seconds:
        return None
    return (day or datetime(2000, 1, 1)) + timedelta(seconds=seconds), day is not None


def _day(text: str) -> datetime | None:
    """The day of the receiver; None where less than a day is told, and for the last one that there is."""
    written = parse_date(text)
    if written is None or written.precision not in ("day", "") or written.local.date() == date.max:
        return None
    return datetime.combine(written.local.date(), time())


def _main(directories: Sequence[Directory]) -> list[Directory]:
    return [found for found in directories if found.name in ("Exif", "IFD0")]


def _gps(directories: Sequence[Directory]) -> Directory | None:
    return next((found for found in directories if found.name == "GPS"), None)


def _seconds_of_day(gps: Directory) -> float | None:
    parts = [_real(value) for value in gps.numbers(_GPS_TIME, 24)[:3]]
    if len(parts) != 3 or None in parts:
        return None
    hour, minute, second = (part or 0.0 for part in parts)
    inside = 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 61
    return hour * 3600 + minute * 60 + second if inside else None


def _real(value: Number) -> float | None:
    if isinstance(value, Rational):
        return value.numerator / value.denominator if value.denominator else None
    return float(value)


def _first(directories: Sequence[Directory], tag: int) -> str:
    for directory in directories:
        if tag in directory.entries:
            text = directory.text(tag, LONGEST)
            if text:
                return text
    return ""
