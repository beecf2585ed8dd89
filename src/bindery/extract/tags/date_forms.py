"""What the text of a date says, in the forms that programs write.

Source: EXIF 2.32 section 4.6.5; ISO 16684-1 section 8.2.1.2 (dates of XMP, which may be partial); IPTC-IIM 4.2 (dataset
2:55); ISO 32000-1 section 7.9.4 (dates of PDF); RFC 5322 section 3.3; and what camera firmware, phones in several
languages and the C library's ``ctime`` write instead.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from bindery.extract.tags.zones import offset_at

LONGEST = 64
"""Characters of a date that are looked at."""
USUAL_LENGTH = len("2024:11:17 17:50:19")

_HALF = r"(?:[AaPp]\.?\s?[Mm]\b\.?|上午|下午|午前|午後|오전|오후)"
_MORNINGS = ("a", "A", "上午", "午前", "오전")
_DAY = re.compile(
    r"(\d{4})(?:\s?[:/.\-]\s?(\d{1,2})(?:\s?[:/.\-]\s?(\d{1,2}))?(?!\d))?(?P<rest>.*)", re.DOTALL
)
_CLOCK = re.compile(
    r"(?:\s*[Tt]|[\s,]+(?:at\s+)?|:|[-_](?=\d\d([:.\-])\d\d\1\d\d))\s*"
    rf"(?P<before>{_HALF})?\s*(?P<hour>\d{{1,2}})(?P<between>[:.\-])(?P<minute>\d{{1,2}})"
    r"(?:(?P=between)(?P<second>\d{1,2})(?:[.,:](?P<fraction>\d+))?)?"
    rf"(?P<after>\s*{_HALF})?"
)
_COMPACT = re.compile(
    r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:[T ]?(\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?)?)?)?(?!\d)(?P<rest>.*)",
    re.DOTALL,
)
_OFFSET = re.compile(
    r"\s*(?:(?P<utc>Z(?![A-Z])|UTC|GMT)\s*)?(?:([+-])(\d\d?)(?:[:']?(\d\d))?(?!\d)|(?P<name>[A-Z]{3,4})\b)?",
    re.IGNORECASE,
)
_NAMED = {
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "MSK": 180, "SAST": 120, "HKT": 480,
    "SGT": 480, "AWST": 480, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "AKST": -540, "AKDT": -480, "HST": -600,
}  # fmt: skip
"""Names of zones that dates end with: those of RFC 5322, and those that mean one thing only."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_WEEKDAY = r"(?:[a-z]{3,9}\.?,?\s+)?"
_NUMBER = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_IN_WORDS = tuple(
    re.compile(form, re.IGNORECASE | re.DOTALL)
    for form in (
        rf"{_WEEKDAY}{_NUMBER}[\s\-./,]+{_MONTH}[\s\-./,]+(?P<year>\d{{4}})(?!\d)(?P<rest>.*)",
        rf"{_WEEKDAY}{_MONTH}[\s\-./]+{_NUMBER}(?:,\s*|\s+)(?P<year>\d{{4}})(?![\d:])(?P<rest>.*)",
        rf"{_WEEKDAY}{_MONTH}\s+{_NUMBER}\s+(?P<clock>\d{{1,2}}:.{{1,24}}?)\s(?P<year>\d{{4}})(?!\d)(?P<rest>.*)",
        rf"(?P<year>\d{{4}})[\s\-./]{_MONTH}[\s\-./]{_NUMBER}(?!\d)(?P<rest>.*)",
    )
)
_DAY_FIRST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)(?P<rest>.*)", re.DOTALL)
_PLACE = re.compile(r"\s*\[?([A-Za-z]{3,20}(?:/[A-Za-z_+\-\d]{1,30}){1,2})")
"""A zone by its name, as Java writes it behind a date (RFC 9557) or in place of an offset."""
_UNSET = datetime(1, 1, 1)
"""What .NET and Go write for a time that was never set."""
_CHARACTERS = str.maketrans(
    dict.fromkeys("年月−‐‑–", "-") | dict.fromkeys("時时分：", ":") | dict.fromkeys("日秒", " ")
)
"""Minuses and colons of every kind, too: what stands behind a wrong one changes the moment."""
_FRACTION = re.compile(r"\s*([0-9]{0,9})")
_PRECISIONS = ("year", "month", "day")


class Written(NamedTuple):
    """What a text says."""

    local: datetime
    """Without a zone, in whole seconds."""
    fraction: str
    """Digits of the second's fraction, at most nine."""
    offset: int | None
    """Minutes east of UTC, if the text tells them."""
    precision: str
    """``year``, ``month`` or ``day`` when no time of day is told, else empty."""


def parse_date(text: str, fraction: str = "") -> Written | None:
    """What a text says; None when it is no date. ``fraction``: digits that stand apart from it.

    Zeros and blanks are none, and so is a day or a time of day that there is not.
    """
    text = text[:LONGEST].strip("\0 \t\r\n")
    if len(text) == USUAL_LENGTH and text[4] == ":":
        usual = _usual(text, fraction)
        if usual is not None:
            return usual
    try:
        return (
            _compact(text, fraction) if text[:5].isdigit() or text[:2] == "D:" else _apart(text, fraction)
        )
    except (ValueError, OverflowError):
        return None


