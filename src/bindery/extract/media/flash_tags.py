"""Reads the script data of an FLV file and counts the names within.

Source: Adobe's Flash Video File Format 10.1, E.4.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from bindery.extract.tags.tiff import Source

_SCRIPT = 18
_MOST_FLV_TAGS = 64
_MOST_SCRIPT_BYTES = 16 * 1024 * 1024
_SIZES = {0: 8, 1: 1, 5: 0, 6: 0, 7: 2, 11: 10}
"""Number, boolean, null, undefined, reference, date."""
_NUMBER, _STRING, _OBJECT, _KEYED, _LIST, _DATE, _LONG_STRING = 0, 2, 3, 8, 10, 11, 12
_MOST_METADATA_BYTES = 1024 * 1024
_MOST_NAMES = 2_000
_END = b"\0\0\x09"
_MOST_DEPTH = 16
_MOST_ELEMENTS = 100_000
"""Of lists: each key frame of a film of ten hours is in two."""


def flv_names(source: Source, most: int) -> int:
    """Names of the properties in the first tags of an FLV file; not many more than ``most``."""
    count = 0
    for at, size in _scripts(source):
        count += _Values(source.peek_at(at, min(size, _MOST_SCRIPT_BYTES)), most - count).names
        if count > most:
            break
    return count


def flv_metadata(source: Source, most: int) -> Iterator[tuple[bytes, bytes | float]]:
    """Names and values of the first script data: texts, numbers, dates as milliseconds since 1970."""
    for at, size in islice(_scripts(source), 1):
        yield from _Values(source.peek_at(at, min(size, _MOST_METADATA_BYTES)), most).found


def flv_number(source: Source, name: bytes) -> float | None:
    """One number of the metadata."""
    found = (value for key, value in flv_metadata(source, _MOST_NAMES) if key == name)
    return next((value for value in found if isinstance(value, float)), None)


def _scripts(source: Source) -> Iterator[tuple[int, int]]:
    """Where script data among the first tags begin, and how long they are."""
    at = int.from_bytes(source.peek_at(5, 4), "big") + 4
    for _ in range(_MOST_FLV_TAGS):
        head = source.peek_at(at, 11)
        if len(head) < 11:
            return
        size = int.from_bytes(head[1:4], "big")
        if head[0] & 0x1F == _SCRIPT:
            yield at + 11, size
        at += 11 + size + 4


class _Values:
    """Values of AMF 0, one after the other; what cannot be read ends them."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data = data
        self._at = 0
        self._most = most
        self._elements = 0
        self.names = 0
        self.found: list[tuple[bytes, bytes | float]] = []
        """The members of the outermost objects."""
        try:
            while self._at < len(data) and self.names <= most:
                self._value(_MOST_DEPTH)
        except (IndexError, KeyError, struct.error):
            return

    def _value(self, depth: int) -> bytes | float | None:
        kind = self._data[self._at]
        self._at += 1
        if kind == _STRING:
            return self._text(">H")
        if kind == _LONG_STRING:
            return self._text(">I")
        if kind in (_NUMBER, _DATE):
            return self._real(_SIZES[kind])
        if kind in (_OBJECT, _KEYED) and depth:
            self._at += 4 if kind == _KEYED else 0
            self._members(depth - 1)
        elif kind == _LIST and depth:
            length = self._number(">I")
            self._at += 4
            self._list(length, depth - 1)
        else:
            self._at += _SIZES[kind]
        return None

    def _text(self, layout: str) -> bytes:
        start = self._at + struct.calcsize(layout)
        self._at = start + self._number(layout)
        return self._data[start : self._at]

    def _real(self, size: int) -> float:
        value: float = struct.unpack_from(">d", self._data, self._at)[0]
        self._at += size
        return value

    def _members(self, depth: int) -> None:
        while self.names <= self._most and self._data[self._at : self._at + 3] != _END:
            name = self._text(">H")
            self.names += 1
            value = self._value(depth)
            if value is not None and depth == _MOST_DEPTH - 1:
                self.found.append((name, value))
        self._at += 3

    def _list(self, length: int, depth: int) -> None:
        """Long lists are those of numbers, for the places of key frames."""
        for _ in range(length):
            self._elements += 1
            if self._elements > _MOST_ELEMENTS:
                # Whatever follows counts as too much.
                self.names = self._most + 1
            if self.names > self._most:
                return
            if self._data[self._at] == 0:
                self._at += 9
            else:
                self._value(depth)

    def _number(self, layout: str) -> int:
        return int(struct.unpack_from(layout, self._data, self._at)[0])
