"""The sheets and strings of an XLS file.

Source: MS-XLS 2.1.4 (records), 2.4.21 (BOF), 2.4.28 (BoundSheet8), 2.4.265 (SST), 2.4.148 (Label), 2.4.268 (String),
2.4.329 (TxO), 2.4.179 (Note), 2.4.254 (SeriesText); of the versions before: Microsoft Excel 97 Developer's Kit, 6, and
OpenOffice.org's documentation of the Excel file format, 5 (records of BIFF2 to BIFF5).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping

import msgspec

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.document import Document, protected
from bindery.extract.documents.property_set import decode_codepage

MOST_BYTES = 16 * 1024 * 1024
_MAX_RECORDS = 1_000_000
_MAX_STRINGS = 500_000
_BEGINNING, _SHEET, _STRINGS, _CONTINUED, _PROTECTION, _CODEPAGE = 0x809, 0x85, 0xFC, 0x3C, 0x2F, 0x42
_LABEL, _RICH_LABEL, _RESULT, _NOTE, _SHAPE, _SERIES = 0x204, 0xD6, 0x207, 0x1C, 0x1B6, 0x100D
_NARROW_VERSION, _WIDE_VERSION = 0x0500, 0x0600
"""Those of Excel 5 and 97, whose strings say how wide their characters are."""
_WIDE, _EXTENDED, _RICH = 0x1, 0x4, 0x8
_OLD_BEGINNINGS, _OLD_SHEET = (0x0009, 0x0209, 0x0409), 0x8F
_OLD_LABEL, _OLD_RESULT = 0x0004, 0x0007
_OLD_CODEPAGES = {0x8000: 10000, 0x8001: 1252}
"""Of Excel 2 to 4: that of the Macintosh, and that of Windows."""


class _Workbook(msgspec.Struct):
    """What holds for the records that follow."""

    document: Document
    wide: bool
    codepage: int = 1252
    sheets: int = 0
    begun: bool = False
    seen: set[str] = msgspec.field(default_factory=set)

    def add(self, words: str) -> None:
        """Add what a cell holds; what many hold once, as shared strings are."""
        if words and words not in self.seen:
            self.seen.add(words)
            self.document.text.add(words + "\n")


def read_binary_workbook(compound: CompoundFile, document: Document) -> None:
    """Sheets, their names, and the strings of cells, comments and shapes; raises Unreadable for a protected one."""
    wide = "Workbook" in compound
    book = _Workbook(document, wide)
    _read_records(compound.stream("Workbook" if wide else "Book", MOST_BYTES), book, _READERS)
    document.page_count = book.sheets or document.page_count


def read_bare_workbook(data: bytes, document: Document) -> None:
    """One that is in no compound file: a sheet of Excel 2, 3 or 4, the sheets of a workbook of Excel 4, or the
    records of a later one alone.
    """
    document.content_type = "application/vnd.ms-excel"
    old = int.from_bytes(data[:2], "little") in _OLD_BEGINNINGS
    book = _Workbook(document, wide=False)
    _read_records(data, book, {**_READERS, **_OLD_READERS} if old else _READERS)
    document.page_count = book.sheets or 1


def _read_records(data: bytes, book: _Workbook, readers: Mapping[int, _ReadRecord]) -> None:
    for kind, parts in _records(data):
        if kind == _PROTECTION:
            raise protected()
        read = readers.get(kind)
        if read is not None:
            read(book, parts)
        if book.document.text.full:
            break


def _records(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Kind and body of each record, with the bodies of those that continue it."""
    before: tuple[int, list[bytes]] | None = None
    at = 0
    for _ in range(_MAX_RECORDS):
        if at + 4 > len(data):
            break
        kind, length = struct.unpack_from("<HH", data, at)
        body = data[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == _CONTINUED and before is not None:
            before[1].append(body)
            continue
        if before is not None:
            yield before
        before = kind, [body]
    if before is not None:
        yield before


def _begin(book: _Workbook, parts: list[bytes]) -> None:
    """The version that the workbook tells; some writers of Excel 5 tell another one at each sheet."""
    if book.begun:
        return
    book.begun = True
    version = int.from_bytes(parts[0][:2], "little")
    if version in (_NARROW_VERSION, _WIDE_VERSION):
        book.wide = version == _WIDE_VERSION


def _set_codepage(book: _Workbook, parts: list[bytes]) -> None:
    if len(parts[0]) >= 2:
        told = struct.unpack_from("<H", parts[0])[0]
        book.codepage = _OLD_CODEPAGES.get(told, told)


def _add_sheet(book: _Workbook, parts: list[bytes]) -> None:
    body = parts[0]
    if len(body) <= 8:
        return
    book.sheets += 1
    if book.wide:
        name = body[8:].decode("utf-16-le" if body[7] & _WIDE else "latin-1", "replace")
    else:
        name = decode_codepage(body[7 : 7 + body[6]], book.codepage)
    book.document.text.add(name + "\n")


def _add_label(book: _Workbook, parts: list[bytes]) -> None:
    """A cell with its string, behind row, column and format."""
    book.add(_string(book, parts, 6, 2))


def _add_result(book: _Workbook, parts: list[bytes]) -> None:
    """What the formula of the cell before comes to."""
    book.add(_string(book, parts, 0, 2))


def _add_series(book: _Workbook, parts: list[bytes]) -> None:
    """A title in a chart, or the name of a series."""
    book.add(_string(book, parts, 2, 1))


def _add_note(book: _Workbook, parts: list[bytes]) -> None:
    """A comment; since Excel 97 it is a shape, and here is its author."""
    if book.wide:
        book.add(_string(book, parts, 8, 2))
    else:
        book.document.text.add(decode_codepage(parts[0][6:], book.codepage) + "\n")


def _add_shape(book: _Workbook, parts: list[bytes]) -> None:
    """A text box or comment, whose characters stand in the records that continue it."""
    if len(parts) > 1 and len(parts[0]) >= 12:
        source = _Parts(parts[1:])
        flags = source.take(1)
        characters = struct.unpack_from("<H", parts[0], 10)[0]
        book.add(source.characters(characters, bool(flags and flags[0] & _WIDE)))


def _string(book: _Workbook, parts: list[bytes], at: int, counted: int) -> str:
    """A string whose length stands at ``at`` in ``counted`` bytes."""
    body, start = parts[0], at + counted
    length = int.from_bytes(body[at:start], "little")
    if not book.wide:
        return decode_codepage(body[start : start + length], book.codepage)
    wide = bool(body[start : start + 1] > b"\0" and body[start] & _WIDE)
    data = body[start + 1 : start + 1 + length * (1 + wide)]
    if len(parts) == 1 or len(data) == length * (1 + wide):
        return data.decode("utf-16-le" if wide else "latin-1", "replace")
    source = _Parts(parts)
    source.take(start + 1)
    return source.characters(length, wide)


def _add_shared(book: _Workbook, parts: list[bytes]) -> None:
    _add_strings(parts, book.document)


def _add_old_label(book: _Workbook, parts: list[bytes]) -> None:
    """A cell of Excel 2: row, column, three bytes of format, and the string."""
    book.add(_string(book, parts, 7, 1))


def _add_old_result(book: _Workbook, parts: list[bytes]) -> None:
    book.add(_string(book, parts, 0, 1))


def _add_old_sheet(book: _Workbook, parts: list[bytes]) -> None:
    """The name of a sheet in a workbook of Excel 4, behind the size of the sheet."""
    book.sheets += 1
    book.document.text.add(_string(book, parts, 4, 1) + "\n")


_ReadRecord = Callable[[_Workbook, list[bytes]], None]
_READERS: Mapping[int, _ReadRecord] = {
    _BEGINNING: _begin,
    _CODEPAGE: _set_codepage,
    _SHEET: _add_sheet,
    _STRINGS: _add_shared,
    _LABEL: _add_label,
    _RICH_LABEL: _add_label,
    _RESULT: _add_result,
    _NOTE: _add_note,
    _SHAPE: _add_shape,
    _SERIES: _add_series,
}


_OLD_READERS: Mapping[int, _ReadRecord] = {
    _OLD_LABEL: _add_old_label,
    _OLD_RESULT: _add_old_result,
    _OLD_SHEET: _add_old_sheet,
}


def _add_strings(parts: list[bytes], document: Document) -> None:
    """The table of shared strings; a string may run on into the next record, where its width is told anew."""
    source = _Parts(parts)
    source.take(8)
    for _ in range(_MAX_STRINGS):
        if not document.wants_text or document.text.full:
            return
        head = source.take(3)
        if len(head) < 3:
            return
        characters, flags = struct.unpack("<HB", head)
        runs = int.from_bytes(source.take(2), "little") if flags & _RICH else 0
        extra = int.from_bytes(source.take(4), "little") if flags & _EXTENDED else 0
        document.text.add(source.characters(characters, bool(flags & _WIDE)) + "\n")
        source.take(runs * 4 + extra)


class _Parts:
    """The bodies of a record and its continuations, read as one."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts
        self._index = 0
        self._at = 0

    def take(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length and self._index < len(self._parts):
            part = self._parts[self._index][self._at : self._at + length - len(data)]
            data += part
            self._at += len(part)
            if self._at >= len(self._parts[self._index]) and len(data) < length:
                self._index, self._at = self._index + 1, 0
        return bytes(data)

    def characters(self, count: int, wide: bool) -> str:
        words: list[str] = []
        while count > 0 and self._index < len(self._parts):
            here = (len(self._parts[self._index]) - self._at) // (2 if wide else 1)
            data = self.take(min(count, here) * (2 if wide else 1))
            words.append(data.decode("utf-16-le" if wide else "latin-1", "replace"))
            count -= min(count, here)
            if count > 0:
                self._index, self._at = self._index + 1, 1
                wide = self._index < len(self._parts) and bool(self._parts[self._index][:1] > b"\0")
        return "".join(words)
