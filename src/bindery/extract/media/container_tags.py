"""When and where a video or a sound was recorded, as containers write it.

Source: help pages api-imm-2020-09-30-struct-file and -detectmediameta; ISO 6709 for positions; the
QuickTime File Format Specification (com.apple.quicktime.*) and 3GPP TS 26.244 (loci), both by way of
libav's names for them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from bindery.clock import format_time, parse_time, parse_zone
from bindery.extract.media.media_tags import MediaTags
from bindery.extract.tags.produce_time import exif_time

_POSITION = re.compile(
    r"([+-]\d{1,6}(?:\.\d*)?),?\s*([+-]\d{1,7}(?:\.\d*)?)(?:[+-]\d+(?:\.\d*)?)?\s*(?:CRS[^/]*)?/?"
)
_WRITTEN = re.compile(
    r"(\d{1,2})°(?:\s*(\d{1,2}(?:\.\d+)?)[′'])?(?:\s*(\d{1,2}(?:\.\d+)?)[″\"])?\s*([NS])[\s,]*"
    r"(\d{1,3})°(?:\s*(\d{1,2}(?:\.\d+)?)[′'])?(?:\s*(\d{1,2}(?:\.\d+)?)[″\"])?\s*([EW]).*"
)
"""The form for people, ISO 6709 annex D."""
_PLACES = ("com.apple.quicktime.location.ISO6709", "\xa9xyz", "loci", "location")
_DATES = ("com.apple.quicktime.creationdate", "creation_time")
_OFFSET = re.compile(r"([+-]\d\d):?(\d\d)$")
_EPOCHS = frozenset((-2082844800 * 10**9, 0))
"""1904-01-01 and 1970-01-01: a field that was never set."""
_FILETIME_EPOCH = 11_644_473_600
_UTC = "Z"
_LOCAL_FORMATS = frozenset({"avi"})
"""Formats whose date libav takes over as the camera's clock showed it."""


def place(tags: MediaTags, libav: Mapping[str, str]) -> tuple[float, float] | None:
    """Latitude and longitude in signed degrees."""
    told = [tags.raw(key) for key in _PLACES]
    told += [value for key, value in libav.items() if key.lower().startswith("location")]
    positions = (parse_position(text) for text in told if text)
    return next((position for position in positions if position), None)


def recorded(tags: MediaTags, libav: Mapping[str, str], format_name: str, zone: str) -> str | None:
    """RFC 3339 text of the time of recording; ``zone`` stands in for the offset of a camera's clock."""
    container = {key.lower(): value for key, value in libav.items()}
    # libav and most writers mean UTC where a container has no room for an offset.
    inside = zone if format_name in _LOCAL_FORMATS else _UTC
    told = (
        (tags.raw(_DATES[0]) or container.get(_DATES[0]), zone),
        (container.get(_DATES[1]), inside),
        (_filetime(tags.raw("CreationDate")), _UTC),
        (tags.raw("bext:OriginationDate"), zone),
        (tags.raw("IDIT"), zone),
        (container.get("modification_date"), _UTC),
    )
    times = (parse_created(text, missing) for text, missing in told if text)
    return next((time for time in times if time), None)


def _filetime(text: str | None) -> str | None:
    """A count of 100 nanoseconds since 1601 as a date in UTC."""
    if not text or not text.isdigit():
        return None
    seconds, rest = divmod(int(text), 10_000_000)
    try:
        whole = format_time((seconds - _FILETIME_EPOCH) * 10**9 + rest * 100, parse_zone("Z"))
    except (ValueError, OverflowError):
        return None
    return whole


def parse_position(text: str) -> tuple[float, float] | None:
    """Signed degrees of an ISO 6709 text such as ``+30.2830+120.0290+012.1/``; None when it is none.

    Exactly 0, 0 is what devices write that have no fix.
    """
    text = text.strip("\0 ")
    match = _POSITION.fullmatch(text)
    found = _signed(match) if match else _written(text)
    if found is None or abs(found[0]) > 90 or abs(found[1]) > 180 or found == (0.0, 0.0):
        return None
    return found


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


def parse_created(text: str, zone: str) -> str | None:
    """RFC 3339 text of a container's date, e.g. ``2019-05-09T15:21:07+0200``."""
    text = text.strip("\0 ")
    offset = _OFFSET.search(text[19:])
    if text.endswith(("Z", "z")):
        declared = "Z"
    else:
        declared = f"{offset[1]}:{offset[2]}" if offset else zone
    found = exif_time(text.replace("T", " ", 1), None, declared, zone)
    if found is None:
        return None
    # The date counts as unset whatever zone its zero was written in.
    local = parse_time(found[:19] + "Z")
    return None if local in _EPOCHS else found
