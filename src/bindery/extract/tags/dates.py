"""When a file was made: dates as programs write them, which of several counts, and in which zone it is.

Whoever reads a format hands over ``FoundDate``s, the better first: what was taken before what was digitized, before
what stands in for both, before a change (``Rank``). The first that is a date, and within its rank the first that tells
a time of day, becomes ProduceTime. Where it has no zone of its own the zone is looked for elsewhere in the file
(``ZoneClues``), then where the file was made, and at last in the settings. ProduceTimeSource tells all of this.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, section 5 (the three dates and the order of
EXIF, XMP and IPTC).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Container, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from bindery.extract.tags.date_forms import USUAL_LENGTH, Written, parse_date, parse_offset, rfc3339
from bindery.extract.tags.zones import offset_at, offset_of_instant, zone_of_place

NOBODY_SET = "+08:00"
"""The default of ``account.zone``, which is the vendor's home."""
_DAY_SECONDS = 86_400
_OFF_THE_QUARTER = 300
"""Seconds that the clock of a camera may be wrong for its zone to be told by the time of GPS."""
_REAL_MINUTES = frozenset(range(-720, 841, 60)) | {
    -570, -270, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825,
}  # fmt: skip
"""Offsets that clocks do have or had lately, in minutes."""


class Rank(enum.IntEnum):
    """What a date is the date of. A lower rank counts more."""

    __hash__ = int.__hash__  # that of enumerations is a function of Python's

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


def produce_time(
    found: Iterable[FoundDate], clues: ZoneClues, *, never: Container[datetime] = ()
) -> Moment | None:
    """The date that counts among those found, which come in the order of their ranks.

    ``never`` are moments that stand for no date, such as the zero of a format.
    """
    kept: tuple[FoundDate, Written] | None = None
    for date in found:
        if kept is not None and date.rank > kept[0].rank:
            break
        written = parse_date(date.text, date.fraction)
        if written is None or written.local in never:
            continue
        if kept is None or not written.precision:
            kept = (date, written)
            if not written.precision:
                break
    return _moment(*kept, clues) if kept else None


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
        try:
            offset = offset_of_instant(elsewhere, written.local)
            local = written.local + timedelta(minutes=offset)
        except OverflowError:  # on the first or the last day that there is
            return written, 0, "UTC"
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
        twin = parse_date(other.text) if len(other.text) > USUAL_LENGTH else None
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
