"""The directory at the end of a ZIP file: how many entries, and their names, without unpacking.

Source: PKWARE APPNOTE 6.3.10, 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end, also of ZIP64).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from bindery.extract.extractor import Unreadable
from bindery.extract.reader import RangeReader

_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
_ENTRY = b"PK\x01\x02"
_END_BYTES, _END64_BYTES, _LOCATOR64_BYTES, _ENTRY_BYTES = 22, 56, 20, 46
_LONGEST_COMMENT = 65_535
_MOST_AT_END = _END_BYTES + _LONGEST_COMMENT
_CHUNK = 256 * 1024


class ZipDirectory(msgspec.Struct, frozen=True):
    """Where the directory is, and what its end says of it."""

    declared_entries: int
    offset: int
    size: int


def find_directory(reader: RangeReader) -> ZipDirectory:
    """Read the end of the file; raises Unreadable when no directory is there."""
    for length, exact in ((512, True), (_MOST_AT_END, True), (_MOST_AT_END, False)):
        start = max(reader.size - length, 0)
        tail = reader.peek_at(start, length)
        at = _find_end(tail, exact)
        if at is not None:
            return _directory(reader, tail[at:], start + at)
    raise Unreadable("ParseFailed", "the directory at the end of the ZIP file is missing")


def _find_end(tail: bytes, exact: bool) -> int | None:
    """The last end record whose comment ends where the file ends, for a comment may hold the sign itself.

    Without ``exact`` something may follow the comment.
    """
    at = tail.rfind(_END)
    while at >= 0:
        rest = len(tail) - at - _END_BYTES
        comment = struct.unpack_from("<H", tail, at + 20)[0] if rest >= 0 else 0
        if rest == comment or (rest > comment and not exact):
            return at
        at = tail.rfind(_END, 0, at)
    return None


def _directory(reader: RangeReader, record: bytes, end: int) -> ZipDirectory:
    entries, size, offset = struct.unpack_from("<HII", record, 10)
    locator = reader.peek_at(end - _LOCATOR64_BYTES, _LOCATOR64_BYTES) if end >= _LOCATOR64_BYTES else b""
    if locator.startswith(_LOCATOR64):
        end64 = struct.unpack_from("<Q", locator, 8)[0]
        record64 = reader.peek_at(end64, _END64_BYTES) if end64 < reader.size else b""
        if record64.startswith(_END64) and len(record64) == _END64_BYTES:
            entries, size, offset = struct.unpack_from("<QQQ", record64, 32)
            end = end64
    # A program that unpacks itself stands before the archive and shifts it, which the offset does not tell.
    return ZipDirectory(entries, end - size if size <= end else offset, size)


def entry_names(reader: RangeReader, directory: ZipDirectory, limit: int) -> Iterator[bytes]:
    """The names of the entries in the first ``limit`` bytes of the directory, as they are stored.

    Raises Unreadable where the directory is damaged.
    """
    held, position = b"", directory.offset
    end = directory.offset + min(directory.size, limit)
    while True:
        if len(held) < _ENTRY_BYTES + 3 * _LONGEST_COMMENT and position < end:
            more = reader.peek_at(position, min(_CHUNK, end - position))
            held, position = held + more, position + len(more) if more else end
        cut = 0
        while (entry := _entry_at(held, cut)) is not None:
            yield held[cut + _ENTRY_BYTES : cut + _ENTRY_BYTES + entry[0]]
            cut += entry[1]
        held = held[cut:]
        if position >= end and (not held or end < directory.offset + directory.size):
            return
        if position >= end or (held[:4] != _ENTRY[: len(held)]):
            raise Unreadable("ParseFailed", "the directory of the ZIP file is damaged")


def _entry_at(held: bytes, at: int) -> tuple[int, int] | None:
    """Length of the name, and of the whole record; None when it is not there as a whole."""
    if held[at : at + 4] != _ENTRY or len(held) - at < _ENTRY_BYTES:
        return None
    name, extra, comment = struct.unpack_from("<HHH", held, at + 28)
    length = _ENTRY_BYTES + name + extra + comment
    return (name, length) if len(held) - at >= length else None
