"""Where a picture was taken, from its GPS tags.

Source: EXIF 2.32 section 4.6.6 (GPSLatitude, GPSLatitudeRef, …); the form of LatLong is that of the
help page api-imm-2020-09-30-struct-file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bindery.extract.tags.tiff import Directory, Number, Rational

_LATITUDE = (1, 2, "NS", 90.0)
_LONGITUDE = (3, 4, "EW", 180.0)


def gps_position(directories: Sequence[Directory]) -> tuple[float, float] | None:
    """Latitude and longitude in signed degrees; None when a part is missing, undefined or out of range."""
    gps = next((found for found in directories if found.name == "GPS"), None)
    if gps is None:
        return None
    latitude, longitude = _degrees(gps, *_LATITUDE), _degrees(gps, *_LONGITUDE)
    return None if latitude is None or longitude is None else (latitude, longitude)


def lat_long(latitude: float, longitude: float) -> str:
    """The vendor's text: latitude first, six decimals, e.g. ``30.459756,120.074997``."""
    # Adding zero turns a rounded -0.0 into 0.0.
    return f"{round(latitude, 6) + 0.0:.6f},{round(longitude, 6) + 0.0:.6f}"


def _degrees(gps: Directory, reference: int, tag: int, signs: str, most: float) -> float | None:
    sign = (gps.text(reference, 8) or "").strip()[:1].upper()
    values = [_real(value) for value in gps.numbers(tag, 24)[:3]]
    if not values or not sign or sign not in signs:
        return None
    total = math.fsum(value / 60**place for place, value in enumerate(values))
    if not math.isfinite(total) or not 0 <= total <= most:
        return None
    return -total if sign in "SW" else total


def _real(value: Number) -> float:
    if isinstance(value, Rational):
        return value.numerator / value.denominator if value.denominator else math.nan
    return float(value)
