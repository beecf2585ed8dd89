"""The text and page count of a DOC file.

Source: MS-DOC 2.4.1 (retrieving text), 2.5 (file information block), 2.7.2 (document properties); Word 6 and 95:
Microsoft Word 97 Binary File Format, appendix on the formats before.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from functools import partial

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.document import Document, protected
from bindery.extract.documents.property_set import codepage_of_language, decode_codepage
from bindery.extract.extractor import Unreadable
from bindery.extract.text.decode import decode_in, decode_text

_MARK = 0xA5EC
_SAVED_FAST, _ENCRYPTED, _SECOND_TABLE, _WIDE_CHARACTERS = 0x0004, 0x0100, 0x0200, 0x1000
_WESTERN, _MAC_ROMAN = 1252, 10000
_UNTOLD = (0, 1200, 65001)
"""A summary in Unicode tells nothing of the text."""
_FIRST_WITH_PIECES = 0x00C1
"""Version number of Word 97."""
_NARROW = 0x40000000
_MAX_TABLE_BYTES = 4 * 1024 * 1024
_MAX_STREAM_BYTES = 16 * 1024 * 1024
_FIELD_CODE = re.compile("\x13[^\x13\x14\x15]*\x14?")
_MARKS = re.compile("[\x01-\x08\x0b-\x1f]")


def read_binary_word(compound: CompoundFile, document: Document, codepage: int = 0) -> None:
    """Add the text of the body, notes and headers; raises Unreadable for a protected document.

    ``codepage`` is that of its summary, 0 when it has none.
    """
    data = compound.stream("WordDocument", _MAX_STREAM_BYTES)
    if len(data) < 0x200:
        raise Unreadable("ParseFailed", "the stream WordDocument is cut off")
    version, flags = struct.unpack_from("<H6xH", data, 2)
    if flags & _ENCRYPTED:
        raise protected()
    if version < _FIRST_WITH_PIECES:
        pieces = _old_pieces(data, flags, codepage)
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


def _old_pieces(data: bytes, flags: int, codepage: int) -> Iterator[str]:
    """The text of Word 6 and 95: in one piece, or in many when it was saved fast.

    Its characters are those of the code page of its language, or in East Asian versions of 16 bits.
    """
    start, end = struct.unpack_from("<II", data, 0x18)
    decode: Callable[[bytes], str] = _decode_wide
    if not flags & _WIDE_CHARACTERS:
        decode = _old_charset(data, data[start:end], codepage)
    table, length = struct.unpack_from("<II", data, 0x160)
    if not flags & _SAVED_FAST or not length:
        yield decode(data[start:end])
        return
    width = 2 if flags & _WIDE_CHARACTERS else 1
    for place, characters in _places(data[table : table + length], len(data)):
        yield decode(data[place : place + characters * width])


def _old_charset(data: bytes, text: bytes, codepage: int) -> Callable[[bytes], str]:
    """That of the language; where that is a Western one, as it is of most copies of Word, that of the summary, or
    what is likely."""
    language, system = struct.unpack_from("<H10xB", data, 6)
    told = _MAC_ROMAN if system else codepage_of_language(language)
    if told != _WESTERN:
        return partial(decode_codepage, codepage=told)
    if codepage not in _UNTOLD:
        return partial(decode_codepage, codepage=codepage)
    try:
        return partial(decode_in, codec=decode_text(text).charset)
    except Unreadable:
        return partial(decode_codepage, codepage=_WESTERN)


def _decode_wide(data: bytes) -> str:
    return data.decode("utf-16-le", "replace")


def _page_count(data: bytes, table: bytes) -> int | None:
    """Pages by the document's own properties, for files whose summary does not tell."""
    start, length = struct.unpack_from("<II", data, 0x192)
    properties = table[start : start + length]
    return int(struct.unpack_from("<H", properties, 46)[0]) if len(properties) >= 48 else None


def _pieces(data: bytes, table: bytes) -> Iterator[str]:
    """The pieces of the text in reading order."""
    start, length = struct.unpack_from("<II", data, 0x1A2)
    for place, characters in _places(table[start : start + length], len(data)):
        if place & _NARROW:
            begin = (place & ~_NARROW) // 2
            yield data[begin : begin + characters].decode("cp1252", "replace")
        else:
            yield _decode_wide(data[place : place + characters * 2])


def _places(clx: bytes, left: int) -> Iterator[tuple[int, int]]:
    """Where each piece is, and how many characters it has; ``left`` bytes have all of them."""
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
    for index in range(count):
        # Pieces of a text do not overlap, so they are no longer than their stream in all.
        characters = min(max(positions[index + 1] - positions[index], 0), left)
        left -= characters
        yield struct.unpack_from("<I", clx, 5 + (count + 1) * 4 + index * 8 + 2)[0], characters
