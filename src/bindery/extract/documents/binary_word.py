"""The text and page count of a DOC file.

Source: MS-DOC 2.4.1 (retrieving text), 2.5 (file information block), 2.7.2 (document properties).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.document import Document, protected
from bindery.extract.extractor import Unreadable

_MARK = 0xA5EC
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_FIRST_WITH_PIECES = 0x00C1
"""Version number of Word 97; before it text stands in one piece of single bytes."""
_NARROW = 0x40000000
_MAX_TABLE_BYTES = 4 * 1024 * 1024
_MAX_STREAM_BYTES = 16 * 1024 * 1024
_FIELD_CODE = re.compile("\x13[^\x13\x14\x15]*\x14?")
_MARKS = re.compile("[\x01-\x08\x0b-\x1f]")


def read_binary_word(compound: CompoundFile, document: Document) -> None:
    """Add the text of the body, notes and headers; raises Unreadable for a protected document."""
    data = compound.stream("WordDocument", _MAX_STREAM_BYTES)
    if len(data) < 0x200:
        raise Unreadable("ParseFailed", "the stream WordDocument is cut off")
    version, flags = struct.unpack_from("<H6xH", data, 2)
    if flags & _ENCRYPTED:
        raise protected()
    if version < _FIRST_WITH_PIECES:
        start, end = struct.unpack_from("<II", data, 0x18)
        pieces: Iterator[str] = iter([data[start:end].decode("cp1252", "replace")])
    else:
        table = compound.stream("1Table" if flags & _SECOND_TABLE else "0Table", _MAX_TABLE_BYTES)
        document.page_count = document.page_count or _page_count(data, table)
        pieces = _pieces(data, table)
    if not document.wants_text:
        return
    for piece in pieces:
        document.text.add(_MARKS.sub(" ", _FIELD_CODE.sub("", piece)))
        if document.text.full:
            return


def _page_count(data: bytes, table: bytes) -> int | None:
    """Pages by the document's own properties, for files whose summary does not tell."""
    start, length = struct.unpack_from("<II", data, 0x192)
    properties = table[start : start + length]
    return int(struct.unpack_from("<H", properties, 46)[0]) if len(properties) >= 48 else None


def _pieces(data: bytes, table: bytes) -> Iterator[str]:
    """The pieces of the text in reading order."""
    start, length = struct.unpack_from("<II", data, 0x1A2)
    clx = table[start : start + length]
    at = 0
    while clx[at : at + 1] == b"\x01" and len(clx) - at >= 3:
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    clx = clx[at:]
    if clx[:1] != b"\x02":
        raise Unreadable("ParseFailed", "the piece table of the document is missing")
    count = (min(struct.unpack_from("<I", clx.ljust(5, b"\0"), 1)[0], len(clx) - 5) - 4) // 12
    if count < 1:
        return
    positions = struct.unpack_from(f"<{count + 1}I", clx, 5)
    left = len(data)
    for index in range(count):
        # Pieces of a text do not overlap, so they are no longer than their stream in all.
        characters = min(max(positions[index + 1] - positions[index], 0), left)
        left -= characters
        place = struct.unpack_from("<I", clx, 5 + (count + 1) * 4 + index * 8 + 2)[0]
        if place & _NARROW:
            begin = (place & ~_NARROW) // 2
            yield data[begin : begin + characters].decode("cp1252", "replace")
        else:
            yield data[place : place + characters * 2].decode("utf-16-le", "replace")
