"""Where a picture was taken, from its GPS tags.

Source: EXIF 2.32 section 4.6.6 (GPSLatitude, GPSLatitudeRef, …); the form of LatLong is that of the
help page api-imm-2020-09-30-struct-file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from bindery.extract.tags.tiff import ASCII, Directory, Number, Rational

_LATITUDE = (1, 2, "NS", 90.0)
_LONGITUDE = (3, 4, "EW", 180.0)


_PARTS = re.compile(r"(-?)(\d{1,9}(?:\.\d{1,12})?)(?:/(\d{1,9}))?")
_WITH_COMMAS = re.compile(r"\d+,\d+,\d+,\d+,\d+,\d+")
_LETTER = re.compile(r"[NSEWnsew]$")
_LONGEST_TEXT = 64
_STATUS = 9
_NEAR_NOTHING = 5e-7
"""Degrees that LatLong, with its six decimals, shows as 0."""


def gps_position(directories: Sequence[Directory]) -> tuple[float, float] | None:
    """Latitude and longitude in signed degrees; None when a part is missing, undefined or out of range.

    A position without a hemisphere is none: the specification has no default for it. Nor is one that the receiver
    calls void, which is its last, wherever that was.
    """
    gps = next((found for found in directories if found.name == "GPS"), None)
    if gps is None or is_void(gps):
        return None
    latitude, longitude = _degrees(gps, *_LATITUDE), _degrees(gps, *_LONGITUDE)
    return known_place(latitude, longitude)


def is_void(gps: Directory) -> bool:
    """The receiver had no fix (GPSStatus)."""
    return (gps.text(_STATUS, 8) or "").strip().upper() == "V"


def known_place(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """A position of which both parts are known; 0,0 is what receivers without a fix and filters of privacy write."""
    if latitude is None or longitude is None or abs(latitude) + abs(longitude) < _NEAR_NOTHING:
        return None
    return latitude, longitude


def lat_long(latitude: float, longitude: float) -> str:
    """The vendor's text: latitude first, six decimals, e.g. ``30.459756,120.074997``."""
    # Adding zero turns a rounded -0.0 into 0.0.
    return f"{round(latitude, 6) + 0.0:.6f},{round(longitude, 6) + 0.0:.6f}"


def _degrees(gps: Directory, reference: int, tag: int, signs: str, most: float) -> float | None:
    sign = (gps.text(reference, 8) or "").strip()[:1].upper()
    entry = gps.entries.get(tag)
    if entry is not None and entry.type == ASCII:
        text = (gps.text(tag, _LONGEST_TEXT) or "").strip()
        letter = _LETTER.search(text)
        sign = sign or (letter[0].upper() if letter else "")
        values = degrees_in_text(text)
    else:
        values = [_real(value) for value in gps.numbers(tag, 24)[:3]]
    if not values or not sign or sign not in signs:
        return None
    total = math.fsum(value / 60**place for place, value in enumerate(values))
    if total < 0 and sign in "SW":
        total = -total  # told twice
    if not math.isfinite(total) or not 0 <= total <= most:
        return None
    return -total if sign in "SW" else total


def degrees_in_text(text: str) -> list[float]:
    """Degrees, minutes and seconds of a position that is written as a text, e.g. ``52.5``, ``52 30 0.5``,
    ``52/1,30/1,5/10`` or ``52,00000,50,00000,34,01180``, of which HTC's decimal points are commas; empty where the
    text may mean several things.
    """
    if _WITH_COMMAS.fullmatch(text):
        numbers = text.split(",")
        return [float(f"{numbers[at]}.{numbers[at + 1]}") for at in (0, 2, 4)]
    parts = _PARTS.findall(text)
    if not 1 <= len(parts) <= 3 or (len(parts) == 2 and "," in text and "." not in text):
        return []
    if any(minus for minus, *_ in parts[1:]):
        return []
    sign = -1 if parts[0][0] else 1
    values = [
        float(number) / (float(below) if below else 1) if below != "0" else math.nan
        for _, number, below in parts
    ]
    return [sign * value for value in values]


def _real(value: Number) -> float:
    if isinstance(value, Rational):
        return value.numerator / value.denominator if value.denominator else math.nan
    return float(value)
