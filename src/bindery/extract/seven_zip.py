"""Counts the entries of a 7z archive from its header, without unpacking it.

The header stands at the end, and is itself packed as a rule. Source: 7zFormat.txt of the LZMA SDK.
"""

from __future__ import annotations

import lzma
import struct
from typing import Any

import msgspec

from bindery.extract.extractor import Unreadable
from bindery.extract.reader import RangeReader

_START_BYTES = 32
_MAX_HEADER_BYTES = 16 * 1024 * 1024
_MAX_LZMA_MEMORY = 128 * 1024 * 1024
_MAX_ITEMS = 1_000_000
_END, _HEADER, _ARCHIVE_PROPERTIES, _MORE_STREAMS, _MAIN_STREAMS, _FILES = 0, 1, 2, 3, 4, 5
_PACK_INFO, _UNPACK_INFO, _SUBSTREAMS, _SIZE, _CRC, _FOLDER, _UNPACK_SIZE, _SUBSTREAM_COUNT = (
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
)
_PACKED_HEADER = 23
_AES = b"\x06\xf1\x07\x01"
_LZMA, _LZMA2, _COPY = b"\x03\x01\x01", b"\x21", b"\x00"


class _Folder(msgspec.Struct):
    """A chain of coders; the last one of a packed header's is its compression."""

    coders: list[tuple[bytes, bytes]]
    outputs: int
    packed: int
    sizes: list[int] = []


class _Streams(msgspec.Struct):
    offset: int = 0
    sizes: list[int] = []
    folders: list[_Folder] = []


def count_7z_entries(reader: RangeReader) -> int | None:
    """Entries, folders among them; None when the header is too large to be read.

    Raises Unreadable when the header is encrypted or damaged.
    """
    start = reader.peek_at(0, _START_BYTES)
    if len(start) < _START_BYTES:
        raise Unreadable("ParseFailed", "the 7z archive is cut off")
    offset, size = struct.unpack_from("<QQ", start, 12)
    if size == 0:
        return 0
    if size > _MAX_HEADER_BYTES:
        return None
    if _START_BYTES + offset + size > reader.size:
        raise Unreadable("ParseFailed", "the 7z archive is cut off: its header at the end is missing")
    header = _Header(reader.peek_at(_START_BYTES + offset, size))
    kind = header.byte()
    for _ in range(4):
        if kind != _PACKED_HEADER:
            break
        data = _unpack(reader, header.streams())
        if data is None:
            return None
        header = _Header(data)
        kind = header.byte()
    if kind != _HEADER:
        raise Unreadable("ParseFailed", "the header of the 7z archive is damaged")
    return header.file_count()


def _unpack(reader: RangeReader, streams: _Streams) -> bytes | None:
    """A packed header; None when it is too large."""
    if not streams.folders or not streams.sizes or not streams.folders[0].sizes:
        raise Unreadable("ParseFailed", "the header of the 7z archive is damaged")
    folder = streams.folders[0]
    if any(coder == _AES for coder, _ in folder.coders):
        raise Unreadable("ParseFailed", "the entries of the archive are protected by a password")
    size = folder.sizes[-1]
    if size > _MAX_HEADER_BYTES or streams.sizes[0] > _MAX_HEADER_BYTES or len(folder.coders) != 1:
        return None
    packed = reader.peek_at(_START_BYTES + streams.offset, streams.sizes[0])
    coder, properties = folder.coders[0]
    if coder == _COPY:
        return packed
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_filter(coder, properties)])
    return decompressor.decompress(packed, size)