def parse_offset(text: str) -> int | None:
    """Minutes east of UTC of a text that begins with an offset, e.g. ``+08:00``, ``+0800``, ``-3``, ``Z``."""
    match = _OFFSET.match(text[:LONGEST])
    if match is None:
        return None
    utc, sign, hours, minutes, name = match.groups()
    if sign is None:
        return 0 if utc else _NAMED.get(name.upper()) if name else None
    total = int(hours) * 60 + int(minutes or 0)
    if int(hours) > 23 or int(minutes or 0) > 59:
        return None
    return -total if sign == "-" else total


def rfc3339(written: Written, offset: int) -> str:
    """The text of a date in a zone so many minutes east of UTC."""
    fraction = written.fraction.rstrip("0")
    clock = written.local.isoformat(timespec="seconds") + (f".{fraction}" if fraction else "")
    if not offset:
        return clock + "Z"
    return f"{clock}{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


def unix_date(seconds: int) -> str:
    """The text of a count of seconds since 1970, in EXIF's form and on the clock that counted them."""
    moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    return moment.strftime("%Y:%m:%d %H:%M:%S")


def _usual(text: str, fraction: str) -> Written | None:
    """The form that EXIF prescribes, which most dates have; None for any other."""
    digits = text[:4] + text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:]
    if not digits.isdecimal() or text[7] + text[10] + text[13] + text[16] != ": ::":
        return None
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    try:
        local = datetime(year, month, day, int(text[11:13]), int(text[14:16]), int(text[17:]))
    except ValueError:
        return None
    return Written(local, _digits(fraction), None, "") if local > _UNSET else None


def _compact(text: str, fraction: str) -> Written | None:
    """``20241117T175019Z``, ``D:20120514120000+02'00'``."""
    match = _COMPACT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, inline, rest = match.groups()
    date = int(year), int(month or 0), int(day or 0)
    if hour is None:
        return _only_day(date, parse_offset(rest))
    clock = int(hour), int(minute or 0), int(second or 0)
    return _written(date, clock, fraction or inline or "", parse_offset(rest))


def _apart(text: str, fraction: str) -> Written | None:
    """Every form whose parts are told apart by what stands between them."""
    if not text.isascii():
        text = text.translate(_CHARACTERS)
    found = _day(text)
    if found is None:
        return None
    date, rest = found
    match = _CLOCK.match(rest)
    if match is None:
        return _only_day(date, parse_offset(rest))
    half = (match["before"] or match["after"] or "").strip()
    clock = _of_the_day(int(match["hour"]), half), int(match["minute"]), int(match["second"] or 0)
    inline = match["fraction"] or ""
    rest = rest[match.end() :].lstrip(": ")
    written = _written(date, clock, fraction or inline, parse_offset(rest))
    return _at_named_place(written, rest) if "/" in rest else written


def _at_named_place(written: Written | None, rest: str) -> Written | None:
    """With the offset that clocks had there, where a name of a zone stands in its place."""
    match = _PLACE.match(rest)
    if written is None or written.offset is not None or match is None:
        return written
    try:
        return written._replace(offset=offset_at(match[1], written.local))
    except ValueError:
        return written


def _day(text: str) -> tuple[tuple[int, int, int], str] | None:
    """Year, month and day, zero where they are not told, and what comes behind."""
    match = _DAY.match(text)
    # A year or a month alone is a date only when nothing stands behind it.
    if match is not None and (match[3] or not match["rest"].strip()):
        return (int(match[1]), int(match[2] or 0), int(match[3] or 0)), match["rest"]
    for form in _IN_WORDS:
        match = form.match(text)
        if match is not None:
            month = _MONTHS.index(match["month"].lower()) + 1
            clock = match.groupdict().get("clock")
            rest = (f" {clock} " if clock else "") + match["rest"]
            return (int(match["year"]), month, int(match["day"])), rest
    return _day_first(text)


def _day_first(text: str) -> tuple[tuple[int, int, int], str] | None:
    """``17.11.2024``; with slashes or hyphens, which peoples use either way, only where the day is above 12."""
    match = _DAY_FIRST.match(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[3])
    if match[2] != "." and (first > 12) == (second > 12):
        return None
    day, month = (first, second) if match[2] == "." or first > 12 else (second, first)
    return (int(match[4]), month, day), match["rest"]


def _only_day(date: tuple[int, int, int], offset: int | None) -> Written | None:
    year, month, day = date
    if not year or (day and not month):
        return None
    return Written(datetime(year, month or 1, day or 1), "", offset, _PRECISIONS[(month > 0) + (day > 0)])


def _written(
    date: tuple[int, int, int], clock: tuple[int, int, int], fraction: str, offset: int | None
) -> Written | None:
    if not all(date):
        return _only_day(date, offset)
    hour, minute, second = clock
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    # 24:00 and a leap second are moments of the next day and minute.
    local = datetime(*date) + timedelta(hours=hour, minutes=minute, seconds=second)
    if local == _UNSET:
        return None
    return Written(local, _digits(fraction), offset, "")


def _digits(fraction: str) -> str:
    match = _FRACTION.match(fraction)
    return match[1] if match else ""


def _of_the_day(hour: int, half: str) -> int:
    if half.startswith(_MORNINGS):
        return 0 if hour == 12 else hour
    return hour + 12 if half and hour < 12 else hour
