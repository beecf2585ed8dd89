"""Tags of a container: titles and names, when and where it was recorded.

Source: help pages api-imm-2020-09-30-struct-file and -detectmediameta; ISO 6709 for positions; the
QuickTime File Format Specification (com.apple.quicktime.*) and 3GPP TS 26.244 (loci), both by way of
libav's names for them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from bindery.clock import parse_time
from bindery.extract.tags.produce_time import exif_time

TEXT_LIMIT = 64 * 1024
"""Longest text of one tag, in characters."""

_POSITION = re.compile(
    r"([+-]\d{2,6}(?:\.\d*)?)([+-]\d{3,7}(?:\.\d*)?)(?:[+-]\d+(?:\.\d*)?)?(?:CRS[^/]*)?/?"
)
_LOCATIONS = ("com.apple.quicktime.location.iso6709", "location")
_CREATED = ("com.apple.quicktime.creationdate", "creation_time")
_OFFSET = re.compile(r"([+-]\d\d):?(\d\d)$")
_EPOCHS = frozenset((-2082844800 * 10**9, 0))
"""1904-01-01 and 1970-01-01: a field that was never set."""
_LYRICS = re.compile(r"(?:unsynced)?lyrics(?:-.*)?", re.IGNORECASE)


class Tags:
    """Tags by name without regard to case; the container's own before those of its streams."""

    def __init__(self, sources: Iterable[Mapping[str, str]]) -> None:
        self._texts: dict[str, str] = {}
        for source in sources:
            for name, value in source.items():
                self._texts.setdefault(name.lower(), value)

    def text(self, *names: str) -> str | None:
        """The first of some tags that is there and not blank."""
        found = (self._texts.get(name, "") for name in names)
        return next((value[:TEXT_LIMIT] for value in found if value.strip("\0 ")), None)

    def lyrics(self) -> str | None:
        """The words of a song."""
        return self.text(*(name for name in self._texts if _LYRICS.fullmatch(name)))

    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude in signed degrees."""
        names = [*_LOCATIONS, *(name for name in self._texts if name.startswith("location-"))]
        positions = (parse_position(self._texts.get(name, "")) for name in names)
        return next((position for position in positions if position), None)

    def created(self, zone: str) -> str | None:
        """RFC 3339 text of the time of recording; ``zone`` stands in for a missing offset."""
        times = (parse_created(self._texts.get(name, ""), zone) for name in _CREATED)
        return next((time for time in times if time), None)


def parse_position(text: str) -> tuple[float, float] | None:
    """Signed degrees of an ISO 6709 text such as ``+30.2830+120.0290+012.1/``; None when it is none."""
    match = _POSITION.fullmatch(text.strip("\0 "))
    if match is None:
        return None
    latitude, longitude = _degrees(match[1], 2), _degrees(match[2], 3)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return latitude, longitude


def _degrees(text: str, width: int) -> float | None:
    """Degrees, with minutes and seconds when there are two or four digits more than ``width``."""
    digits, _, fraction = text[1:].partition(".")
    parts = [digits[:width], *re.findall("..", digits[width:])]
    if (len(digits) - width) % 2 or len(parts) > 3:
        return None
    parts[-1] += "." + (fraction or "0")
    total = math.fsum(float(part) / 60**place for place, part in enumerate(parts))
    return -total if text[0] == "-" else total


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
