"""OpenEXR: size, date, camera and position from the attributes of the first part.

Source: OpenEXR file layout; OpenEXR's standard attributes (ImfStandardAttributes.h): capDate, utcOffset, expTime, …
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction

from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.gps import known_place
from bindery.extract.tags.tiff import Source
from bindery.extract.tags.xmp import MOST_BYTES

_MOST_ATTRIBUTES = 1000
_MOST_HEADER = 64 * 1024
_LONGEST_NAME = 256
_TEXTS = {
    b"comments": "ImageDescription", b"owner": "CameraOwnerName", b"cameraMake": "Make", b"cameraModel": "Model",
    b"cameraSerialNumber": "BodySerialNumber", b"lensMake": "LensMake", b"lensModel": "LensModel",
    b"lensSerialNumber": "LensSerialNumber", b"software": "Software", b"copyright": "Copyright",
}  # fmt: skip
_NUMBERS = {
    b"expTime": "ExposureTime", b"aperture": "FNumber", b"isoSpeed": "ISOSpeedRatings",
    b"nominalFocalLength": "FocalLength",
}  # fmt: skip
_MOST_DENOMINATOR = 10_000
_MOST_OFFSET = 14 * 3600


def read_exr(source: Source, picture: Picture) -> None:
    """The data window of the first part, else its display window."""
    picture.format = "exr"
    found = _attributes(source.peek_at(0, _MOST_HEADER))
    windows = [
        value for name in (b"dataWindow", b"displayWindow") if (value := found.get((name, b"box2i")))
    ]
    if windows and len(windows[0]) == 16:
        left, top, right, bottom = struct.unpack("<iiii", windows[0])
        picture.resize((right - left + 1, bottom - top + 1))
    for name, exif_name in _TEXTS.items():
        picture.add_text(exif_name, found.get((name, b"string"), b""))
    for name, exif_name in _NUMBERS.items():
        number = _number(found, name)
        if number is not None and number > 0:
            picture.add_text(exif_name, _fraction(number).encode())
    taken = found.get((b"capDate", b"string"), b"").decode("ascii", "replace")
    picture.add_date("Header:capDate", taken, Rank.TAKEN, offset=_offset(_number(found, b"utcOffset")))
    picture.position = known_place(_number(found, b"latitude"), _number(found, b"longitude"))
    picture.add_xmp(found.get((b"xmp", b"string"), b"")[:MOST_BYTES])


def _attributes(data: bytes) -> dict[tuple[bytes, bytes], bytes]:
    """Values by name and type, of the part that comes first."""
    found: dict[tuple[bytes, bytes], bytes] = {}
    at = 8
    for _ in range(_MOST_ATTRIBUTES):
        name, _, rest = data[at : at + 2 * _LONGEST_NAME].partition(b"\0")
        kind, ended, _ = rest.partition(b"\0")
        at += len(name) + len(kind) + 2
        if not name or not ended or len(data) < at + 4:
            break
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        found.setdefault((name, kind), data[at : at + length])
        at += length
    return found


def _number(found: dict[tuple[bytes, bytes], bytes], name: bytes) -> float | None:
    data = found.get((name, b"float"), b"")
    value = float(struct.unpack("<f", data)[0]) if len(data) == 4 else math.nan
    return value if math.isfinite(value) else None


def _fraction(number: float) -> str:
    """As EXIF writes fractions; whole numbers stay whole."""
    nearest = Fraction(number).limit_denominator(_MOST_DENOMINATOR)
    return f"{nearest.numerator}" if nearest.denominator == 1 else str(nearest)


def _offset(seconds: float | None) -> str:
    """EXIF's form of what is added to local time to make it UTC."""
    if seconds is None or abs(seconds) > _MOST_OFFSET:
        return ""
    minutes = round(-seconds / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
