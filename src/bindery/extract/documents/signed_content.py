"""What a signed S/MIME mail holds, whose content stands within its signature; nothing is verified.

Only the way to the content is walked, in BER, which streaming writers use, as well as DER; libraries for ASN.1 build
all of it, certificates too, or take DER alone. Source: RFC 8551 section 3, RFC 5652 sections 3 to 6 and RFC 3274
(compressed content), X.690 sections 8.1 and 8.7.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import msgspec

from bindery.extract.inflating import inflate

_SEQUENCE, _SET, _OCTETS, _OCTETS_IN_PARTS, _IDENTIFIER, _CONTENT = 0x30, 0x31, 0x04, 0x24, 0x06, 0xA0
_END = 0
_MOST_DEPTH, _MOST_ELEMENTS = 12, 200_000
_SIGNED = bytes.fromhex("2a864886f70d010702")
_ENCRYPTED = (
    bytes.fromhex("2a864886f70d010703"),
    bytes.fromhex("2a864886f70d010706"),
    bytes.fromhex("2a864886f70d0109100117"),
)
"""Enveloped, encrypted, and authenticated and enveloped data."""
_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")


class ContentKind(enum.Enum):
    """What a message of the cryptographic message syntax is."""

    READ = "read"
    ENCRYPTED = "encrypted"
    UNKNOWN = "unknown"


class _Element(msgspec.Struct):
    tag: int
    start: int
    end: int
    """Of what it holds."""
    next: int


class _Damaged(Exception):
    """It is no BER, or too much of it."""


def signed_content(data: bytes, most: int) -> tuple[ContentKind, bytes]:
    """The kind of a message, and up to ``most`` bytes of what a signed or compressed one holds."""
    walk = _Walk(data)
    try:
        message = list(walk.children(walk.element(0, len(data), 0)))
        kind = data[message[0].start : message[0].end]
        if kind in _ENCRYPTED:
            return ContentKind.ENCRYPTED, b""
        if kind not in (_SIGNED, _COMPRESSED):
            return ContentKind.UNKNOWN, b""
        fields = walk.children(next(walk.children(message[1])))
        holder = next(field for field in fields if field.tag == _SEQUENCE and walk.begins_with_identifier(field)
                      and walk.has_content(field))  # fmt: skip
        content = next(part for part in walk.children(holder) if part.tag == _CONTENT)
        found = b"".join(walk.octets(next(walk.children(content)), 0))
    except (_Damaged, StopIteration, IndexError):
        return ContentKind.UNKNOWN, b""
    return ContentKind.READ, inflate(found, most) if kind == _COMPRESSED else found[:most]


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MOST_ELEMENTS

    def element(self, at: int, end: int, depth: int) -> _Element:
        """The element that begins there. One without a length ends where its content does."""
        self._left -= 1
        if self._left < 0 or depth > _MOST_DEPTH or at + 2 > end:
            raise _Damaged
        tag, length, start = self._data[at], self._data[at + 1], at + 2
        if length == 0x80:
            inner = start
            while self._data[inner : inner + 2] != b"\0\0":
                inner = self.element(inner, end, depth + 1).next
            return _Element(tag, start, inner, inner + 2)
        if length > 0x80:
            size = length & 0x7F
            if size > 6:
                raise _Damaged
            length, start = int.from_bytes(self._data[start : start + size], "big"), start + size
        # What is cut off is read as far as it goes.
        return _Element(tag, start, min(start + length, end), min(start + length, end))

    def children(self, parent: _Element) -> Iterator[_Element]:
        """The elements in one."""
        at = parent.start
        while at + 2 <= parent.end:
            child = self.element(at, parent.end, 0)
            if child.tag == _END:
                return
            yield child
            at = child.next

    def begins_with_identifier(self, element: _Element) -> bool:
        """Whether it may be that of a type and its content."""
        return self._data[element.start : element.start + 1] == bytes((_IDENTIFIER,))

    def has_content(self, element: _Element) -> bool:
        """Whether content stands in it; a signature beside its content has none."""
        return any(part.tag == _CONTENT for part in self.children(element))

    def octets(self, element: _Element, depth: int) -> Iterator[bytes]:
        """The bytes of a string, which may be told in parts."""
        if depth > _MOST_DEPTH:
            raise _Damaged
        if element.tag == _OCTETS:
            yield self._data[element.start : element.end]
        elif element.tag == _OCTETS_IN_PARTS:
            for part in self.children(element):
                yield from self.octets(part, depth + 1)
