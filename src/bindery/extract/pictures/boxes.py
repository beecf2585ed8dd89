"""Boxes of ISO base media files that hold pictures: HEIF, AVIF, Canon CR3, JPEG XL containers.

Source: ISO/IEC 14496-12 (boxes, meta, iloc, iinf), ISO/IEC 23008-12 (ispe, irot, clap, pitm).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import msgspec

from bindery.extract.tags.tiff import Memory, Part, Source

_MOST_BOXES = 1000
_MOST_META_BYTES = 4 * 1024 * 1024
_MOST_EXIF_BYTES = 1024 * 1024
_MOST_EXTENTS = 64
_MOST_TRACKS = 64
_MOST_LOOKED_AT = 10_000
"""Boxes that the search for one looks at, those within others included."""
_MOST_ASSOCIATIONS = 20_000
_XMP_TYPE = b"application/rdf+xml"


class Box(msgspec.Struct, frozen=True):
    """A box: its type and the stretch of its payload."""

    kind: bytes
    start: int
    length: int


def boxes(source: Source, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes between two offsets, as far as their sizes make sense."""
    end = source.size if end is None else min(end, source.size)
    for _ in range(_MOST_BOXES):
        head = source.peek_at(start, min(16, end - start))
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        header = 8
        if size == 1 and len(head) == 16:
            size, header = struct.unpack_from(">Q", head, 8)[0], 16
        elif size == 0:
            size = end - start
        if size < header:
            return
        yield Box(kind, start + header, min(size - header, end - start - header))
        start += size


def find_box(source: Source, *path: bytes, start: int = 0, end: int | None = None) -> Box | None:
    """The first box at a path such as ``moov``, ``trak``."""
    return _find_box(source, path, start, end, [_MOST_LOOKED_AT])


def _find_box(
    source: Source, path: tuple[bytes, ...], start: int, end: int | None, left: list[int]
) -> Box | None:
    for box in boxes(source, start, end):
        left[0] -= 1
        if left[0] < 0:
            return None
        if box.kind == path[0]:
            if len(path) == 1:
                return box
            found = _find_box(source, path[1:], box.start, box.start + box.length, left)
            if found is not None:
                return found
    return None


_APPLE_GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap"


class Item(msgspec.Struct):
    """An item of a meta box: its type, where its bytes are, and its properties."""

    kind: bytes = b""
    content_type: bytes = b""
    in_idat: bool = False
    extents: list[tuple[int, int]] = []
    properties: list[Box] = []


