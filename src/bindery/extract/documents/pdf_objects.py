"""Single objects of a PDF, found by its own tables: a few ranges are read, however large the file is.

PDFium hands out no streams of the document itself. Encrypted streams are not decrypted here.
Source: ISO 32000-1, 7.5.4 (table), 7.5.7 (streams of objects), 7.5.8 (table as a stream), 7.4.4.4 (predictors).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from bindery.extract.inflating import inflate
from bindery.extract.reader import RangeReader

_END_BYTES = 2_048
_OBJECT_BYTES = 16 * 1024
"""Of an object without its stream."""
_STREAM_BYTES = 4 * 1024 * 1024
_UNPACKED_BYTES = 16 * 1024 * 1024
_MOST_TABLES, _MOST_SECTIONS, _MOST_MIXED_ROWS = 64, 1_024, 100_000
_ENTRY_BYTES = 20
_START = re.compile(rb"startxref\s+(\d{1,15})")
_HEAD = re.compile(rb"\s*(\d{1,9})\s+\d{1,5}\s+obj\b")
_SECTION = re.compile(rb"\s*(\d{1,9})\s+(\d{1,9})[ \t]*(?:\r\n|\n|\r)")
_STREAM = re.compile(rb"\bstream(?:\r\n|\n|\r)")
_FILTERS = re.compile(rb"/Filter\s*(?:\[([^\]]{0,256})\]|(/\w+))")
_IN_FILE, _PACKED = 1, 2
"""Where an object may be: at a place of the file, or in a stream of objects."""
_UP = 2
"""The predictor of PNG that nearly all writers use: each byte is told as the difference to the one above."""


class _Table(msgspec.Struct):
    """A table of places with its sections (first number, count, place of the first row); its rows stand in the file
    when it has no ``rows``."""

    trailer: bytes
    sections: list[tuple[int, int, int]] = []
    rows: bytes = b""
    widths: tuple[int, int, int] = (0, 0, 0)
    up: bool = False


class PdfObjects:
    """Objects by number. What is damaged or beyond the limits is as if it were not there."""

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self._shift = max(reader.peek_at(0, 1_024).find(b"%PDF-"), 0)
        self._tables = list(self._read_tables())

    @property
    def catalog(self) -> bytes | None:
        """The dictionary of the document; None when it cannot be found."""
        roots = (reference(table.trailer, b"Root") for table in self._tables)
        number = next((root for root in roots if root), None)
        found = self._object(number) if number else None
        return found[0] if found else None

    def stream(self, number: int) -> bytes | None:
        """The unpacked stream of an object; None when it has none, or is packed in another way than by Flate."""
        found = self._object(number)
        return self._unpacked(*found) if found else None

    def _read_tables(self) -> Iterator[_Table]:
        """The newest first."""
        tail = self._reader.peek_at(max(self._reader.size - _END_BYTES, 0), _END_BYTES)
        pending, seen = [int(match[1]) for match in _START.finditer(tail)][-1:], set[int]()
        while pending and len(seen) < _MOST_TABLES:
            place = pending.pop(0)
            if place in seen:
                continue
            seen.add(place)
            table = self._table(place + self._shift)
            if table is None:
                return
            yield table
            pending += [
                at for name in (b"XRefStm", b"Prev") if (at := number_of(table.trailer, name)) is not None
            ]

    def _table(self, place: int) -> _Table | None:
        if self._reader.peek_at(place, 16).lstrip().startswith(b"xref"):
            return self._written_table(place)
        found = self._at(place, None)
        if found is None or b"/XRef" not in found[0]:
            return None
        head = found[0]
        widths = re.search(rb"/W\s*\[\s*(\d)\s+(\d)\s+(\d)\s*\]", head)
        rows = self._unpacked(*found)
        if widths is None or rows is None:
            return None
        first, second, third = (int(width) for width in widths.groups())
        table = _Table(head, rows=rows, widths=(first, second, third))
        table.up = (number_of(head, b"Predictor") or 0) >= 10
        told = re.search(rb"/Index\s*\[([\d\s]{1,8192})\]", head)
        numbers = [int(one) for one in told[1].split()] if told else [0, number_of(head, b"Size") or 0]
        row = 0
        for at in range(0, len(numbers) - 1, 2):
            table.sections.append((numbers[at], numbers[at + 1], row))
            row += numbers[at + 1]
        return table

    def _written_table(self, place: int) -> _Table | None:
        sections: list[tuple[int, int, int]] = []
        at = place + self._reader.peek_at(place, 16).index(b"xref") + 4
        for _ in range(_MOST_SECTIONS):
            data = self._reader.peek_at(at, _OBJECT_BYTES)
            section = _SECTION.match(data)
            if section is None:
                end = data.find(b"startxref")
                return _Table(data[: end if end >= 0 else len(data)], sections) if sections else None
            count = int(section[2])
            sections.append((int(section[1]), count, at + section.end()))
            at += section.end() + count * _ENTRY_BYTES
        return None

    def _object(self, number: int) -> tuple[bytes, int | None] | None:
        """What an object says, and where its stream begins."""
        kind, place = self._place(number)
        if kind == _IN_FILE:
            return self._at(place + self._shift, number)
        return self._within(place, number) if kind == _PACKED else None

    def _place(self, number: int) -> tuple[int, int]:
        """The kind of the place, and the place itself or the number of the stream that holds the object."""
        for table in self._tables:
            for first, count, start in table.sections:
                if first <= number < first + count:
                    found = (
                        _row(table, start + number - first)
                        if table.rows
                        else self._written_row(start + (number - first) * _ENTRY_BYTES)
                    )
                    if found is not None:
                        return found
        return 0, 0

    def _written_row(self, place: int) -> tuple[int, int] | None:
        row = self._reader.peek_at(place, _ENTRY_BYTES).split()
        used = len(row) >= 3 and row[2][:1] == b"n" and row[0].isdigit()
        return (_IN_FILE, int(row[0])) if used else None

    def _at(self, place: int, number: int | None) -> tuple[bytes, int | None] | None:
        data = self._reader.peek_at(place, _OBJECT_BYTES)
        head = _HEAD.match(data)
        if head is None or (number is not None and int(head[1]) != number):
            return None
        end = data.find(b"endobj", head.end())
        stream = _STREAM.search(data, head.end(), end if end >= 0 else len(data))
        if stream is None:
            return data[head.end() : end if end >= 0 else len(data)], None
        return data[head.end() : stream.start()], place + stream.end()

    def _within(self, holder: int, number: int) -> tuple[bytes, int | None] | None:
        """An object in a stream of objects: pairs of number and place, then the objects."""
        kind, place = self._place(holder)
        found = self._at(place + self._shift, holder) if kind == _IN_FILE else None
        data = self._unpacked(*found) if found else None
        first = number_of(found[0], b"First") if found else None
        if not data or first is None or first > len(data):
            return None
        numbers = [int(one) for one in data[: min(first, _STREAM_BYTES)].split() if one.isdigit()]
        for at in range(0, len(numbers) - 1, 2):
            if numbers[at] == number:
                end = numbers[at + 3] if at + 3 < len(numbers) else len(data)
                return data[first + numbers[at + 1] : first + end], None
        return None

    def _unpacked(self, head: bytes, start: int | None) -> bytes | None:
        if start is None:
            return None
        length = number_of(head, b"Length") or 0
        indirect = reference(head, b"Length")
        if indirect:
            found = self._object(indirect)
            told = re.match(rb"\s*(\d{1,10})", found[0]) if found else None
            length = int(told[1]) if told else 0
        data = self._reader.peek_at(start, min(length, _STREAM_BYTES))
        filters = _FILTERS.search(head)
        if filters is None:
            return data
        flate = (filters[1] or filters[2] or b"").split() in ([b"/FlateDecode"], [b"/Fl"])
        return inflate(data, _UNPACKED_BYTES) if flate else None


def _row(table: _Table, row: int) -> tuple[int, int] | None:
    width = sum(table.widths)
    step = width + table.up
    if (row + 1) * step > len(table.rows):
        return None
    data = _predicted(table.rows, row, step) if table.up else table.rows[row * step : (row + 1) * step]
    first, second, _ = table.widths
    kind = int.from_bytes(data[:first], "big") if first else _IN_FILE
    return (
        (kind, int.from_bytes(data[first : first + second], "big")) if kind in (_IN_FILE, _PACKED) else None
    )


def _predicted(rows: bytes, row: int, step: int) -> bytes:
    """A row of a table whose rows are told as differences."""
    until = (row + 1) * step
    if not rows[:until:step].strip(bytes((_UP,))):
        return bytes(sum(rows[column:until:step]) & 0xFF for column in range(1, step))
    before = bytes(step - 1)
    for at in range(max(row - _MOST_MIXED_ROWS, 0) * step, until, step):
        kind, data = rows[at], rows[at + 1 : at + step]
        if kind == _UP:
            before = bytes((new + old) & 0xFF for new, old in zip(data, before, strict=True))
        elif kind == 1:
            total, summed = 0, bytearray()
            for new in data:
                total = (total + new) & 0xFF
                summed.append(total)
            before = bytes(summed)
        else:
            before = data
    return before


def reference(dictionary: bytes, name: bytes) -> int | None:
    """The number of the object that an entry refers to."""
    found = re.search(rb"/" + name + rb"\s+(\d{1,9})\s+\d{1,5}\s+R\b", dictionary)
    return int(found[1]) if found else None


def number_of(dictionary: bytes, name: bytes) -> int | None:
    """An entry that is a number."""
    found = re.search(rb"/" + name + rb"\s+(\d{1,15})\b(?!\s+\d{1,5}\s+R\b)", dictionary)
    return int(found[1]) if found else None
