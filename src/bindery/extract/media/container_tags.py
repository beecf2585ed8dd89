"""When and where a video or a sound was recorded, as containers write it.

Source: help pages api-imm-2020-09-30-struct-file and -detectmediameta; ISO 6709 for positions; the
QuickTime File Format Specification (com.apple.quicktime.*) and 3GPP TS 26.244 (loci), both by way of
libav's names for them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bindery.extract.media.media_tags import MediaTags
from bindery.extract.tags.dates import FoundDate, Moment, Rank, ZoneClues, produce_time
from bindery.extract.tags.gps import known_place
from bindery.extract.tags.xmp import XmpProperties
from bindery.extract.tags.xmp_dates import xmp_dates

_POSITION = re.compile(
    r"([+-]\d{1,6}(?:\.\d*)?),?\s*([+-]\d{1,7}(?:\.\d*)?)(?:[+-]\d+(?:\.\d*)?)?\s*(?:CRS[^/]*)?/?"
)
_WRITTEN = re.compile(
    r"(\d{1,2})°(?:\s*(\d{1,2}(?:\.\d+)?)[′'])?(?:\s*(\d{1,2}(?:\.\d+)?)[″\"])?\s*([NS])[\s,]*"
    r"(\d{1,3})°(?:\s*(\d{1,2}(?:\.\d+)?)[′'])?(?:\s*(\d{1,2}(?:\.\d+)?)[″\"])?\s*([EW]).*"
)
"""The form for people, ISO 6709 annex D."""
_PLACES = ("com.apple.quicktime.location.ISO6709", "\xa9xyz", "loci", "location")
_APPLE = "com.apple.quicktime.creationdate"
_EPOCHS = frozenset((datetime(1904, 1, 1), datetime(1970, 1, 1)))
"""A field that was never set, whatever zone its zero was written in."""
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_LONGEST_COUNT = 20
_NO_XMP: XmpProperties = {}
_LOCAL_FORMATS = frozenset({"avi"})
"""Formats whose date libav takes over as the camera's clock showed it."""


def place(tags: MediaTags, libav: Mapping[str, str]) -> tuple[float, float] | None:
    """Latitude and longitude in signed degrees."""
    told = [tags.raw(key) for key in _PLACES]
    told += [value for key, value in libav.items() if key.lower().startswith("location")]
    positions = (parse_position(text) for text in told if text)
    return next((position for position in positions if position), None)


def recorded(
    tags: MediaTags,
    libav: Mapping[str, str],
    format_name: str,
    zone: str,
    xmp: XmpProperties = _NO_XMP,
    position: tuple[float, float] | None = None,
    camera: FoundDate | None = None,
    beside: XmpProperties = _NO_XMP,
) -> Moment | None:
    """The time of recording; ``zone`` is that of the settings, ``camera`` what the stream itself tells, ``beside`` what
    a sidecar does."""
    container = {key.lower(): value for key, value in libav.items()}
    # libav and most writers mean UTC where a container has no room for an offset.
    utc = format_name not in _LOCAL_FORMATS
    apple = tags.raw(_APPLE) or container.get(_APPLE)
    found = (
        *xmp_dates(beside, Rank.TAKEN),
        _date(f"Container:{_APPLE}", apple, Rank.TAKEN),
        camera,
        _date("Container:NonRealTimeMeta", tags.raw("NonRealTimeMeta:CreationDate"), Rank.TAKEN),
        # What is bought has the day of its release there; what a camera made has a maker.
        _date("Container:day", tags.raw("\xa9day") if tags.raw("\xa9mak") else None, Rank.TAKEN),
        *xmp_dates(xmp, Rank.TAKEN),
        _date("Container:creation_time", container.get("creation_time"), Rank.DIGITIZED, utc=utc),
        _date("Container:CreationDate", _filetime(tags.raw("CreationDate")), Rank.DIGITIZED, utc=True),
        _date("Container:OriginationDate", tags.raw("bext:OriginationDate"), Rank.DIGITIZED),
        _date("Container:creationdate", tags.raw("creationdate", "createdate"), Rank.DIGITIZED),
        _date("Container:IDIT", tags.raw("IDIT"), Rank.DIGITIZED),
        *xmp_dates(xmp, Rank.DIGITIZED),
        _date("Container:modification_date", container.get("modification_date"), Rank.CHANGED, utc=True),
        *xmp_dates(xmp, Rank.CHANGED),
    )
    clues = ZoneClues(zone, place=position, twins=lambda: xmp_dates(xmp, Rank.DIGITIZED))
    return produce_time((date for date in found if date), clues, never=_EPOCHS)


def _date(whence: str, text: str | None, rank: Rank, *, utc: bool = False) -> FoundDate | None:
    return FoundDate(whence, text, rank, utc=utc) if text else None


def _filetime(text: str | None) -> str | None:
    """A count of 100 nanoseconds since 1601 as a date in UTC."""
    if not text or not text.isdigit() or len(text) > _LONGEST_COUNT:
        return None
    try:
        return (_FILETIME_EPOCH + timedelta(microseconds=int(text) // 10)).isoformat()
    except OverflowError:
        return None


def parse_position(text: str) -> tuple[float, float] | None:
    """Signed degrees of an ISO 6709 text such as ``+30.2830+120.0290+012.1/``; None when it is none.

    0, 0 is what devices write that have no fix.
    """
    text = text.strip("\0 ")
    match = _POSITION.fullmatch(text)
    found = _signed(match) if match else _written(text)
    if found is None or abs(found[0]) > 90 or abs(found[1]) > 180:
        return None
    return known_place(*found)


def _signed(match: re.Match[str]) -> tuple[float, float] | None:
    latitude, longitude = _degrees(match[1], 2), _degrees(match[2], 3)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(text: str, width: int) -> float | None:
    """Degrees, with minutes and seconds when there are two or four digits more than ``width``.

    Some writers leave out the zeros in front of the degrees.
    """
    digits, _, fraction = text[1:].partition(".")
    if len(digits) < width:
        digits = digits.zfill(width)
    if (len(digits) - width) % 2:
        digits = "0" + digits
    parts = [digits[:width], *re.findall("..", digits[width:])]
    if len(parts) > 3 or any(int(part) > 59 for part in parts[1:]):
        return None
    parts[-1] += "." + (fraction or "0")
    total = math.fsum(float(part) / 60**place for place, part in enumerate(parts))
    return -total if text[0] == "-" else total


def _written(text: str) -> tuple[float, float] | None:
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    north, east = (
        math.fsum(float(part or 0) / 60**place for place, part in enumerate(parts))
        for parts in (match.group(1, 2, 3), match.group(5, 6, 7))
    )
    return -north if match[4] == "S" else north, -east if match[8] == "W" else east
