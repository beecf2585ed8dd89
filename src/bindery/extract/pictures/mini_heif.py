"""HEIF files of the low-overhead form: one box ``mini`` in place of ``meta``, packed into bits.

Source: ISO/IEC 23008-12 with its amendment on low-overhead image file format (MinimizedImageBox).
"""

from __future__ import annotations

from bindery.extract.inflating import DEFLATE, inflate
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Memory, Source

_MOST_BYTES = 4 * 1024 * 1024
_HEADER_BYTES = 64
_TURNED = range(5, 9)
"""Orientations, in EXIF's numbers, of a picture that stands on its side."""


def read_mini(source: Source, start: int, length: int, picture: Picture) -> None:
    """The size after the picture's own orientation, and its EXIF and XMP, which stand at the end of the box."""
    bits = _Bits(source.peek_at(start, min(length, _HEADER_BYTES)))
    bits.take(2)
    coded, floating, _, alpha, colours, dynamic, profile, exif, xmp = (bits.take(1) for _ in range(9))
    sampling = bits.take(2)
    orientation = bits.take(3) + 1
    sides = 15 if bits.take(1) else 7
    width, height = bits.take(sides) + 1, bits.take(sides) + 1
    picture.resize((height, width) if orientation in _TURNED else (width, height))
    if dynamic or not (exif or xmp):
        return  # with a gain map come many more fields
    bits.take((0, 2, 1, 0)[sampling])
    if floating:
        bits.take(2)
    elif bits.take(1):
        bits.take(3)
    bits.take(alpha)
    bits.take(24 if colours else 0)
    bits.take(64 if coded else 0)
    _read_metadata(source, start + length, _sizes(bits, alpha, profile, exif, xmp), picture)


def _sizes(bits: _Bits, alpha: int, profile: int, exif: int, xmp: int) -> tuple[int, int, bool]:
    """Bytes of EXIF and of XMP, and whether they are compressed."""
    long = bits.take(1) if profile or exif or xmp else 0
    codec = 12 if bits.take(1) else 3
    items = 28 if bits.take(1) else 15
    metadata = 20 if long else 10
    bits.take(metadata if profile else 0)
    bits.take(codec)
    bits.take(items)
    if alpha and bits.take(items):
        bits.take(codec)
    compressed = bool(bits.take(1))
    exif_bytes = bits.take(metadata) + 1 if exif else 0
    return exif_bytes, bits.take(metadata) + 1 if xmp else 0, compressed


def _read_metadata(source: Source, end: int, sizes: tuple[int, int, bool], picture: Picture) -> None:
    exif, xmp, compressed = sizes
    block = _plain(source.peek_at(end - xmp - exif, exif), compressed)
    if block:
        # As in an Exif item, an offset may stand before the block.
        picture.add_exif(Memory(block if block[:2] in (b"II", b"MM") else block[4:]))
    picture.add_xmp(_plain(source.peek_at(end - xmp, xmp), compressed))


def _plain(data: bytes, compressed: bool) -> bytes:
    if not compressed:
        return data
    return inflate(data, _MOST_BYTES, DEFLATE)


class _Bits:
    """Numbers from the highest bit down; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data.ljust(_HEADER_BYTES, b"\0"), "big")
        self._left = 8 * _HEADER_BYTES

    def take(self, count: int) -> int:
        self._left -= count
        return self._value >> max(self._left, 0) & ((1 << count) - 1)