class HeifMeta:
    """The items of a HEIF file and which of them is the picture."""

    def __init__(self, source: Source, meta: Box) -> None:
        length = min(meta.length, _MOST_META_BYTES)
        self._file = source
        # One read: a meta box is small, and all of it is needed.
        self._meta: Source = Memory(source.peek_at(meta.start, length))
        self._items: dict[int, Item] = {}
        self._parts = {box.kind: box for box in boxes(self._meta, 4)}
        self.primary = 0
        self._associations = 0
        self._has_apple_gain_map = False
        for read in (self._read_primary, self._read_items, self._read_places, self._read_properties):
            try:
                read()
            except (struct.error, IndexError):
                continue

    def size(self) -> tuple[int, int] | None:
        """Width and height of the primary item after its transformations, in the order they are stored.

        ``ispe`` describes the picture before all of them, wherever it stands among them.
        """
        width = height = 0
        item = self._items.get(self.primary)
        properties = sorted(item.properties if item else (), key=lambda box: box.kind != b"ispe")
        for box in properties:
            data = self._data(box)
            if box.kind == b"ispe" and len(data) >= 12:
                width, height = struct.unpack_from(">II", data, 4)
            elif box.kind == b"irot" and data and data[0] & 1:
                width, height = height, width
            elif box.kind == b"clap" and len(data) >= 16:
                width, height = _cropped(data, width, height)
        return (width, height) if width and height else None

    def exif(self) -> Source | None:
        """The TIFF structure of the first Exif item (ISO/IEC 23008-12, annex A)."""
        item = next((item for item in self._items.values() if item.kind == b"Exif"), None)
        data = self._item_bytes(item) if item else b""
        if len(data) < 8:
            return None
        skip = 4 + int(struct.unpack_from(">I", data)[0])
        return Memory(data[skip:]) if data[skip : skip + 2] in (b"II", b"MM") else _after_mark(data)

    def xmp(self) -> bytes:
        """The XMP packet; empty when there is none."""
        items = (item for item in self._items.values() if item.content_type == _XMP_TYPE)
        item = next(items, None)
        return self._item_bytes(item) if item else b""

    def gain_map(self) -> str:
        """Which kind of gain map the file has; empty when it has none."""
        if any(item.kind == b"tmap" for item in self._items.values()):
            return "ISO 21496-1"
        return "Apple" if self._has_apple_gain_map else ""

    def _data(self, box: Box) -> bytes:
        return self._meta.peek_at(box.start, box.length)

    def _part(self, kind: bytes) -> bytes:
        box = self._parts.get(kind)
        return self._data(box) if box else b""

    def _item(self, number: int) -> Item:
        return self._items.setdefault(number, Item())

    def _matters(self, number: int) -> bool:
        """Whether an item may be the picture, its EXIF or its XMP; the others are mostly its tiles."""
        item = self._items.get(number)
        return number == self.primary or (item is not None and item.kind in (b"Exif", b"mime"))

    def _read_primary(self) -> None:
        data = self._part(b"pitm")
        self.primary = struct.unpack_from(">I" if data[0] else ">H", data, 4)[0]

    def _read_items(self) -> None:
        box = self._parts.get(b"iinf")
        if box is None:
            return
        wide = self._meta.peek_at(box.start, 1) != b"\0"
        first = box.start + (8 if wide else 6)
        for entry in boxes(self._meta, first, box.start + box.length):
            data = self._data(entry)
            if entry.kind == b"infe" and len(data) >= 12 and data[0] >= 2:
                layout = ">IH4s" if data[0] > 2 else ">HH4s"
                number, _, kind = struct.unpack_from(layout, data, 4)
                self._item(number).kind = kind
                if kind == b"mime":
                    # A name that may be empty, then the content type; both end in NUL.
                    texts = data[struct.calcsize(layout) + 4 :].split(b"\0")
                    self._item(number).content_type = texts[1] if len(texts) > 1 else b""

    def _read_places(self) -> None:
        data = self._part(b"iloc")
        fields = _Fields(data)
        version = fields.take(1)
        fields.take(3)
        sizes = fields.take(2)
        widths = [(sizes >> shift) & 15 for shift in (12, 8, 4, 0)]
        wide = 4 if version > 1 else 2
        index_width = widths[3] if version else 0
        for _ in range(min(fields.take(wide), _MOST_BOXES * 10)):
            number = fields.take(wide)
            in_idat = bool(version) and fields.take(2) & 15 == 1
            fields.skip(2)
            base = fields.take(widths[2])
            count = fields.take(2)
            # The rest of an item's extents, and all of the many tiles', are passed over.
            kept = min(count, _MOST_EXTENTS) if self._matters(number) else 0
            for _ in range(kept):
                fields.skip(index_width)
                offset = base + fields.take(widths[0])
                self._item(number).extents.append((offset, fields.take(widths[1])))
            if kept:
                self._item(number).in_idat = in_idat
            fields.skip((count - kept) * (index_width + widths[0] + widths[1]))

    def _read_properties(self) -> None:
        holder = self._parts.get(b"iprp")
        if holder is None:
            return
        known: list[Box] = []
        end = holder.start + holder.length
        for box in boxes(self._meta, holder.start, end):
            if box.kind == b"ipco":
                known = list(boxes(self._meta, box.start, box.start + box.length))
                self._has_apple_gain_map = any(
                    box.kind == b"auxC" and _APPLE_GAIN_MAP in self._data(box) for box in known
                )
        for box in boxes(self._meta, holder.start, end):
            if box.kind == b"ipma":
                self._read_associations(_Fields(self._data(box)), known)

    def _read_associations(self, fields: _Fields, known: list[Box]) -> None:
        version = fields.take(1)
        flags = fields.take(3)
        width, mask = (2, 0x7FFF) if flags & 1 else (1, 0x7F)
        for _ in range(fields.take(4)):
            self._associations += 1
            if self._associations > _MOST_ASSOCIATIONS:
                return
            number = fields.take(4 if version else 2)
            count = fields.take(1)
            if number != self.primary:
                fields.skip(count * width)
                continue
            for _ in range(count):
                index = fields.take(width) & mask
                if 0 < index <= len(known):
                    self._item(number).properties.append(known[index - 1])
            return  # an item is named once

    def _item_bytes(self, item: Item) -> bytes:
        source: Source = self._file
        if item.in_idat:
            box = self._parts.get(b"idat")
            source = Part(self._meta, box.start, box.length) if box else Memory(b"")
        data = b""
        for offset, length in item.extents:
            left = _MOST_EXIF_BYTES - len(data)
            data += source.peek_at(offset, min(length or source.size, left)) if left > 0 else b""
        return data


