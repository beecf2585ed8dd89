"""Counts the entries of a 7z archive from its header, without unpacking it.

The header stands at the end, and is itself packed as a rule. Source: 7zFormat.txt of the LZMA SDK.
"""

from __future__ import annotations

import lzma
import struct
from typing import Any

from bindery.extract.archives.seven_zip_header import HeaderReader, Streams, TooLong, damaged
from bindery.extract.extractor import Unreadable
from bindery.extract.tags.tiff import Source

_START_BYTES = 32
_MAX_HEADER_BYTES = 16 * 1024 * 1024
_LEAST_DICTIONARY = 4096
_MAX_LAYERS = 4
_AES = b"\x06\xf1\x07\x01"
_LZMA, _LZMA2, _COPY = b"\x03\x01\x01", b"\x21", b"\x00"


def count_7z_entries(reader: Source) -> int | None:
    """Entries, folders among them; None when the header is too long to be read.

    Raises Unreadable when the header is encrypted or damaged.
    """
    try:
        header = _header(reader)
        return header.file_count() if header is not None else 0
    except TooLong:
        return None


def _header(reader: Source) -> HeaderReader | None:
    """The header proper, unpacked; None when the archive has none, for it is empty."""
    start = reader.peek_at(0, _START_BYTES)
    if len(start) < _START_BYTES:
        raise Unreadable("ParseFailed", "the 7z archive is cut off")
    offset, size = struct.unpack_from("<QQ", start, 12)
    if size == 0:
        return None
    if size > _MAX_HEADER_BYTES:
        raise TooLong
    if _START_BYTES + offset + size > reader.size:
        raise Unreadable("ParseFailed", "the 7z archive is cut off: its header at the end is missing")
    header = HeaderReader(reader.peek_at(_START_BYTES + offset, size), reader.size)
    for _ in range(_MAX_LAYERS):
        if not header.starts_packed():
            return header
        header = HeaderReader(_unpack(reader, header.streams()), reader.size)
    raise damaged()


def _unpack(reader: Source, streams: Streams) -> bytes:
    """A packed header. Raises TooLong."""
    if not streams.folders or not streams.packed_sizes or not streams.folders[0].sizes:
        raise damaged()
    folder = streams.folders[0]
    if any(coder == _AES for coder, _ in folder.coders):
        raise Unreadable("ParseFailed", "the entries of the archive are protected by a password")
    size, packed_size = folder.sizes[-1], streams.packed_sizes[0]
    if size > _MAX_HEADER_BYTES or packed_size > _MAX_HEADER_BYTES:
        raise TooLong
    packed = reader.peek_at(_START_BYTES + streams.offset, packed_size)
    coder, properties = folder.coders[0]
    if len(folder.coders) == 1 and coder in (_COPY, b""):
        return packed[:size]
    if len(folder.coders) > 1:
        raise Unreadable("ParseFailed", "the header of the 7z archive is packed by several methods")
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_filter(coder, properties)])
    return decompressor.decompress(packed, size)


def _filter(coder: bytes, properties: bytes) -> dict[str, Any]:
    if coder == _LZMA and len(properties) == 5:
        first, dictionary = struct.unpack("<BI", properties)
        rest, lc = divmod(first, 9)
        pb, lp = divmod(rest, 5)
        return {"id": lzma.FILTER_LZMA1, "dict_size": _bounded(dictionary), "lc": lc, "lp": lp, "pb": pb}
    if coder == _LZMA2 and len(properties) == 1:
        dictionary = (2 | properties[0] & 1) << (min(properties[0], 40) // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": _bounded(dictionary)}
    raise Unreadable("ParseFailed", f"the header of the 7z archive is packed by method {coder.hex()}")


def _bounded(dictionary: int) -> int:
    """A header needs no larger dictionary than it is long."""
    return min(max(dictionary, _LEAST_DICTIONARY), _MAX_HEADER_BYTES)
