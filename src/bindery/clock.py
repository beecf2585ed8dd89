"""Instants as integers: nanoseconds since 1970-01-01T00:00:00Z, and their RFC 3339 text."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_TIME_OF_DAY = re.compile(r"[Tt](\d\d):(\d\d):(\d\d)", re.ASCII)
_FRACTION_AND_OFFSET = re.compile(r"(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ZONE_NAME = re.compile(r"(?!right/|posix)[A-Za-z][A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
_NANOSECONDS = 1_000_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DEFAULT_ZONE = timezone(timedelta(hours=8))


def now_ns() -> int:
    """The present instant."""
    return time.time_ns()


def format_time(instant_ns: int, zone: tzinfo = DEFAULT_ZONE) -> str:
    """RFC 3339 text as the vendor prints it: trailing zeros of the fraction dropped, offset kept.

    Source: samples of api-imm-2020-09-30-struct-file, e.g. ``2022-01-14T10:10:52.83948013+08:00``.
    """
    seconds, fraction = divmod(instant_ns, _NANOSECONDS)
    text, offset = _whole_second(seconds, zone)
    return f"{text}.{fraction:09d}".rstrip("0") + offset if fraction else text + offset


@lru_cache(maxsize=4096)
def _whole_second(seconds: int, zone: tzinfo) -> tuple[str, str]:
    """Date and time, and the offset. Cached: polled times and the times of one scan repeat."""
    local = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    return local.replace(tzinfo=None).isoformat(timespec="seconds"), _offset_text(local)


def day_number(instant_ns: int, zone: tzinfo = DEFAULT_ZONE) -> int:
    """The day of an instant in a zone, counted since 1970-01-01."""
    return (instant_ns // _NANOSECONDS + seconds_east(zone, instant_ns)) // 86_400


def seconds_east(zone: tzinfo, instant_ns: int) -> int:
    """How far the clocks of a zone are ahead of UTC at an instant."""
    local = (_EPOCH + timedelta(seconds=instant_ns // _NANOSECONDS)).astimezone(zone)
    return int((local.utcoffset() or timedelta()).total_seconds())


def day_text(day: int) -> str:
    """``2026-01-31``. Raises ValueError, OverflowError for what lies outside of the years 1 to 9999."""
    return date.fromordinal(day + _EPOCH_DAY).isoformat()


def parse_day(text: str) -> int:
    """The number of ``2026-01-31``. Raises ValueError for anything else."""
    if not _DAY.fullmatch(text):
        raise ValueError(f"not a day such as 2026-01-31: {text[:64]!r}")
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


def parse_time(text: str) -> int:
    """The instant an RFC 3339 text names; 0 to 9 fraction digits, ``Z`` or a numeric offset.

    Raises ValueError when the text is not RFC 3339.
    """
    try:
        seconds = _day_seconds(text[:10]) + _second_of_day(text[10:19])
        offset, fraction = _offset_and_fraction(text[19:])
    except ValueError:
        raise ValueError(f"not an RFC 3339 time: {text[:64]!r}") from None
    return (seconds - offset) * _NANOSECONDS + fraction


# In parts, because the parts of many times are the same: what was found of one is looked up for the others.


@lru_cache(maxsize=4096)
def _day_seconds(text: str) -> int:
    return parse_day(text) * 86_400


@lru_cache(maxsize=16_384)
def _second_of_day(text: str) -> int:
    match = _TIME_OF_DAY.fullmatch(text)
    hour, minute, second = map(int, match.group(1, 2, 3)) if match else (24, 0, 0)
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        raise ValueError(f"not a time of day: {text!r}")
    return hour * 3_600 + minute * 60 + second


@lru_cache(maxsize=256)
def _offset_and_fraction(text: str) -> tuple[int, int]:
    """Of the end of a time: seconds east of UTC, and nanoseconds."""
    match = _FRACTION_AND_OFFSET.fullmatch(text)
    if match is None:
        raise ValueError(f"neither a fraction nor an offset: {text[:64]!r}")
    return _offset_seconds(match[2]), int((match[1] or "").ljust(9, "0"))


def parse_zone(text: str) -> timezone:
    """A zone written ``Z`` or ``+08:00``; raises ValueError for anything else."""
    if not re.fullmatch(r"[Zz]|[+-][0-9]{2}:[0-9]{2}", text):
        raise ValueError(f"not a zone offset such as +08:00: {text[:64]!r}")
    return timezone(timedelta(seconds=_offset_seconds(text)))


@lru_cache(maxsize=1024)
def find_zone(text: str) -> tzinfo:
    """A zone by its offset, ``+08:00``, or by its name in the IANA Time Zone Database, ``Europe/Berlin``, with the
    rules of its summer time. Raises ValueError for anything else.
    """
    if not _ZONE_NAME.fullmatch(text):
        return parse_zone(text)
    try:
        return ZoneInfo(text)
    except (LookupError, OSError, ValueError):
        raise ValueError(
            f"not a zone such as Europe/Berlin, nor an offset such as +08:00: {text[:64]!r}"
        ) from None


def _offset_seconds(text: str) -> int:
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"not a zone offset: {text!r}")
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)


def _offset_text(local: datetime) -> str:
    offset = local.utcoffset()
    if not offset:
        return "Z"
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
