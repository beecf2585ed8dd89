"""DICOM: rows and columns of the first picture.

Source: DICOM PS3.5 section 7 (data elements) and PS3.10 section 7.1 (file meta information).
"""

from __future__ import annotations

import struct

from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Source

_MOST_BYTES = 256 * 1024
_MOST_ELEMENTS = 4000
_LONG_FORMS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_SYNTAX = (0x0002, 0x0010)
_FRAMES, _ROWS, _COLUMNS = (0x0028, 0x0008), (0x0028, 0x0010), (0x0028, 0x0011)
_IMPLICIT, _BIG_ENDIAN = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2"
_UNKNOWN_LENGTH = 0xFFFFFFFF
_ITEMS = 0xFFFE


def read_dicom(source: Source, picture: Picture) -> None:
    """Elements in ascending order up to the size; sequences without a length are walked through."""
    picture.format = "dcm"
    data = source.peek_at(0, _MOST_BYTES)
    at, order, explicit = 132, "<", True
    syntax, height = b"", 0
    for _ in range(_MOST_ELEMENTS):
        if at + 8 >= len(data):
            return
        if syntax and data[at : at + 2] != b"\2\0":
            order, explicit = (">" if syntax == _BIG_ENDIAN else "<"), syntax != _IMPLICIT
        tag = struct.unpack_from(order + "HH", data, at)
        length, at = _length(data, at, order, explicit or tag[0] == 2)
        if tag == _SYNTAX:
            syntax = data[at : at + length].rstrip(b"\0 ")
        elif tag == _FRAMES:
            text = data[at : at + min(length, 12)].strip(b" \0")
            picture.frames = int(text) if text.isdigit() else 1
        elif tag == _ROWS:
            (height,) = struct.unpack_from(order + "H", data, at)
        elif tag == _COLUMNS and height:
            picture.resize((*struct.unpack_from(order + "H", data, at), height))
            return
        # Items and sequences without a length are walked into: what they hold has lower tags of its own.
        at += 0 if length == _UNKNOWN_LENGTH or tag[0] == _ITEMS else length


def _length(data: bytes, at: int, order: str, explicit: bool) -> tuple[int, int]:
    """The length of an element's value, and where the value begins."""
    if data[at : at + 2] in (b"\xfe\xff", b"\xff\xfe") or not explicit:
        return int(struct.unpack_from(order + "I", data, at + 4)[0]), at + 8
    if data[at + 4 : at + 6] in _LONG_FORMS:
        return int(struct.unpack_from(order + "I", data, at + 8)[0]), at + 12
    return int(struct.unpack_from(order + "H", data, at + 6)[0]), at + 8
