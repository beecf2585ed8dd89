"""DICOM: rows and columns of the first picture, when it was taken, and by which device. Of the patient nothing is told.

Source: DICOM PS3.5 section 7 (data elements) and PS3.10 section 7.1 (file meta information); PS3.3
sections C.7.5.1 (equipment), C.7.6.1 (acquisition) and C.12.1.1.5 (time zone).
"""

from __future__ import annotations

import struct

from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.tiff import Source

_MOST_BYTES = 256 * 1024
_MOST_ELEMENTS = 4000
_LONG_FORMS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_SYNTAX = (0x0002, 0x0010)
_FRAMES, _ROWS, _COLUMNS = (0x0028, 0x0008), (0x0028, 0x0010), (0x0028, 0x0011)
_TIMES = {
    (8, 0x20): (8, 0x30), (8, 0x21): (8, 0x31), (8, 0x22): (8, 0x32), (8, 0x23): (8, 0x33),
}  # fmt: skip
"""Tags of days, and those of the time of each: study, series, acquisition, content."""
_WORDS = frozenset((*_TIMES, *_TIMES.values(), (8, 0x2A), (8, 0x70), (8, 0x201), (8, 0x1090)))
_LONGEST_WORD = 64
_IMPLICIT, _BIG_ENDIAN = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2"
_UNKNOWN_LENGTH = 0xFFFFFFFF
_ITEMS = 0xFFFE


def read_dicom(source: Source, picture: Picture) -> None:
    """Elements in ascending order up to the size; sequences without a length are walked through."""
    picture.format = "dcm"
    data = source.peek_at(0, _MOST_BYTES)
    at, order, explicit = 132, "<", True
    syntax, height = b"", 0
    words: dict[tuple[int, int], str] = {}
    for _ in range(_MOST_ELEMENTS):
        if at + 8 >= len(data):
            return
        if syntax and data[at : at + 2] != b"\2\0":
            order, explicit = (">" if syntax == _BIG_ENDIAN else "<"), syntax != _IMPLICIT
        tag = struct.unpack_from(order + "HH", data, at)
        length, at = _length(data, at, order, explicit or tag[0] == 2)
        if tag == _SYNTAX:
            syntax = data[at : at + length].rstrip(b"\0 ")
        elif tag in _WORDS:
            words[tag] = data[at : at + min(length, _LONGEST_WORD)].strip(b" \0").decode("latin-1")
        elif tag == _FRAMES:
            text = data[at : at + min(length, 12)].strip(b" \0")
            picture.frames = int(text) if text.isdigit() else 1
        elif tag == _ROWS:
            (height,) = struct.unpack_from(order + "H", data, at)
            _read_words(words, picture)
        elif tag == _COLUMNS and height:
            picture.resize((*struct.unpack_from(order + "H", data, at), height))
            return
        # Items and sequences without a length are walked into: what they hold has lower tags of its own.
        at += 0 if length == _UNKNOWN_LENGTH or tag[0] == _ITEMS else length


def _read_words(words: dict[tuple[int, int], str], picture: Picture) -> None:
    """The date of acquisition before those of its content, series and study."""
    picture.add_text("Make", words.get((8, 0x70), "").encode())
    picture.add_text("Model", words.get((8, 0x1090), "").encode())
    offset = words.get((8, 0x201), "")
    picture.add_date("Header:AcquisitionDateTime", words.get((8, 0x2A), ""), Rank.TAKEN, offset=offset)
    names = (
        ((8, 0x22), "Acquisition"),
        ((8, 0x23), "Content"),
        ((8, 0x21), "Series"),
        ((8, 0x20), "Study"),
    )
    for tag, name in names:
        text = f"{words.get(tag, '')} {words.get(_TIMES[tag], '')}".strip()
        picture.add_date(f"Header:{name}Date", text, Rank.TAKEN, offset=offset)


def _length(data: bytes, at: int, order: str, explicit: bool) -> tuple[int, int]:
    """The length of an element's value, and where the value begins."""
    if data[at : at + 2] in (b"\xfe\xff", b"\xff\xfe") or not explicit:
        return int(struct.unpack_from(order + "I", data, at + 4)[0]), at + 8
    if data[at + 4 : at + 6] in _LONG_FORMS:
        return int(struct.unpack_from(order + "I", data, at + 8)[0]), at + 12
    return int(struct.unpack_from(order + "H", data, at + 6)[0]), at + 8
