"""When a file was made: dates as programs write them, which of several counts, and in which zone it is.

Whoever reads a format hands over ``FoundDate``s, the better first: what was taken before what was digitized, before
what stands in for both, before a change (``Rank``). The first that is a date, and within its rank the first that tells
a time of day, becomes ProduceTime. Where it has no zone of its own the zone is looked for elsewhere in the file
(``ZoneClues``), then where the file was made, and at last in the settings. ProduceTimeSource tells all of this.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, section 5 (the three dates and the order of
EXIF, XMP and IPTC); EXIF 2.32 section 4.6.5; ISO 16684-1 section 8.2.1.2 (dates of XMP, which may be partial); RFC 5322
section 3.3; ISO 32000-1 section 7.9.4 (dates of PDF).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_tz
from typing import NamedTuple

from bindery.extract.tags.zones import offset_at, offset_of_instant, zone_of_place

NOBODY_SET = "+08:00"
"""The default of ``account.zone``, which is the vendor's home."""
LONGEST = 64
"""Characters of a date that are looked at."""
_DAY_SECONDS = 86_400
_WITHOUT_ZONE = len("2024:11:17 17:50:19")
_OFF_THE_QUARTER = 300
"""Seconds that the clock of a camera may be wrong for its zone to be told by the time of GPS."""
_REAL_MINUTES = frozenset(range(-720, 841, 60)) | {
    -570, -270, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825,
}  # fmt: skip
"""Offsets that clocks do have or had lately, in minutes."""

_NUMERIC = re.compile(
    r"(\d{4})(?:[:/.\-](\d{1,2})(?:[:/.\-](\d{1,2}))?(?!\d))?"
    r"(?:(?:\s*[Tt]|[\s,]+|(?<=\d):)\s*(?P<before>上午|下午)?\s*(\d{1,2})[:.](\d{1,2})"
    r"(?:[:.](\d{1,2})(?:[.,:](\d+))?)?(?P<after>\s*(?:[AaPp]\.?[Mm]\b\.?|上午|下午))?)?(?P<rest>.*)",
    re.DOTALL,
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
    "CET": 60, "CEST": 120, "JST": 540,
}  # fmt: skip
"""Names of zones that dates end with: those of RFC 5322, and three that mean one thing only."""
_FRACTION = re.compile(r"\s*([0-9]{0,9})")
_PRECISIONS = ("year", "month", "day")


class Rank(enum.IntEnum):
    """What a date is the date of. A lower rank counts more."""

    TAKEN = 0
    DIGITIZED = 1
    MADE = 2
    """It stands in for both: when the file was written, or where the receiver of GPS was."""
    CHANGED = 3
    GUESSED = 4
    """Not in the file: its name, or its time in the store."""


class FoundDate(NamedTuple):
    """A date as it was found."""

    whence: str
    """Where, e.g. ``EXIF:DateTimeOriginal``; docs/differences.md has them all."""
    text: str
    rank: Rank = Rank.MADE
    fraction: str = ""
    """Digits of the second's fraction, when they stand apart."""
    offset: str = ""
    """Its offset, when it stands apart."""
    offset_whence: str = ""
    """The tag in which that offset stands."""
    utc: bool = False
    """The format means UTC where it tells no zone."""


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


class ZoneClues(NamedTuple):
    """What else tells the zone of a date."""

    setting: str
    """An offset or a name, for want of anything better."""
    offsets: Callable[[], Iterable[tuple[str, str]]] = tuple
    """Offsets of other dates in the same file, each with the tag in which it stands."""
    gps_time: Callable[[], tuple[datetime, bool] | None] = lambda: None
    """The time of GPS in UTC, and whether its day is told too."""
    place: tuple[float, float] | None = None
    """Latitude and longitude in degrees."""
    twins: Callable[[], Iterable[FoundDate]] = tuple
    """Dates in forms that have room for a zone, one of which may be the same moment."""


class Moment(NamedTuple):
    """What goes into a File."""

    text: str
    """RFC 3339."""
    source: str
    """ProduceTimeSource."""
    guessed: bool = False


def produce_time(found: Iterable[FoundDate], clues: ZoneClues) -> Moment | None:
    """The date that counts among those found, which come in the order of their ranks."""
    kept: tuple[FoundDate, Written] | None = None
    for date in found:
        if kept is not None and date.rank > kept[0].rank:
            break
        written = parse_date(date.text, date.fraction)
        if written is not None and (kept is None or not written.precision):
            kept = (date, written)
            if not written.precision:
                break
    return _moment(*kept, clues) if kept else None


def parse_date(text: str, fraction: str = "") -> Written | None:
    """What a text says, in any of the forms that programs use; None when it is no date.

    Zeros and blanks are none, and so is a day or a time of day that there is not.
    """
    text = text[:LONGEST].strip("\0 \t\r\n")
    if len(text) == _WITHOUT_ZONE and text[4] == ":":
        usual = _usual(text, fraction)
        if usual is not None:
            return usual
    match = _COMPACT.match(text) if text[4:5].isdigit() or text[:2] == "D:" else _NUMERIC.match(text)
    try:
        if match is None:
            return _in_words(text)
        if match.re is _COMPACT:
            year, month, day, hour, minute, second, inline, rest = match.groups()
            half = ""
        else:
            year, month, day, before, hour, minute, second, inline, after, rest = match.groups()
            half = (before or after or "").strip()
        offset = parse_offset(rest) if rest else None
        return _written((year, month, day), (hour, minute, second), half, fraction or inline or "", offset)
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
    return Written(local, _digits(fraction), None, "")