class _Fields:
    """Big-endian integers one after the other; raises IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, width: int) -> int:
        end = self._at + width
        if end > len(self._data):
            raise IndexError("box ends early")
        value = int.from_bytes(self._data[self._at : end], "big")
        self._at = end
        return value

    def skip(self, width: int) -> None:
        """Pass over bytes; beyond the end only the next field is missed."""
        self._at += width


def _cropped(data: bytes, width: int, height: int) -> tuple[int, int]:
    across, across_unit, up, up_unit = struct.unpack_from(">IIII", data)
    if across_unit and up_unit:
        crop = round(across / across_unit), round(up / up_unit)
        if 0 < crop[0] <= width and 0 < crop[1] <= height:
            return crop
    return width, height


def _after_mark(data: bytes) -> Source | None:
    """Some writers count the offset otherwise; the TIFF header is near the start in any case."""
    found = [at for mark in (b"II*\0", b"MM\0*") if (at := data.find(mark, 0, 64)) >= 0]
    return Memory(data[min(found) :]) if found else None


def track_size(source: Source) -> tuple[int, int] | None:
    """Width and height from the first track header that has them (image sequences)."""
    moov = find_box(source, b"moov")
    if moov is None:
        return None
    for track in islice(boxes(source, moov.start, moov.start + moov.length), _MOST_TRACKS):
        header = find_box(source, b"tkhd", start=track.start, end=track.start + track.length)
        data = source.peek_at(header.start, min(header.length, 128)) if header else b""
        if track.kind == b"trak" and len(data) >= 84:
            width, height = struct.unpack_from(">II", data, len(data) - 8)
            if width >> 16 and height >> 16:
                return width >> 16, height >> 16
    return None


def sequence_time(source: Source) -> str | None:
    """When the track of an image sequence was made, in EXIF's form and in UTC (creation_time of mvhd)."""
    header = find_box(source, b"moov", b"mvhd")
    data = source.peek_at(header.start, min(header.length, 20)) if header else b""
    if len(data) < 12:
        return None
    (seconds,) = struct.unpack_from(">Q" if data[0] == 1 else ">I", data, 4)
    if not _UNIX_EPOCH < seconds < _UNIX_EPOCH + 2**32:
        return None
    moment = datetime.fromtimestamp(seconds - _UNIX_EPOCH, UTC)
    return moment.strftime("%Y:%m:%d %H:%M:%SZ")


_UNIX_EPOCH = 2_082_844_800
"""Seconds of the year 1970 since 1904, when the count begins."""


def sequence_frames(source: Source) -> int | None:
    """How many pictures the first track of an image sequence has (sample count of stsz)."""
    sizes = find_box(source, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")
    data = source.peek_at(sizes.start, 12) if sizes else b""
    return int(struct.unpack_from(">I", data, 8)[0]) if len(data) == 12 else None
