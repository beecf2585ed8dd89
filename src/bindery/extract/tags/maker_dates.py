"""Dates that stand in a maker's note alone: those of Reconyx's trail cameras, which write no date of EXIF.

Source: exiftool's tables Image::ExifTool::Reconyx::Main, ::Type2 and ::Type3, for there is no specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from bindery.extract.tags.dates import FoundDate, Rank
from bindery.extract.tags.tiff import MAKER_NOTE, Directory

_MOST_BYTES = 128
_OLDEST = b"\x01\xf1"
_ULTRA, _SECOND = b"RECONYXUF\0", b"RECONYXH2\0"
_MAKE = 0x010F


def maker_note_date(directories: Sequence[Directory]) -> Iterator[FoundDate]:
    """The date taken, if the note has it."""
    note = next((found.raw(MAKER_NOTE, _MOST_BYTES) for found in directories if found.name == "Exif"), b"")
    parts = _reconyx(note, directories) if note[:1] in (b"\x01", b"R") else None
    if parts is not None:
        text = "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}".format(*parts)
        yield FoundDate("MakerNote:DateTimeOriginal", text, Rank.TAKEN)


def _reconyx(note: bytes, directories: Sequence[Directory]) -> tuple[int, ...] | None:
    """Year, month, day, hour, minute, second."""
    if len(note) < _MOST_BYTES // 2:
        return None
    if note.startswith(_OLDEST) and (note[2:4] in (b"\2\0", b"\3\0") or _is_reconyx(directories)):
        numbers = struct.unpack_from("<6H", note, 22)
        if numbers[0] & 0xFF00 and not numbers[0] & 0xFF:  # some are in the other order
            numbers = struct.unpack_from(">6H", note, 22)
        second, minute, hour, month, day, year = numbers
        return year, month, day, hour, minute, second
    if note.startswith(_ULTRA):
        second, minute, hour, day, month, year = struct.unpack_from("<5BH", note, 0x3B)
        return year, month, day, hour, minute, second
    if note.startswith(_SECOND) and len(note) >= 0x3E + 12:
        second, minute, hour, day, month, year = struct.unpack_from("<6H", note, 0x3E)
        return year, month, day, hour, minute, second
    return None


def _is_reconyx(directories: Sequence[Directory]) -> bool:
    return any((found.text(_MAKE, 16) or "") == "RECONYX" for found in directories if found.name == "IFD0")
