"""Single compressed files (GZ, BZ2, XZ, ZST, LZMA, lzip, LZ4, compress), which often hold a tar or a cpio archive: read
from the start, within limits.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from bindery.extract.archives.lz4 import Lz4File
from bindery.extract.archives.lzw import LzwFile
from bindery.extract.reader import RangeReader

_CHUNK = 64 * 1024
_MAX_OUTPUT_BYTES = 32 * 1024 * 1024
_MAX_INPUT_BYTES = 8 * 1024 * 1024
_MAX_SLOW_INPUT_BYTES = 1024 * 1024
_SLOW = frozenset({"application/x-compress", "application/x-lz4"})
"""Unpacked by Python itself."""
_MAX_MEMBERS = 10_000
"""Compressed pieces one after the other, each of which may hold nothing."""
_MEMBER_CHUNK = 16 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_MAX_XZ_MEMORY = 128 * 1024 * 1024
_LZIP_HEADER, _LZIP_TRAILER = 6, 20
_MAX_ZSTD_WINDOW = 27
"""Largest window as a power of two, that of the standard tool."""


class LimitReached(Exception):
    """No more is unpacked of this file."""


class Unpacked:
    """The content of a compressed file, read forwards."""

    def __init__(self, reader: RangeReader, content_type: str) -> None:
        reader.seek(0)
        self._reader = reader
        self._file = _OPENERS[content_type](reader)
        self._most_input = _MAX_SLOW_INPUT_BYTES if content_type in _SLOW else _MAX_INPUT_BYTES
        self._position = 0
        self._held = bytearray()

    def peek_at(self, offset: int, length: int) -> bytes:
        """Bytes at an offset not before that of the last call; fewer at the end. Raises LimitReached."""
        while self._position + len(self._held) < offset + length:
            chunk = self._read()
            if not chunk:
                break
            self._held += chunk
            drop = min(max(offset - self._position, 0), len(self._held))
            del self._held[:drop]
            self._position += drop
        start = offset - self._position
        return bytes(self._held[start : start + length])

    def _read(self) -> bytes:
        produced = self._position + len(self._held)
        if produced > _MAX_OUTPUT_BYTES or self._reader.tell() > self._most_input:
            raise LimitReached
        return bytes(self._file.read(_CHUNK))


class _Decompressor(Protocol):
    """One piece, as the standard library's decompressors of BZ2 and ZST have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _GzipMember:
    """``zlib``'s decompressor with the interface of the others."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _LzipMember:
    """A member of lzip: a header, LZMA with an end mark, a trailer (lzip manual, File format)."""

    def __init__(self) -> None:
        self._head = b""
        self._lzma: lzma.LZMADecompressor | None = None
        self._tail = b""

    @property
    def eof(self) -> bool:
        return self._lzma is not None and self._lzma.eof and len(self._tail) >= _LZIP_TRAILER

    @property
    def needs_input(self) -> bool:
        return self._lzma is None or self._lzma.eof or self._lzma.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._tail[_LZIP_TRAILER:]

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._lzma is None:
            self._head += data
            if len(self._head) < _LZIP_HEADER:
                return b""
            self._lzma, data = _lzip_decoder(self._head), self._head[_LZIP_HEADER:]
        if self._lzma.eof:
            self._tail += data
            return b""
        out = self._lzma.decompress(data, max_length)
        if self._lzma.eof:
            self._tail = self._lzma.unused_data
        return out


def _lzip_decoder(head: bytes) -> lzma.LZMADecompressor:
    size = 1 << (head[5] & 0x1F)
    size -= (size >> 4) * (head[5] >> 5)
    if not head.startswith(b"LZIP") or not 4096 <= size <= _MAX_XZ_MEMORY:
        raise ValueError("the header of the lzip member is damaged")
    options = {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[options])


class _Members:
    """A compressed file of one piece or several. Raises EOFError when it is cut off, LimitReached when there is no
    end to the pieces.
    """

    def __init__(self, reader: RangeReader, make: Callable[[], _Decompressor]) -> None:
        self._reader = reader
        self._make = make
        self._decompressor = make()
        self._members = 1

    def read(self, length: int) -> bytes:
        while True:
            packed = b""
            if self._decompressor.eof:
                packed = self._after_member()
                if not packed:
                    return b""
            elif self._decompressor.needs_input:
                packed = self._reader.read(_MEMBER_CHUNK)
                if not packed:
                    raise EOFError("the compressed file is cut off")
            data = self._decompressor.decompress(packed, length)
            if data:
                return data

    def _after_member(self) -> bytes:
        """What follows a piece and the zeros that may fill it up; the next piece begins there."""
        packed = self._decompressor.unused_data.lstrip(b"\0")
        while not packed and (more := self._reader.read(_MEMBER_CHUNK)):
            packed = more.lstrip(b"\0")
        self._members += 1
        if self._members > _MAX_MEMBERS or self._reader.tell() > _MAX_INPUT_BYTES:
            raise LimitReached
        if packed:
            self._decompressor = self._make()
        return packed


def _xz_stream() -> _Decompressor:
    """With a limit of memory, which a file could set to gigabytes. LZMA_Alone is known by its header."""
    return lzma.LZMADecompressor(memlimit=_MAX_XZ_MEMORY)


def _zstd_frame() -> _Decompressor:
    from bindery.zstandard import zstd  # noqa: PLC0415

    made: _Decompressor = zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: _MAX_ZSTD_WINDOW}
    )
    return made


_OPENERS: dict[str, Callable[[RangeReader], Any]] = {
    "application/gzip": lambda reader: _Members(reader, _GzipMember),
    "application/x-bzip2": lambda reader: _Members(reader, bz2.BZ2Decompressor),
    "application/x-xz": lambda reader: _Members(reader, _xz_stream),
    "application/x-lzma": lambda reader: _Members(reader, _xz_stream),
    "application/x-lzip": lambda reader: _Members(reader, _LzipMember),
    "application/x-compress": LzwFile,
    "application/x-lz4": Lz4File,
    "application/zstd": lambda reader: _Members(reader, _zstd_frame),
}
