"""Unpacks LZ4 frames. Source: LZ4 Frame Format 1.6.2, LZ4 Block Format, and the legacy frame of the same texts."""

from __future__ import annotations

from collections.abc import Iterator

from bindery.extract.reader import RangeReader

_FRAME, _LEGACY = 0x184D2204, 0x184C2102
_SKIPPED = range(0x184D2A50, 0x184D2A60)
_UNPACKED = 1 << 31
_HAS_ID, _HAS_SUM, _HAS_SIZE, _BLOCK_SUMS = 0x01, 0x04, 0x08, 0x10
_WINDOW = 64 * 1024
_LARGEST_BLOCK = 8 * 1024 * 1024
_LEAST_MATCH = 4
_MOST_FRAMES = 10_000


class Lz4File:
    """The content of an LZ4 file, read forwards. Raises ValueError where it is damaged, EOFError where it is cut."""

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self._blocks = self._frames()

    def read(self, length: int) -> bytes:
        """The next block; nothing at the end."""
        return next(self._blocks, b"")

    def _frames(self) -> Iterator[bytes]:
        for _ in range(_MOST_FRAMES):
            sign = self._reader.read(4)
            if len(sign) < 4:
                return
            number = int.from_bytes(sign, "little")
            if number == _FRAME:
                yield from self._frame()
            elif number == _LEGACY:
                yield from self._legacy()
            elif number in _SKIPPED:
                self._reader.seek(self._number(), 1)
            else:
                raise ValueError("the LZ4 file is damaged")

    def _frame(self) -> Iterator[bytes]:
        flags = self._take(2)[0]
        self._take((8 if flags & _HAS_SIZE else 0) + (4 if flags & _HAS_ID else 0) + 1)
        window = b""
        while size := self._number():
            data = self._take(size & ~_UNPACKED)
            if not size & _UNPACKED:
                data = _unpacked(data, window)
            if flags & _BLOCK_SUMS:
                self._take(4)
            window = (window + data)[-_WINDOW:]
            if data:
                yield data
        if flags & _HAS_SUM:
            self._take(4)

    def _legacy(self) -> Iterator[bytes]:
        while size := self._reader.read(4):
            number = int.from_bytes(size, "little")
            if number in (_FRAME, _LEGACY) or number in _SKIPPED:
                self._reader.seek(-4, 1)
                return
            yield _unpacked(self._take(number), b"")

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "little")

    def _take(self, length: int) -> bytes:
        if length > _LARGEST_BLOCK:
            raise ValueError("the LZ4 file is damaged")
        data = self._reader.read(length)
        if len(data) < length:
            raise EOFError("the compressed file is cut off")
        return data


def _unpacked(data: bytes, window: bytes) -> bytes:
    """A block: literals and matches by turns; matches may reach back into the window."""
    out, at = bytearray(window), 0
    while at < len(data):
        token = data[at]
        length, at = _length(data, at + 1, token >> 4)
        out += data[at : at + length]
        at += length
        if at + 2 > len(data):
            break
        distance = int.from_bytes(data[at : at + 2], "little")
        length, at = _length(data, at + 2, token & 15)
        length += _LEAST_MATCH
        start = len(out) - distance
        if not distance or start < 0 or len(out) + length > _LARGEST_BLOCK + len(window):
            raise ValueError("the LZ4 file is damaged")
        piece = out[start : start + length]
        # A match may run over its own end: what it copied so far repeats.
        out += (piece * (-(-length // len(piece))))[:length]
    return bytes(out[len(window) :])


def _length(data: bytes, at: int, first: int) -> tuple[int, int]:
    """A length of four bits, with bytes that add to it while they are full."""
    if first == 15:
        while at < len(data):
            first += data[at]
            at += 1
            if data[at - 1] != 255:
                break
    return first, at
