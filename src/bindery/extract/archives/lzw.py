"""Unpacks files of compress(1) (``.Z``): LZW with codes of 9 to 16 bits.

Source: the description of compress(1) in POSIX.1-2024, and the layout of codes in groups of eight of ncompress.
"""

from __future__ import annotations

from collections.abc import Iterator

from bindery.extract.reader import RangeReader

_SIGN = b"\x1f\x9d"
_BLOCK_MODE, _MOST_BITS_MASK = 0x80, 0x1F
_FIRST_BITS, _CLEAR = 9, 256
_CHUNK = 64 * 1024


class LzwFile:
    """The content of a ``.Z`` file, read forwards. Raises ValueError where it is damaged."""

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        head = reader.read(3)
        if head[:2] != _SIGN or len(head) < 3:
            raise ValueError("the compressed file is cut off")
        self._most_bits = min(max(head[2] & _MOST_BITS_MASK, _FIRST_BITS), 16)
        self._block_mode = bool(head[2] & _BLOCK_MODE)
        self._pieces = self._unpack()

    def read(self, length: int) -> bytes:
        """Some of the next bytes; none at the end."""
        out = bytearray()
        for piece in self._pieces:
            out += piece
            if len(out) >= length:
                break
        return bytes(out)

    def _unpack(self) -> Iterator[bytes]:
        first = 257 if self._block_mode else 256
        table = [bytes((byte,)) for byte in range(256)] + [b""] * (first - 256)
        previous = b""
        codes = self._codes(table)
        for code in codes:
            if code == _CLEAR and self._block_mode:
                del table[first:]
                previous = b""
                continue
            if code < len(table):
                entry = table[code]
            elif code == len(table) and previous:
                entry = previous + previous[:1]
            else:
                raise ValueError("the compressed file is damaged")
            yield entry
            if previous and len(table) < 1 << self._most_bits:
                table.append(previous + entry[:1])
            previous = entry

    def _codes(self, table: list[bytes]) -> Iterator[int]:
        """Codes whose width grows with the table; a change of width skips the rest of a group of eight."""
        bits, group, held, position = _FIRST_BITS, 0, b"", 0
        while True:
            if position + bits > len(held) * 8:
                held, position = held[position // 8 :], position % 8
                more = self._reader.read(_CHUNK)
                held += more
                if not more:
                    return
                continue
            at = position >> 3
            code = int.from_bytes(held[at : at + 4], "little") >> (position & 7) & ((1 << bits) - 1)
            position += bits
            group = (group + 1) % 8
            yield code
            wider = len(table) + 1 > 1 << bits and bits < self._most_bits
            cleared = code == _CLEAR and self._block_mode
            if wider or cleared:
                position += bits * ((8 - group) % 8)
                group = 0
                bits = _FIRST_BITS if cleared else bits + 1
