"""Reads the header of a 7z archive field by field, up to the number of its entries.

Source: 7zFormat.txt of the LZMA SDK, whose names of properties are kept.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import msgspec

from bindery.extract.extractor import Unreadable

_MAX_NUMBERS = 3_000_000
_LEAST_NUMBERS = 200_000
"""Fields that are read on the way to the number of entries: about as many as the archive has bytes."""
_MAX_CODERS = 32
_LEAST_NAME_BYTES = 2
_HAS_MANY_STREAMS, _HAS_PROPERTIES, _NAME_LENGTH = 0x10, 0x20, 0x0F


class TooLong(Exception):
    """The header has more fields than are read."""


class _Property(enum.IntEnum):
    END = 0x00
    HEADER = 0x01
    ARCHIVE_PROPERTIES = 0x02
    ADDITIONAL_STREAMS_INFO = 0x03
    MAIN_STREAMS_INFO = 0x04
    FILES_INFO = 0x05
    PACK_INFO = 0x06
    UNPACK_INFO = 0x07
    SUBSTREAMS_INFO = 0x08
    SIZE = 0x09
    CRC = 0x0A
    FOLDER = 0x0B
    UNPACK_SIZE = 0x0C
    NUM_UNPACK_STREAM = 0x0D
    ENCODED_HEADER = 0x17


class Folder(msgspec.Struct):
    """A chain of coders, each an id and its properties; sizes are those of their outputs."""

    coders: list[tuple[bytes, bytes]]
    outputs: int
    sizes: list[int] = []


class Streams(msgspec.Struct):
    """Where packed data is, counted from the end of the start header, and how it is packed."""

    offset: int = 0
    packed_sizes: list[int] = []
    folders: list[Folder] = []


def damaged() -> Unreadable:
    """The failure of a header that breaks the format."""
    return Unreadable("ParseFailed", "the header of the 7z archive is damaged")


class HeaderReader:
    """Reads the fields of a header one after the other. Raises Unreadable and TooLong."""

    def __init__(self, data: bytes, archive_size: int) -> None:
        self._data = data
        self._at = 0
        self._left = min(_LEAST_NUMBERS + archive_size, _MAX_NUMBERS)

    def starts_packed(self) -> bool:
        """Whether what follows describes a packed header, rather than being the header."""
        kind = self._byte()
        if kind not in (_Property.HEADER, _Property.ENCODED_HEADER):
            raise damaged()
        return kind == _Property.ENCODED_HEADER

    def file_count(self) -> int:
        """The number of entries, which stands after the description of the streams."""
        for kind in self._properties():
            match kind:
                case _Property.ARCHIVE_PROPERTIES:
                    for _ in self._properties():
                        self._take(self._number())
                case _Property.ADDITIONAL_STREAMS_INFO | _Property.MAIN_STREAMS_INFO:
                    self.streams()
                case _Property.FILES_INFO:
                    return self._bounded_count()
                case _:
                    raise damaged()
        return 0

    def _bounded_count(self) -> int:
        """Each entry has a name in the rest of the header, of one wide character at least."""
        count = self._number()
        if count * _LEAST_NAME_BYTES > len(self._data) - self._at:
            raise damaged()
        return count

    def streams(self) -> Streams:
        """The description of packed streams."""
        streams = Streams()
        for kind in self._properties():
            match kind:
                case _Property.PACK_INFO:
                    self._pack_info(streams)
                case _Property.UNPACK_INFO:
                    self._unpack_info(streams)
                case _Property.SUBSTREAMS_INFO:
                    self._substreams_info(streams)
                case _:
                    raise damaged()
        return streams

    def _pack_info(self, streams: Streams) -> None:
        streams.offset, count = self._number(), self._number()
        for kind in self._properties():
            if kind == _Property.SIZE:
                streams.packed_sizes = self._list(count)
            elif kind == _Property.CRC:
                self._digests(count)
            else:
                raise damaged()

    def _unpack_info(self, streams: Streams) -> None:
        for kind in self._properties():
            if kind == _Property.FOLDER:
                count = self._number()
                if self._byte():
                    raise Unreadable("ParseFailed", "the header of the 7z archive refers to other streams")
                streams.folders = [self._folder() for _ in range(count)]
            elif kind == _Property.UNPACK_SIZE:
                self._spend(len(streams.folders))
                for folder in streams.folders:
                    folder.sizes = self._list(folder.outputs)
            elif kind == _Property.CRC:
                self._digests(len(streams.folders))
            else:
                raise damaged()

    def _folder(self) -> Folder:
        coders, inputs, outputs = [], 0, 0
        count = self._number()
        if count > _MAX_CODERS:
            raise damaged()
        for _ in range(count):
            flags = self._byte()
            name = self._take(flags & _NAME_LENGTH)
            here, there = (self._number(), self._number()) if flags & _HAS_MANY_STREAMS else (1, 1)
            coders.append((name, self._take(self._number()) if flags & _HAS_PROPERTIES else b""))
            inputs, outputs = inputs + here, outputs + there
        bonds = max(outputs - 1, 0)
        self._list(bonds * 2)
        packed = inputs - bonds
        if packed > 1:
            self._list(packed)
        return Folder(coders=coders, outputs=outputs)

    def _substreams_info(self, streams: Streams) -> None:
        counts = [1] * len(streams.folders)
        for kind in self._properties():
            self._spend(len(counts))
            if kind == _Property.NUM_UNPACK_STREAM:
                counts = self._list(len(counts))
            elif kind == _Property.SIZE:
                # The size of a folder's last stream is what is left of the folder.
                self._list(sum(max(count - 1, 0) for count in counts))
            elif kind == _Property.CRC:
                self._digests(sum(counts))
            else:
                raise damaged()

    def _digests(self, count: int) -> None:
        all_known = self._byte()
        known = count if all_known else sum(byte.bit_count() for byte in self._take((count + 7) // 8))
        self._take(known * 4)

    def _properties(self) -> Iterator[int]:
        """Ids of properties up to the end mark; the caller reads what follows each."""
        while (kind := self._number()) != _Property.END:
            yield kind

    def _list(self, count: int) -> list[int]:
        return [self._number() for _ in range(count)]

    def _number(self) -> int:
        """A number whose first byte tells by its leading ones how many bytes follow."""
        self._spend(1)
        first, mask, value = self._byte(), 0x80, 0
        for index in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * index)
            value |= self._byte() << (8 * index)
            mask >>= 1
        return value

    def _spend(self, steps: int) -> None:
        """A property may be there any number of times, and each walk through all folders."""
        self._left -= steps
        if self._left < 0:
            raise TooLong

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, length: int) -> bytes:
        data = self._data[self._at : self._at + length]
        if len(data) < length:
            raise Unreadable("ParseFailed", "the header of the 7z archive is cut off")
        self._at += length
        return data