def _written(
    date: tuple[str, str | None, str | None],
    clock: tuple[str | None, str | None, str | None],
    half: str,
    fraction: str,
    offset: int | None,
) -> Written | None:
    year, month, day = (int(part or 0) for part in date)
    if not year or (day and not month):
        return None
    hour, minute, second = (int(part or 0) for part in clock)
    if not day:
        return Written(datetime(year, month or 1, 1), "", offset, _PRECISIONS[month > 0])
    if clock[0] is None:
        return Written(datetime(year, month, day), "", offset, "day")
    hour = _of_the_day(hour, half)
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    # 24:00 and a leap second are moments of the next day and minute.
    local = datetime(year, month, day) + timedelta(hours=hour, minutes=minute, seconds=second)
    return Written(local, _digits(fraction), offset, "")


def _digits(fraction: str) -> str:
    match = _FRACTION.match(fraction)
    return match[1] if match else ""


def _of_the_day(hour: int, half: str) -> int:
    if half[:1] in ("a", "A", "上"):
        return 0 if hour == 12 else hour
    if half:
        return hour + 12 if hour < 12 else hour
    return hour


def _in_words(text: str) -> Written | None:
    """``Sat, 17 Nov 2024 17:50:19 GMT``, ``Thu May 09 15:21:07 2019``."""
    if not re.search(r"[A-Za-z]{3}", text):
        return None
    try:
        parts = parsedate_tz(text)
    except Exception:  # what it raises for damaged texts is not told anywhere
        return None
    if parts is None:
        return None
    year, month, day, hour, minute, second = parts[:6]
    told = re.search(r"(?:[+-]\d{4}|\b[A-Z]{1,4})\s*$", text)
    seconds = parts[9] if told else None
    offset = None if seconds is None else seconds // 60
    if offset is not None and abs(offset) >= _DAY_SECONDS // 60:
        offset = None
    if not (0 < year < 10_000 and 0 < month < 13):
        return None
    return _written(
        (str(year), str(month), str(day)), (str(hour), str(minute), str(second)), "", "", offset
    )


def _moment(date: FoundDate, written: Written, clues: ZoneClues) -> Moment | None:
    try:
        written, offset, zone = _in_zone(date, written, clues)
    except (ValueError, OverflowError):
        return None
    parts = [date.whence, f"zone={zone}"] + (
        [f"precision={written.precision}"] if written.precision else []
    )
    return Moment(rfc3339(written, offset), "; ".join(parts), date.rank is Rank.GUESSED)


def _in_zone(date: FoundDate, written: Written, clues: ZoneClues) -> tuple[Written, int, str]:
    """The date, its offset in minutes, and where that comes from."""
    if written.offset is not None and not (date.utc and written.offset == 0):
        return written, written.offset, "Own"
    own = parse_offset(date.offset) if date.offset else None
    if own is not None:
        return written, own, date.offset_whence
    told = None if date.utc and not written.precision else _told_elsewhere(written, clues)
    if told is not None:
        return written, *told
    place = _place(clues)
    elsewhere, whence = (place, "Place") if place else (clues.setting, "Setting")
    if date.utc and not written.precision:
        # The instant is told; only the clock by which it is shown is not. Where nobody has set one, it is UTC's.
        if place is None and clues.setting == NOBODY_SET:
            return written, 0, "UTC"
        offset = offset_of_instant(elsewhere, written.local)
        local = written.local + timedelta(minutes=offset)
        return written._replace(local=local), offset, f"UTC; shown={whence}:{elsewhere}"
    return written, offset_at(elsewhere, written.local), f"{whence}:{elsewhere}"


def _place(clues: ZoneClues) -> str | None:
    """Asked last: the table of zones costs memory."""
    return zone_of_place(*clues.place) if clues.place else None


def _told_elsewhere(written: Written, clues: ZoneClues) -> tuple[int, str] | None:
    """The offset that something else in the file tells."""
    for text, whence in clues.offsets():
        offset = parse_offset(text)
        if offset is not None:
            return offset, whence
    if written.precision:
        return None
    for other in clues.twins():
        # The same time on the same clock, in a form that has room for its zone.
        twin = parse_date(other.text) if len(other.text) > _WITHOUT_ZONE else None
        if twin and twin.offset is not None and abs(twin.local - written.local) <= timedelta(seconds=1):
            return twin.offset, other.whence
    gps = clues.gps_time()
    offset = _offset_by_gps(written.local, *gps) if gps else None
    # Some receivers write the camera's clock instead of UTC. Where they are tells it.
    if offset == 0:
        place = _place(clues)
        offset = None if place and offset_at(place, written.local) else 0
    return None if offset is None else (offset, "GPSTimeStamp")


def _offset_by_gps(local: datetime, utc: datetime, has_day: bool) -> int | None:
    """Minutes between the camera's clock and UTC, to a quarter of an hour; None when they are no zone's."""
    seconds = (local - utc).total_seconds()
    if not has_day:
        seconds = (seconds + _DAY_SECONDS / 2) % _DAY_SECONDS - _DAY_SECONDS / 2
    minutes = round(seconds / 900) * 15
    if minutes not in _REAL_MINUTES or abs(seconds - minutes * 60) > _OFF_THE_QUARTER:
        return None
    return minutes
