"""Counts the entries of a RAR archive by walking its block headers.

Source: the published RAR 5.0 archive format (rarlab technote), and that of RAR 4 (technote of RAR 2.02 to 4).
"""

from __future__ import annotations

import struct

from bindery.extract.extractor import Unreadable
from bindery.extract.positioned import CountedSource

_SIGNATURE_4 = b"Rar!\x1a\x07\x00"
_SIGNATURE_5 = b"Rar!\x1a\x07\x01\x00"
_LONGEST_NUMBER = 10
_HEAD_BYTES = 64
_FILE_5, _ENCRYPTION_5, _END_5 = 2, 4, 5
_EXTRA_5, _DATA_5 = 0x1, 0x2
_MAIN_4, _FILE_4, _SERVICE_4, _END_4 = 0x73, 0x74, 0x7A, 0x7B
_ENCRYPTED_4, _LARGE_4, _DATA_4 = 0x0080, 0x0100, 0x8000


def count_rar_entries(reader: CountedSource, limit: int, bytes_limit: int) -> int | None:
    """Entries, folders among them; None when a limit of blocks or of fetched bytes is reached.

    Raises Unreadable when the headers are encrypted or damaged.
    """
    head = reader.peek_at(0, 8)
    if head.startswith(_SIGNATURE_5):
        step, offset = _block_5, len(_SIGNATURE_5)
    elif head.startswith(_SIGNATURE_4):
        step, offset = _block_4, len(_SIGNATURE_4)
    else:
        raise Unreadable("ParseFailed", "the signature of the RAR archive is damaged")
    entries = 0
    for _ in range(limit):
        if reader.bytes_read > bytes_limit:
            return None
        if offset >= reader.size:
            return entries
        found = step(reader.peek_at(offset, _HEAD_BYTES))
        if found is None:
            raise Unreadable("ParseFailed", f"the RAR archive is damaged after {entries} entries")
        is_entry, length, ends = found
        entries += is_entry
        if ends:
            return entries
        offset += length
    return None


def _block_5(data: bytes) -> tuple[bool, int, bool] | None:
    """Whether a block is an entry, its length with data, and whether it ends the archive."""
    numbers = _Numbers(data, 4)
    size = numbers.next()
    start = numbers.at
    kind, flags = numbers.next(), numbers.next()
    if flags & _EXTRA_5:
        numbers.next()
    packed = numbers.next() if flags & _DATA_5 else 0
    if numbers.failed or size == 0:
        return None
    if kind == _ENCRYPTION_5:
        raise Unreadable("ParseFailed", "the entries of the archive are protected by a password")
    return kind == _FILE_5, start + size + packed, kind == _END_5


class _Numbers:
    """Numbers of seven bits to a byte, the lowest first."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at
        self.failed = False

    def next(self) -> int:
        value = 0
        for index in range(_LONGEST_NUMBER):
            if self.at >= len(self._data):
                break
            byte = self._data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value
        self.failed = True
        return 0


def _block_4(data: bytes) -> tuple[bool, int, bool] | None:
    if len(data) < 7:
        return None
    kind, flags, size = struct.unpack_from("<BHH", data, 2)
    if size < 7 or not 0x72 <= kind <= _END_4:
        return None
    if kind == _MAIN_4 and flags & _ENCRYPTED_4:
        raise Unreadable("ParseFailed", "the entries of the archive are protected by a password")
    packed = 0
    if kind in (_FILE_4, _SERVICE_4) or flags & _DATA_4:
        packed = int.from_bytes(data[7:11], "little")
    if kind in (_FILE_4, _SERVICE_4) and flags & _LARGE_4:
        packed |= int.from_bytes(data[32:36], "little") << 32
    return kind == _FILE_4, size + packed, kind == _END_4
