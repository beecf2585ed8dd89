"""Compound files (OLE): the streams of old Office documents, read sector by sector as they are asked for.

Only the sectors on the way to a stream are fetched; libraries load the whole allocation table, which lies
spread over the file. Source: MS-CFB 2.2 (header) to 2.6 (directory).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property

import msgspec

from bindery.extract.extractor import Unreadable
from bindery.extract.reader import RangeReader

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER_BYTES = 512
_ENTRY_BYTES = 128
_MINI_SECTOR_BYTES = 64
_LAST_SECTOR = 0xFFFFFFF9
_NO_ENTRY = 0xFFFFFFFF
_STORAGE, _STREAM = 1, 2
_MAX_DIRECTORY_BYTES = 1024 * 1024
_MAX_MINI_CHAIN = 16_384
"""Sectors looked at of the stream that holds the short ones."""


class _Entry(msgspec.Struct, frozen=True):
    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


class CompoundFile:
    """An opened compound file. Streams are named in any case of letters: those of the root, and ``storage/stream``."""

    def __init__(self, reader: RangeReader) -> None:
        header = reader.peek_at(0, _HEADER_BYTES)
        if len(header) < _HEADER_BYTES or not header.startswith(SIGNATURE):
            raise Unreadable("ParseFailed", "the header of the compound file is cut off or damaged")
        self._reader = reader
        self._shift = struct.unpack_from("<H", header, 30)[0]
        if self._shift not in (9, 12):
            raise Unreadable("ParseFailed", f"the compound file has sectors of 2^{self._shift} bytes")
        directory, self._cutoff, self._mini_start = struct.unpack_from("<I4xII", header, 48)
        self._difat = list(struct.unpack_from("<109I", header, 76))
        self._next_difat = struct.unpack_from("<I", header, 68)[0]
        self._entries = self._read_entries(self._chain_bytes(directory, _MAX_DIRECTORY_BYTES))
        if not self._entries:
            raise Unreadable("ParseFailed", "the directory of the compound file is missing")
        self._streams = self._listed(self._entries[0])
        self._opened: dict[str, dict[str, _Entry]] = {}

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def storages(self, start: str) -> list[str]:
        """The names of storages in the root that begin so, ascending."""
        return sorted(
            entry.name
            for name, entry in self._streams.items()
            if entry.kind == _STORAGE and name.startswith(start.upper())
        )

    def stream(self, name: str, limit: int) -> bytes:
        """Up to ``limit`` bytes of a stream; nothing when there is none.

        Raises Unreadable when the file ends before the stream does.
        """
        entry = self._find(name)
        if entry is None or entry.kind != _STREAM:
            return b""
        length = min(entry.size, limit)
        long = entry.size >= self._cutoff
        data = (self._chain_bytes if long else self._mini_chain_bytes)(entry.start, length)
        if len(data) < length:
            raise Unreadable("ParseFailed", f"the stream {name.lstrip(chr(5))[:64]} is cut off")
        return data

    def _find(self, name: str) -> _Entry | None:
        """A stream of the root, or one within a storage of the root: ``storage/stream``."""
        storage, slash, stream = name.upper().rpartition("/")
        if not slash:
            return self._streams.get(stream)
        if storage not in self._opened:
            entry = self._streams.get(storage)
            self._opened[storage] = self._listed(entry) if entry and entry.kind == _STORAGE else {}
        return self._opened[storage].get(stream)

    def _listed(self, storage: _Entry) -> dict[str, _Entry]:
        return {entry.name.upper(): entry for entry in self._children(storage.child)}

    def _read_entries(self, data: bytes) -> list[_Entry]:
        return [self._entry(data[at : at + _ENTRY_BYTES]) for at in range(0, len(data) - 127, _ENTRY_BYTES)]

    def _entry(self, record: bytes) -> _Entry:
        length, kind = struct.unpack_from("<HB", record, 64)
        left, right, child = struct.unpack_from("<III", record, 68)
        start, size = struct.unpack_from("<IQ", record, 116)
        name = record[: min(max(length - 2, 0), 62)].decode("utf-16-le", "replace")
        # Files with short sectors leave the upper half of the size undefined.
        return _Entry(
            name, kind, left, right, child, start, size if self._shift == 12 else size & 0xFFFFFFFF
        )

    def _children(self, top: int) -> Iterator[_Entry]:
        """The entries of one storage; a damaged tree is walked as far as it goes."""
        pending, seen = [top], set()
        while pending:
            number = pending.pop()
            if number in seen or number >= len(self._entries):
                continue
            seen.add(number)
            entry = self._entries[number]
            yield entry
            pending += [entry.left, entry.right]

    def _chain_bytes(self, start: int, limit: int) -> bytes:
        """The sectors of a chain, joined; neighbouring sectors are fetched together."""
        data = bytearray()
        for first, count in self._runs(start, -(-limit >> self._shift)):
            wanted = min(count << self._shift, limit - len(data))
            part = self._reader.peek_at((first + 1) << self._shift, wanted)
            data += part
            if len(part) < wanted:
                break
        return bytes(data)

    def _runs(self, start: int, count: int) -> Iterator[tuple[int, int]]:
        """A chain of up to ``count`` sectors as runs of neighbours: first sector, length."""
        first, length, sector = start, 0, start
        for _ in range(count):
            if sector > _LAST_SECTOR or sector << self._shift > self._reader.size:
                break
            if sector != first + length:
                yield first, length
                first, length = sector, 0
            length += 1
            sector = self._follower(sector)
        if length:
            yield first, length

    def _follower(self, sector: int) -> int:
        """The sector after another one, from the allocation table."""
        per_sector = 1 << (self._shift - 2)
        table, at = divmod(sector, per_sector)
        place = self._table_sector(table)
        return _NO_ENTRY if place is None else self._number((place + 1 << self._shift) + at * 4)

    def _table_sector(self, number: int) -> int | None:
        """Where a sector of the allocation table is; the list of them continues in sectors of its own."""
        per_sector = (1 << (self._shift - 2)) - 1
        while number >= len(self._difat):
            if self._next_difat > _LAST_SECTOR or self._next_difat << self._shift > self._reader.size:
                return None
            block = self._reader.peek_at((self._next_difat + 1) << self._shift, 1 << self._shift)
            if len(block) < 1 << self._shift:
                return None
            *places, self._next_difat = struct.unpack(f"<{per_sector + 1}I", block)
            self._difat += places
        place = self._difat[number]
        return None if place > _LAST_SECTOR else place

    def _mini_chain_bytes(self, start: int, limit: int) -> bytes:
        """A short stream: it lies in small sectors inside the root's own stream."""
        container, table = self._mini_chains
        data, number = bytearray(), start
        # No longer than the stream that holds it: a chain may lead back to itself.
        held = len(container) << self._shift
        for _ in range(-(-min(limit, held) // _MINI_SECTOR_BYTES)):
            place = self._place(container, number * _MINI_SECTOR_BYTES)
            link = self._place(table, number * 4)
            if place is None:
                break
            data += self._reader.peek_at(place, _MINI_SECTOR_BYTES)
            number = _NO_ENTRY if link is None else self._number(link)
        return bytes(data[:limit])

    @cached_property
    def _mini_chains(self) -> tuple[list[int], list[int]]:
        """The sectors of the root's own stream, and those of the table for the small sectors in it."""
        container = self._chain(self._entries[0].start, -(-self._entries[0].size >> self._shift))
        return container, self._chain(self._mini_start, len(container))

    def _chain(self, start: int, count: int) -> list[int]:
        count = min(count, _MAX_MINI_CHAIN)
        return [first + step for first, length in self._runs(start, count) for step in range(length)]

    def _place(self, sectors: list[int], offset: int) -> int | None:
        """Where a byte of a chain is in the file."""
        index, inside = offset >> self._shift, offset & ((1 << self._shift) - 1)
        return (sectors[index] + 1 << self._shift) + inside if index < len(sectors) else None

    def _number(self, offset: int) -> int:
        data = self._reader.peek_at(offset, 4)
        return int.from_bytes(data, "little") if len(data) == 4 else _NO_ENTRY
