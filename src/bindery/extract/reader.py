"""A seekable file over an object, fetched in aligned blocks that are counted and limited."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from bindery.buckets.store import ObjectInfo, StoreUnavailable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.positioned import PositionedFile
from bindery.workers.job_time import outside

_BLOCK = 64 * 1024
_CACHED_BLOCKS = 128
_SCATTERED = 4
"""Reads of a file after which more are to be expected: of one that fits into the cache neighbours come with them."""
_TOGETHER = 8
"""Blocks that are then read at once where they are not cached."""


class ReadLimitExceeded(Exception):
    """A file asked for more bytes than one extraction may fetch."""


class Ranges(Protocol):
    """The part of a store a reader needs."""

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """Up to ``length`` bytes from ``offset`` of the object."""


class RangeReader(PositionedFile):
    """A read-only binary file whose reads become few, aligned range reads of a store.

    Raises ReadLimitExceeded once more than ``limits.read_bytes`` would be fetched, StoreUnavailable when the
    store sends less than the object has, and its own errors (ObjectChanged, …) unchanged. Libraries that
    swallow exceptions are found out by ``error``, which keeps the first one.
    """

    def __init__(self, store: Ranges, info: ObjectInfo, limits: ExtractionLimits) -> None:
        super().__init__()
        self.info = info
        self.size = info.size
        self.limits = limits
        self.bytes_read = 0
        self.error: Exception | None = None
        self._store = store
        self._reads = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._beginning = b""
        """The first block, of which almost all reads of a header are."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes from the position on, all that is left when negative or None."""
        wanted = self.size - self._position if size is None or size < 0 else size
        data = self.peek_at(self._position, wanted)
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        """All bytes from the position on."""
        return self.read(-1)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer; the number of bytes written."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def peek_at(self, offset: int, length: int) -> bytes:
        """Bytes at an absolute offset, without moving the position; fewer at the end of the file."""
        end = offset + length
        if 0 <= offset < end <= len(self._beginning):
            return self._beginning[offset:end]
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        first, last = offset // _BLOCK, (offset + length - 1) // _BLOCK
        if first == last:
            start = offset - first * _BLOCK
            return self._block(first)[start : start + length]
        joined = b"".join(self._run(first, last))
        start = offset - first * _BLOCK
        return joined[start : start + length]

    def seen(self, length: int) -> bytes:
        """The first bytes, when they were read; nothing is fetched."""
        return self._beginning[:length]

    def last(self, length: int) -> bytes:
        """The last bytes of the file, read alone: where they count, what stands before them mostly does not."""
        offset = max(self.size - length, 0)
        first, last = offset // _BLOCK, max(self.size - 1, 0) // _BLOCK
        if any(number in self._blocks for number in (first, last)):
            return self.peek_at(offset, length)
        return self._read(offset, self.size - offset)

    def beside(self, info: ObjectInfo) -> RangeReader:
        """A reader of another object of the same store."""
        return RangeReader(self._store, info, self.limits)

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is not None:
            return block
        if self._reads < _SCATTERED or self.size > _CACHED_BLOCKS * _BLOCK:
            return self._fetch(number, 1)[0]
        first = last = number
        begin, end = number - number % _TOGETHER, (self.size - 1) // _BLOCK
        while first > begin and first - 1 not in self._blocks:
            first -= 1
        while last < min(end, begin + _TOGETHER - 1) and last + 1 not in self._blocks:
            last += 1
        return self._fetch(first, last - first + 1)[number - first]

    def _run(self, first: int, last: int) -> list[bytes]:
        """Neighbouring blocks; what is not cached is fetched with one request a gap.

        A run may be longer than the cache, so its blocks are held here and not looked up again.
        """
        held = [self._blocks.get(number) for number in range(first, last + 1)]
        gap = 0
        for index in range(len(held) + 1):
            if index < len(held) and held[index] is None:
                continue
            if index > gap:
                held[gap:index] = self._fetch(first + gap, index - gap)
            gap = index + 1
        return [block for block in held if block is not None]

    def _fetch(self, first: int, count: int) -> list[bytes]:
        offset = first * _BLOCK
        data = self._read(offset, min(count * _BLOCK, self.size - offset))
        blocks = [data[start : start + _BLOCK] for start in range(0, count * _BLOCK, _BLOCK)]
        self._keep(first, blocks)
        return blocks

    def _read(self, offset: int, length: int) -> bytes:
        if self.bytes_read + length > self.limits.read_bytes:
            self.error = self.error or ReadLimitExceeded(f"read limit {self.limits.read_bytes} bytes")
            raise self.error
        try:
            with outside():
                data = self._store.read(self.info.key, offset, length, etag=self.info.etag)
            if len(data) != length:
                raise StoreUnavailable(
                    f"the store sent {len(data)} of {length} bytes from {offset} of {self.info.key}"
                )
        except Exception as error:
            self.error = self.error or error
            raise
        self.bytes_read += length
        self._reads += 1
        return data

    def _keep(self, first: int, blocks: list[bytes]) -> None:
        """Cache blocks, forgetting the oldest; a run longer than the cache is kept whole until the next."""
        if not first:
            self._beginning = blocks[0]
        for number, block in enumerate(blocks, first):
            self._blocks[number] = block
        while len(self._blocks) > max(_CACHED_BLOCKS, len(blocks)):
            self._blocks.popitem(last=False)
