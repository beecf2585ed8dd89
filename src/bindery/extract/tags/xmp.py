"""The few properties of an XMP packet that stand in where a picture has no EXIF tag for them.

The packet is searched for the properties, as attributes or elements under their usual prefixes, and not
parsed as XML: nothing in it can expand, and a damaged packet still tells what it can.

Source: XMP specification part 1 (ISO 16684-1) and part 2, section 3 (exif, tiff and xmp schemas;
GPSCoordinate and Date values).
"""

from __future__ import annotations

import html
import math
import re

MOST_BYTES = 256 * 1024
"""Bytes of a packet that are looked at."""

_PROPERTY = re.compile(
    rb"[\s<](tiff:(?:Make|Model|Orientation)|exif:(?:DateTimeOriginal|GPSLatitude|GPSLongitude)"
    rb"|xmp:CreateDate)(?:\s*=\s*\"([^\"<]{1,256})\"|\s*=\s*'([^'<]{1,256})'"
    rb"|\s*>([^<]{1,256})</)"
)
_COORDINATE = re.compile(r"(\d{1,3})(?:,(\d{1,2}(?:\.\d+)?))?(?:,(\d{1,2}(?:\.\d+)?))?\s*([NSEW])$")
_MOST_DEGREES = {"N": 90.0, "S": 90.0, "E": 180.0, "W": 180.0}


def xmp_properties(packet: bytes) -> dict[str, str]:
    """Properties by name with prefix, e.g. ``tiff:Model``; of a repeated one the first."""
    found: dict[str, str] = {}
    for name, *values in _PROPERTY.findall(packet[:MOST_BYTES]):
        text = html.unescape(b"".join(values).decode("utf-8", "replace")).strip()
        if text:
            found.setdefault(name.decode(), text)
    return found


def xmp_position(properties: dict[str, str]) -> tuple[float, float] | None:
    """Latitude and longitude in signed degrees from texts such as ``54,59.38N``."""
    latitude = _degrees(properties.get("exif:GPSLatitude", ""), "NS")
    longitude = _degrees(properties.get("exif:GPSLongitude", ""), "EW")
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(text: str, signs: str) -> float | None:
    match = _COORDINATE.match(text)
    if match is None or match[4] not in signs:
        return None
    total = math.fsum(float(part or 0) / 60**place for place, part in enumerate(match.groups()[:3]))
    if total > _MOST_DEGREES[match[4]]:
        return None
    return -total if match[4] in "SW" else total
