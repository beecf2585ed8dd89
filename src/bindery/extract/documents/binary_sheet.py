"""The sheets and strings of an XLS file. Source: MS-XLS 2.1.4 (records), 2.4.28 (BoundSheet8), 2.4.265 (SST)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.document import Document, protected
from bindery.extract.documents.property_set import decode_codepage

_MAX_STREAM_BYTES = 16 * 1024 * 1024
_MAX_RECORDS = 1_000_000
_MAX_STRINGS = 500_000
_SHEET, _STRINGS, _CONTINUED, _PROTECTION, _LABEL, _CODEPAGE = 0x85, 0xFC, 0x3C, 0x2F, 0x204, 0x42
_WIDE, _EXTENDED, _RICH = 0x1, 0x4, 0x8


def read_binary_workbook(compound: CompoundFile, document: Document) -> None:
    """Sheets, their names, and the strings of the cells; raises Unreadable for a protected workbook."""
    wide = "Workbook" in compound
    data = compound.stream("Workbook" if wide else "Book", _MAX_STREAM_BYTES)
    sheets, codepage = 0, 1252
    parts: list[bytes] = []
    for kind, body in _records(data):
        if kind == _PROTECTION:
            raise protected()
        if kind == _CODEPAGE and len(body) >= 2:
            codepage = struct.unpack_from("<H", body)[0]
        if kind == _SHEET and len(body) > 8:
            sheets += 1
            document.text.add(_sheet_name(body, wide, codepage) + "\n")
        if kind == _LABEL and not wide and len(body) > 8:
            document.text.add(decode_codepage(body[8:], codepage) + "\n")
        if kind == _STRINGS or (kind == _CONTINUED and parts):
            parts.append(body)
        elif parts:
            _add_strings(parts, document)
            parts = []
        if document.text.full:
            break
    document.page_count = sheets or document.page_count


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MAX_RECORDS):
        if at + 4 > len(data):
            return
        kind, length = struct.unpack_from("<HH", data, at)
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _sheet_name(body: bytes, wide: bool, codepage: int) -> str:
    if not wide:
        return decode_codepage(body[7 : 7 + body[6]], codepage)
    return body[8:].decode("utf-16-le" if body[7] & _WIDE else "latin-1", "replace")


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
