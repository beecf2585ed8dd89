"""Single compressed files (GZ, BZ2, XZ, ZST), which often hold a tar: read from the start, within limits."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections.abc import Callable
from typing import IO, Any, cast

from bindery.extract.reader import RangeReader

_CHUNK = 64 * 1024
_MAX_OUTPUT_BYTES = 32 * 1024 * 1024
_MAX_INPUT_BYTES = 8 * 1024 * 1024
_MAX_XZ_MEMORY = 128 * 1024 * 1024
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
        self._position = 0
        self._held = b""

    def peek_at(self, offset: int, length: int) -> bytes:
        """Bytes at an offset not before that of the last call; fewer at the end. Raises LimitReached."""
        while self._position + len(self._held) < offset + length:
            chunk = self._read()
            if not chunk:
                break
            self._held += chunk
            drop = min(max(offset - self._position, 0), len(self._held))
            self._held, self._position = self._held[drop:], self._position + drop
        start = offset - self._position
        return self._held[start : start + length]

    def _read(self) -> bytes:
        produced = self._position + len(self._held)
        if produced > _MAX_OUTPUT_BYTES or self._reader.tell() > _MAX_INPUT_BYTES:
            raise LimitReached
        return bytes(self._file.read(_CHUNK))


class _XzFile:
    """``lzma.LZMAFile`` with a limit of memory, which a file could set to gigabytes."""

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self._decompressor = lzma.LZMADecompressor(memlimit=_MAX_XZ_MEMORY)

    def read(self, length: int) -> bytes:
        while not self._decompressor.eof:
            packed = self._reader.read(_CHUNK) if self._decompressor.needs_input else b""
            data = self._decompressor.decompress(packed, length)
            if data:
                return data
            if not packed and self._decompressor.needs_input:
                raise EOFError("the compressed file is cut off")
        return b""


def _zstd(reader: RangeReader) -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd.ZstdFile(reader, options={zstd.DecompressionParameter.window_log_max: _MAX_ZSTD_WINDOW})


_OPENERS: dict[str, Callable[[RangeReader], Any]] = {
    "application/gzip": lambda reader: gzip.GzipFile(fileobj=cast(IO[bytes], reader)),
    "application/x-bzip2": lambda reader: bz2.BZ2File(cast(IO[bytes], reader)),
    "application/x-xz": _XzFile,
    "application/zstd": _zstd,
}