def _filter(coder: bytes, properties: bytes) -> dict[str, Any]:
    if coder == _LZMA and len(properties) == 5:
        first, dictionary = struct.unpack("<BI", properties)
        rest, lc = divmod(first, 9)
        pb, lp = divmod(rest, 5)
        return _bounded({"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb})
    if coder == _LZMA2 and len(properties) == 1 and properties[0] < 40:
        return _bounded(
            {"id": lzma.FILTER_LZMA2, "dict_size": (2 | properties[0] & 1) << (properties[0] // 2 + 11)}
        )
    raise Unreadable(
        "ParseFailed", f"the header of the 7z archive is packed by the unknown method {coder.hex()}"
    )


def _bounded(found: dict[str, Any]) -> dict[str, Any]:
    """A header needs no larger dictionary than it is long."""
    return found | {"dict_size": min(max(found["dict_size"], 4096), _MAX_LZMA_MEMORY)}


class _Header:
    """Reads the fields of a header one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, length: int) -> bytes:
        data = self._data[self._at : self._at + length]
        if len(data) < length:
            raise Unreadable("ParseFailed", "the header of the 7z archive is cut off")
        self._at += length
        return data

    def number(self) -> int:
        """A number whose first byte tells by its leading ones how many bytes follow."""
        first, mask, value = self.byte(), 0x80, 0
        for index in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * index)
            value |= self.byte() << (8 * index)
            mask >>= 1
        return value

    def count(self) -> int:
        found = self.number()
        if found > _MAX_ITEMS:
            raise Unreadable("ParseFailed", "the header of the 7z archive is damaged")
        return found

    def file_count(self) -> int:
        """The number of entries, which stands after the description of the streams."""
        while (kind := self.byte()) != _END:
            if kind == _ARCHIVE_PROPERTIES:
                while self.byte() != _END:
                    self.take(self.number())
            elif kind in (_MORE_STREAMS, _MAIN_STREAMS):
                self.streams()
            elif kind == _FILES:
                return self.number()
            else:
                raise Unreadable("ParseFailed", "the header of the 7z archive is damaged")
        return 0

    def streams(self) -> _Streams:
        streams = _Streams(sizes=[], folders=[])
        while (kind := self.byte()) != _END:
            if kind == _PACK_INFO:
                self._pack_info(streams)
            elif kind == _UNPACK_INFO:
                self._unpack_info(streams)
            elif kind == _SUBSTREAMS:
                self._substreams(streams)
            else:
                raise Unreadable("ParseFailed", "the header of the 7z archive is damaged")
        return streams

    def _pack_info(self, streams: _Streams) -> None:
        streams.offset, count = self.number(), self.count()
        while (kind := self.byte()) != _END:
            if kind == _SIZE:
                streams.sizes = [self.number() for _ in range(count)]
            elif kind == _CRC:
                self._digests(count)

    def _unpack_info(self, streams: _Streams) -> None:
        while (kind := self.byte()) != _END:
            if kind == _FOLDER:
                count = self.count()
                if self.byte():
                    raise Unreadable(
                        "ParseFailed", "the header of the 7z archive is spread over other streams"
                    )
                streams.folders = [self._folder() for _ in range(count)]
            elif kind == _UNPACK_SIZE:
                for folder in streams.folders:
                    folder.sizes = [self.number() for _ in range(folder.outputs)]
            elif kind == _CRC:
                self._digests(len(streams.folders))

    def _folder(self) -> _Folder:
        coders, inputs, outputs = [], 0, 0
        for _ in range(min(self.count(), 32)):
            flags = self.byte()
            name = self.take(flags & 0xF)
            here, there = (self.count(), self.count()) if flags & 0x10 else (1, 1)
            properties = self.take(self.number()) if flags & 0x20 else b""
            coders.append((name, properties))
            inputs, outputs = inputs + here, outputs + there
        for _ in range(max(outputs - 1, 0)):
            self.number(), self.number()
        packed = inputs - max(outputs - 1, 0)
        if packed > 1:
            for _ in range(packed):
                self.number()
        return _Folder(coders=coders, outputs=outputs, packed=packed, sizes=[])

    def _substreams(self, streams: _Streams) -> None:
        counts = [1] * len(streams.folders)
        kind = self.byte()
        if kind == _SUBSTREAM_COUNT:
            counts = [self.count() for _ in counts]
            kind = self.byte()
        if kind == _SIZE:
            for count in counts:
                for _ in range(max(count - 1, 0)):
                    self.number()
            kind = self.byte()
        while kind != _END:
            if kind == _CRC:
                self._digests(sum(counts))
            kind = self.byte()

    def _digests(self, count: int) -> None:
        known = count
        if not self.byte():
            known = sum(byte.bit_count() for byte in self.take((count + 7) // 8))
        self.take(known * 4)
