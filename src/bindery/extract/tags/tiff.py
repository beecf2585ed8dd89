"""Tag directories of TIFF structures, read lazily and within bounds: TIFF, BigTIFF, EXIF blocks, camera raws.

Source: TIFF 6.0 section 2; EXIF 2.32 section 4.6; BigTIFF design of libtiff. Vendors' raws differ from
TIFF only in the version word of the header (Panasonic 0x55, Olympus "RO" and "RS", JPEG XR 0xBC).

Nothing here trusts a count or an offset: a tag that points outside its source is dropped, and what one
tag may make us read is limited by the caller.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol

import msgspec

MAKER_NOTE = 0x927C
EXIF_POINTER = 0x8769
GPS_POINTER = 0x8825
INTEROP_POINTER = 0xA005
SUB_IFDS = 0x014A

ASCII = 2
UNDEFINED = 7
NUMBER_FORMATS = {
    1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I",
    16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
VALUES = {
    order: {kind: struct.Struct(order + layout) for kind, layout in NUMBER_FORMATS.items()}
    for order in "<>"
}
_SIZES = {kind: layout.size for kind, layout in VALUES["<"].items()} | {ASCII: 1, UNDEFINED: 1}
RATIONALS = (5, 10)
_VERSIONS = frozenset((42, 43, 0x55, 0x4F52, 0x5352, 0xBC, 0x01BC))
_BIG_VERSION = 43
_CHILDREN = {EXIF_POINTER: "Exif", GPS_POINTER: "GPS", INTEROP_POINTER: "Interop", SUB_IFDS: "Sub"}
_LONGEST_INTEGER = 12
_JUDGED_BYTES = 4096
_MOST_JUDGED = 256
_MOST_ENTRIES = 4096
_MOST_ENTRIES_IN_ALL = 100_000
"""Directories may overlap, so that a small file has millions of entries."""
_MOST_CHILDREN = 16
_MOST_CHAINED = 8
_MOST_PAGES = 65_536
_PART_BYTES = 64 * 1024
_MOST_PARTS = 64
"""Parts of a file that are read to count its pages: 4 MiB."""
_MOST_DEPTH = 4


class Source(Protocol):
    """Bytes at offsets: a RangeReader, a part of one, or bytes in memory."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def peek_at(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on; fewer at the end."""

    def last(self, length: int) -> bytes:
        """The last bytes, read alone where that is possible."""


