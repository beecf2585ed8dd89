"""Counts the names within the script data of an FLV file. Source: Adobe's Flash Video File Format 10.1, E.4.4."""

from __future__ import annotations

import struct

from bindery.extract.tags.tiff import Source

_SCRIPT = 18
_MOST_FLV_TAGS = 64
_MOST_SCRIPT_BYTES = 16 * 1024 * 1024
_SIZES = {0: 8, 1: 1, 5: 0, 6: 0, 7: 2, 11: 10}
"""Number, boolean, null, undefined, reference, date."""
_STRING, _OBJECT, _KEYED, _LIST, _LONG_STRING = 2, 3, 8, 10, 12
_END = b"\0\0\x09"
_MOST_DEPTH = 16


def flv_names(source: Source, most: int) -> int:
    """Names of the properties in the first tags of an FLV file; not many more than ``most``."""
    at = int.from_bytes(source.peek_at(5, 4), "big") + 4
    count = 0
    for _ in range(_MOST_FLV_TAGS):
        head = source.peek_at(at, 11)
        if len(head) < 11 or count > most:
            break
        size = int.from_bytes(head[1:4], "big")
        if head[0] & 0x1F == _SCRIPT:
            count += _Values(source.peek_at(at + 11, min(size, _MOST_SCRIPT_BYTES)), most - count).names
        at += 11 + size + 4
    return count


class _Values:
    """Values of AMF 0, one after the other; what cannot be read ends them."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data = data
        self._at = 0
        self._most = most
        self.names = 0
        try:
            while self._at < len(data) and self.names <= most:
                self._value(_MOST_DEPTH)
        except (IndexError, KeyError, struct.error):
            return

    def _value(self, depth: int) -> None:
        kind = self._data[self._at]
        self._at += 1
        if kind == _STRING:
            self._at += 2 + self._number(">H")
        elif kind == _LONG_STRING:
            self._at += 4 + self._number(">I")
        elif kind in (_OBJECT, _KEYED) and depth:
            self._at += 4 if kind == _KEYED else 0
            self._members(depth - 1)
        elif kind == _LIST and depth:
            length = self._number(">I")
            self._at += 4
            self._list(length, depth - 1)
        else:
            self._at += _SIZES[kind]

    def _members(self, depth: int) -> None:
        while self.names <= self._most and self._data[self._at : self._at + 3] != _END:
            self._at += 2 + self._number(">H")
            self.names += 1
            self._value(depth)
        self._at += 3

    def _list(self, length: int, depth: int) -> None:
        """Long lists are those of numbers, for the places of key frames."""
        for _ in range(length):
            if self.names > self._most:
                return
            if self._data[self._at] == 0:
                self._at += 9
            else:
                self._value(depth)

    def _number(self, layout: str) -> int:
        return int(struct.unpack_from(layout, self._data, self._at)[0])
