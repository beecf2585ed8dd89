"""What cameras write into streams and libav does not look at: AVCHD's date, place and maker, MXF's creation dates.

Source: the user data of AVCHD cameras (MDPM, in an SEI message of H.264) as exiftool's documentation has it (H264
tags); ISO/IEC 13818-1, 2.4 (transport packets); ITU-T H.264, 7.4.1 (emulation prevention); SMPTE ST 377-1, annex A
(PackageCreationDate) and 4.3 (timestamps, which are in UTC).
"""

from __future__ import annotations

import re
import struct

import msgspec

from bindery.extract.tags.dates import FoundDate, Rank
from bindery.extract.tags.tiff import Source

_UUID = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66") + b"MDPM"
_PACKETS_BYTES = 192 * 1024
_SYNC = 0x47
_LONGEST_RECORD = 1_024
_ZONE_AND_MONTH, _DAY_AND_TIME, _MAKER = 0x18, 0x19, 0xE0
_LATITUDE, _LONGITUDE = (0xB1, b"NS", 90), (0xB5, b"EW", 180)
_MAKERS = {0x0103: "Panasonic", 0x0108: "Sony", 0x1011: "Canon", 0x1104: "JVC"}
_MXF_BYTES = 256 * 1024
_MXF_CREATED = re.compile(rb"\x44\x05\x00\x08(.{8})", re.DOTALL)


class CameraData(msgspec.Struct):
    """What was found."""

    date: FoundDate | None = None
    position: tuple[float, float] | None = None
    make: str | None = None


def camera_data(source: Source, format_name: str) -> CameraData:
    """Date, place and maker by the first packets of a transport stream, or by the header of an MXF file."""
    if format_name == "mpegts":
        return _avchd(source)
    return CameraData(date=_mxf_date(source)) if format_name == "mxf" else CameraData()


def _mxf_date(source: Source) -> FoundDate | None:
    match = _MXF_CREATED.search(source.peek_at(0, _MXF_BYTES))
    if match is None:
        return None
    year, month, day, hour, minute, second, quarter = struct.unpack(">H6B", match[1])
    text = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{quarter * 4:03d}"
    return FoundDate("MXF:PackageCreationDate", text, Rank.DIGITIZED, utc=True)


def _avchd(source: Source) -> CameraData:
    for payload in _payloads(source.peek_at(0, _PACKETS_BYTES)).values():
        at = payload.find(_UUID)
        if at >= 0:
            record = bytes(payload[at + len(_UUID) : at + len(_UUID) + _LONGEST_RECORD])
            return _entries(record.replace(b"\0\0\3", b"\0\0"))
    return CameraData()


def _payloads(data: bytes) -> dict[int, bytearray]:
    """What the packets carry, by their program."""
    size, first = (192, 4) if data[4:5] == b"\x47" and data[196:197] == b"\x47" else (188, 0)
    found: dict[int, bytearray] = {}
    for at in range(first, len(data) - 187, size):
        if data[at] != _SYNC:
            break
        flags = data[at + 3]
        start = at + 4 + (1 + data[at + 4] if flags & 0x20 else 0)
        if flags & 0x10 and start < at + 188:
            program = int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF
            found.setdefault(program, bytearray()).extend(data[start : at + 188])
    return found


def _entries(record: bytes) -> CameraData:
    count = record[0] if record else 0
    entries = {
        record[at]: record[at + 1 : at + 5] for at in range(1, min(1 + count * 5, len(record) - 4), 5)
    }
    found = CameraData(make=_MAKERS.get(int.from_bytes(entries.get(_MAKER, b"")[:2], "big")))
    month, day = entries.get(_ZONE_AND_MONTH, b""), entries.get(_DAY_AND_TIME, b"")
    if month and day:
        # Decimal digits in halves of bytes.
        date = f"{month[1:3].hex()}-{month[3:].hex()}-{day[:1].hex()}T{day[1:2].hex()}:{day[2:3].hex()}:{day[3:].hex()}"
        found.date = FoundDate("H264:DateTimeOriginal", date + _offset(month[0]), Rank.TAKEN)
    latitude, longitude = _degrees(entries, *_LATITUDE), _degrees(entries, *_LONGITUDE)
    if latitude is not None and longitude is not None and (latitude or longitude):
        found.position = latitude, longitude
    return found


def _offset(zone: int) -> str:
    """Bits: summer time, sign, hours, half an hour; all set where the camera does not know."""
    if zone & 0x80 or zone == 0x7F:
        return ""
    return f"{'-' if zone & 0x20 else '+'}{zone >> 1 & 15:02d}:{'30' if zone & 1 else '00'}"


def _degrees(entries: dict[int, bytes], first: int, signs: bytes, most: int) -> float | None:
    sign = entries.get(first, b"")[:1]
    parts = [
        struct.unpack(">HH", entries[first + place]) for place in (1, 2, 3) if first + place in entries
    ]
    if not sign or sign not in signs or len(parts) < 3 or not all(unit for _, unit in parts):
        return None
    total = sum(value / unit / 60**place for place, (value, unit) in enumerate(parts))
    if total > most:
        return None
    return -float(total) if sign in b"SW" else float(total)