class Part:
    """A stretch of a source, with offsets of its own."""

    def __init__(self, source: Source, start: int, length: int | None = None) -> None:
        left = source.size - start
        if length is None or length > left:
            length = left
        self.size = length if length > 0 else 0
        self.start = start
        self._source = source

    def peek_at(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on; fewer at the end."""
        length = min(length, self.size - offset)
        return self._source.peek_at(self.start + offset, length) if length > 0 and offset >= 0 else b""

    def last(self, length: int) -> bytes:
        """The last bytes, read alone where the part ends with its source."""
        length = min(length, self.size)
        if self.start + self.size == self._source.size:
            return self._source.last(length)
        return self.peek_at(self.size - length, length)


class Memory:
    """Bytes as a source."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.data = data

    def peek_at(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on; fewer at the end."""
        return self.data[offset : offset + length] if offset >= 0 and length > 0 else b""

    def last(self, length: int) -> bytes:
        """The last bytes."""
        return self.data[-length:] if length > 0 else b""


class Rational(NamedTuple):
    """A fraction as stored; the denominator may be zero."""

    numerator: int
    denominator: int


Number = int | float | Rational


class NotTiff(ValueError):
    """The bytes do not start with a TIFF header."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One tag: its type, and where its value lies in the source."""

    type: int
    count: int
    offset: int
    size: int


class Directory(msgspec.Struct):
    """The tags of one directory. ``name`` is IFD0, IFD1, …, Exif, GPS, Interop or Sub, Sub1, …"""

    name: str
    entries: dict[int, Entry]
    source: Source
    order: str
    table: str = ""
    """Whose names its tags have, when they are not those of the directory's own name."""
    told_charset: str = ""

    def charset(self) -> str:
        """What the texts that are not UTF-8 are likely in: all of them together, for one alone is short."""
        if not self.told_charset:
            from bindery.extract.text.tag_charset import is_utf8, likely_tag_charset  # noqa: PLC0415

            tags = (tag for tag, entry in self.entries.items() if entry.type == ASCII)
            texts = [self.raw(tag, _JUDGED_BYTES).split(b"\0", 1)[0] for tag in islice(tags, _MOST_JUDGED)]
            judged = [text for text in texts if not is_utf8(text)]
            self.told_charset = likely_tag_charset(judged) if judged else "cp1252"
        return self.told_charset

    def raw(self, tag: int, limit: int) -> bytes:
        """The first ``limit`` bytes of a value; empty when the tag is absent."""
        entry = self.entries.get(tag)
        return self.source.peek_at(entry.offset, min(entry.size, limit)) if entry else b""

    def numbers(self, tag: int, limit: int = 4096) -> list[Number]:
        """The values of a numeric tag, as many as fit in ``limit`` bytes; rationals stay fractions.

        A tag of text or of bytes without meaning has no numbers: its bytes are never taken for them.
        """
        entry = self.entries.get(tag)
        if entry is None or entry.type not in NUMBER_FORMATS:
            return []
        values = self.unpacked(entry, limit)
        if entry.type in RATIONALS:
            return [Rational(*pair) for pair in values]
        return [value for (value,) in values]

    def unpacked(self, entry: Entry, limit: int) -> Iterable[tuple[Any, ...]]:
        """The values of a tag of a numeric type, each as a tuple of its one or two numbers."""
        layout = VALUES[self.order][entry.type]
        data = self.source.peek_at(entry.offset, min(entry.size, limit))
        size = layout.size
        if len(data) == size:  # most tags have one value
            return (layout.unpack(data),)
        extra = len(data) % size
        return layout.iter_unpack(data[:-extra] if extra else data)

    def integer(self, tag: int) -> int | None:
        """The first value of an integer tag; of one that holds a text the number that it spells."""
        entry = self.entries.get(tag)
        if entry is not None and entry.type == ASCII:
            text = self.raw(tag, _LONGEST_INTEGER).split(b"\0", 1)[0].strip()
            return int(text) if text.isdigit() and len(text) < _LONGEST_INTEGER else None
        first = next(iter(self.numbers(tag, 8)), None)
        return first if isinstance(first, int) else _whole(first)

    def last(self, tag: int) -> int | None:
        """The last value of an integer tag of many, without those before it."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in NUMBER_FORMATS:
            return None
        layout = VALUES[self.order][entry.type]
        data = self.source.peek_at(entry.offset + entry.size - layout.size, layout.size)
        value = layout.unpack(data)[0] if len(data) == layout.size else None
        return value if isinstance(value, int) else None

    def text(self, tag: int, limit: int = 65536) -> str | None:
        """An ASCII value up to its first NUL."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in (ASCII, UNDEFINED, 1):
            return None
        return decode_text(self.raw(tag, limit), self.charset)


def _whole(number: Number | None) -> int | None:
    """The integer that a fraction or a floating-point number is, when it is one."""
    if isinstance(number, Rational):
        above, below = number
        return above // below if below and above % below == 0 else None
    return int(number) if isinstance(number, float) and number.is_integer() else None


class TiffTree(msgspec.Struct):
    """All directories in the order a reader meets them, and how many pages are chained."""

    directories: list[Directory]
    pages: int
    more_pages: bool = False
    """There are more pages than were counted."""

    def find(self, name: str) -> Directory | None:
        """The first directory of a name."""
        return next((found for found in self.directories if found.name == name), None)


def decode_text(data: bytes, charset: Callable[[], str] | None = None) -> str:
    """Text up to the first NUL, without trailing blanks: in UTF-8, or else in a charset, which is guessed when nobody
    knows it.
    """
    data = data.split(b"\0", 1)[0]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        from bindery.extract.text.tag_charset import decode_tag  # noqa: PLC0415  (its tables, for few files)

        text = decode_tag(data, charset() if charset else None)
    return text.rstrip()


def read_tiff(source: Source) -> TiffTree:
    """The directories of a TIFF structure, as far as they can be read; raises NotTiff."""
    return _Walk(source).tree()


class _Layout(msgspec.Struct, frozen=True):
    """Where counts and offsets stand in a directory, and how wide they are."""

    counter: struct.Struct
    entry: struct.Struct
    """Tag, type, count, value or offset."""
    offset: struct.Struct
    inline: int
    """Values up to this size stand in the entry itself."""


_CLASSIC = {
    order: _Layout(struct.Struct(order + "H"), struct.Struct(order + "HHII"), struct.Struct(order + "I"), 4)
    for order in "<>"
}
_BIG = {
    order: _Layout(struct.Struct(order + "Q"), struct.Struct(order + "HHQQ"), struct.Struct(order + "Q"), 8)
    for order in "<>"
}


class _Walk:
    """One pass over a TIFF structure."""

    def __init__(self, source: Source) -> None:
        head = source.peek_at(0, 16)
        self._order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if not self._order or len(head) < 8:
            raise NotTiff("no TIFF header")
        version = int(struct.unpack_from(self._order + "H", head, 2)[0])
        if version not in _VERSIONS:
            raise NotTiff(f"unknown TIFF version {version}")
        big = version == _BIG_VERSION
        self._layout = (_BIG if big else _CLASSIC)[self._order]
        self._first = self._offset(head, 8 if big else 4)
        self._source = source
        self._seen: set[int] = set()
        self._found: list[Directory] = []
        self._left = _MOST_ENTRIES_IN_ALL

    def tree(self) -> TiffTree:
        offset = self._first
        pages = 0
        while offset and offset not in self._seen and pages < _MOST_CHAINED:
            read = self._read(offset)
            if read is None:
                return TiffTree(self._found, pages)
            entries, offset = read
            self._add(f"IFD{pages}", entries, 0)
            pages += 1
        if not offset or offset in self._seen:
            return TiffTree(self._found, pages)
        pages, more = self._count(offset, pages)
        return TiffTree(self._found, pages, more)

    def _count(self, offset: int, pages: int) -> tuple[int, bool]:
        """The pages of the rest of the chain, and whether there are more: each may lie in another part of the file."""
        layout = self._layout
        parts: set[int] = set()
        while offset and offset not in self._seen:
            if pages >= _MOST_PAGES or len(parts) > _MOST_PARTS:
                return pages, True
            self._seen.add(offset)
            parts.add(offset // _PART_BYTES)
            head = self._source.peek_at(offset, layout.counter.size)
            if len(head) < layout.counter.size:
                break
            pages += 1
            end = offset + layout.counter.size + int(layout.counter.unpack(head)[0]) * layout.entry.size
            offset = self._offset(self._source.peek_at(end, layout.offset.size), 0)
        return pages, False

    def _offset(self, data: bytes, at: int) -> int:
        """An offset, 0 where the data ends before."""
        layout = self._layout.offset
        return int(layout.unpack_from(data, at)[0]) if at + layout.size <= len(data) else 0

    def _read(self, offset: int) -> tuple[dict[int, Entry], int] | None:
        """The entries of one directory and the offset of the next."""
        self._seen.add(offset)
        layout = self._layout
        start = offset + layout.counter.size
        head = self._source.peek_at(offset, layout.counter.size)
        if len(head) < layout.counter.size:
            return None
        declared = int(layout.counter.unpack(head)[0])
        self._left -= min(declared, _MOST_ENTRIES)
        if self._left < 0:
            return None
        length = min(declared, _MOST_ENTRIES) * layout.entry.size
        data = self._source.peek_at(start, length + layout.offset.size)
        entries = self._entries(data[: min(length, len(data) - len(data) % layout.entry.size)], start)
        return entries, self._offset(data, length) if declared <= _MOST_ENTRIES else 0

    def _entries(self, data: bytes, start: int) -> dict[int, Entry]:
        """The entries that make sense; of a tag that is repeated the first."""
        layout, end = self._layout, self._source.size
        at = start + layout.entry.size - layout.inline
        entries: dict[int, Entry] = {}
        for tag, kind, count, value in layout.entry.iter_unpack(data):
            size = count * _SIZES.get(kind, 0)
            offset = at if size <= layout.inline else value
            at += layout.entry.size
            if size and offset < end and tag not in entries:
                entries[tag] = Entry(kind, count, offset, size)
        return entries

    def _add(self, name: str, entries: dict[int, Entry], depth: int) -> None:
        directory = Directory(name, entries, self._source, self._order)
        self._found.append(directory)
        if depth >= _MOST_DEPTH:
            return
        for tag in entries:
            if tag in _CHILDREN:
                for child in self._children(directory, tag):
                    self._follow(_CHILDREN[tag], child, depth + 1)

    def _children(self, directory: Directory, tag: int) -> Iterator[int]:
        most = _MOST_CHILDREN if tag == SUB_IFDS else 1
        for value in directory.numbers(tag, 8 * most)[:most]:
            if isinstance(value, int) and value not in self._seen and value > 0:
                yield value

    def _follow(self, name: str, offset: int, depth: int) -> None:
        if len(self._found) >= 4 * _MOST_CHILDREN:
            return
        read = self._read(offset)
        if read is not None:
            number = len([found for found in self._found if found.name.startswith(name)])
            self._add(f"{name}{number}" if number else name, read[0], depth)


def full_size(tree: TiffTree) -> tuple[int, int] | None:
    """Width and height of the full-resolution image among the directories.

    It is the first one marked so (NewSubfileType 0, or the older SubfileType 1), else the first with a
    size: the choice exiftool makes for ImageWidth of TIFFs and raws.
    """
    sized = [(found, size) for found in tree.directories if (size := _size(found)) is not None]
    marked = [size for found, size in sized if found.integer(0xFE) == 0 or found.integer(0xFF) == 1]
    return next(iter(marked), sized[0][1] if sized else None)


def _size(directory: Directory) -> tuple[int, int] | None:
    for width_tag, height_tag in ((0x100, 0x101), (0xBC80, 0xBC81)):
        width, height = directory.integer(width_tag), directory.integer(height_tag)
        if width and height:
            return width, height
    return None
