"""What the tests of pictures share: files made on the spot, an extraction of bytes, and exiftool as the judge."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bindery.buckets.folder import FolderStore
from bindery.buckets.registry import parse_store
from bindery.buckets.store import ObjectInfo
from bindery.extract.extract import extract
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader

ALL = frozenset(Operator)
ZONE = "+08:00"


class Bytes:
    """A store of one object in memory that keeps what ranges were read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads: list[tuple[int, int]] = []

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        self.reads.append((offset, length))
        return self.data[offset : offset + length]


def reader_of(data: bytes, key: str = "file", limits: ExtractionLimits | None = None) -> RangeReader:
    return RangeReader(Bytes(data), ObjectInfo(key, len(data), "etag", 0), limits or ExtractionLimits())


def request_of(path: Path, operators: frozenset[Operator] = ALL) -> ExtractionRequest:
    """A request for one file of a folder, as a listing of the folder tells it."""
    address = parse_store("pictures", str(path.parent))
    info = FolderStore(address).details(path.name).info
    return ExtractionRequest(address=address, object=info, operators=operators, zone=ZONE)


def extract_path(path: Path, operators: frozenset[Operator] = ALL) -> Extraction:
    return extract(request_of(path, operators), ExtractionLimits())


def exif_of(extraction: Extraction) -> dict[str, str]:
    """The members of the EXIF text."""
    members = json.loads(extraction.file.exif or "{}")
    return {name: member["value"] for name, member in members.items()}


@cache
def exiftool(path: Path) -> Mapping[str, Any]:
    """What exiftool prints, as numbers, by plain tag name; ask for a folder's files with ``exiftool_all``."""
    return exiftool_all([path])[path.name]


def exiftool_all(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Tags by file name, from one run of exiftool."""
    command = ["exiftool", "-j", "-n", "-api", "largefilesupport=1", *map(str, paths)]
    answer = subprocess.run(command, capture_output=True, check=False)
    return {Path(found["SourceFile"]).name: found for found in json.loads(answer.stdout)}


class Value(NamedTuple):
    """A value of a TIFF entry: type number, count, and its bytes for each byte order."""

    kind: int
    count: int
    layout: str
    numbers: tuple[int | float | bytes, ...]


def ascii_text(text: str) -> Value:
    raw = text.encode() + b"\0"
    return Value(2, len(raw), f"{len(raw)}s", (raw,))


def byte(*numbers: int) -> Value:
    return Value(1, len(numbers), f"{len(numbers)}B", numbers)


def short(*numbers: int) -> Value:
    return Value(3, len(numbers), f"{len(numbers)}H", numbers)


def long(*numbers: int) -> Value:
    return Value(4, len(numbers), f"{len(numbers)}I", numbers)


def rational(*pairs: tuple[int, int]) -> Value:
    return Value(5, len(pairs), f"{2 * len(pairs)}I", tuple(part for pair in pairs for part in pair))


def signed_rational(*pairs: tuple[int, int]) -> Value:
    return Value(10, len(pairs), f"{2 * len(pairs)}i", tuple(part for pair in pairs for part in pair))


def undefined(raw: bytes) -> Value:
    return Value(7, len(raw), f"{len(raw)}s", (raw,))


def double(*numbers: float) -> Value:
    return Value(12, len(numbers), f"{len(numbers)}d", numbers)


Entries = Mapping[int, "Value | Entries | Sequence[Entries]"]
"""A directory by tag; a directory, or several, as a value are written and pointed to."""


def tiff_bytes(*pages: Entries, order: str = "<", version: int = 42, at_start: bytes = b"") -> bytes:
    """A TIFF structure of chained directories; version 43 makes it a BigTIFF.

    ``at_start`` is put between the header and the first directory.
    """
    big = version == 43
    writer = _Writer(order, big, at_start)
    first = 0
    for page in reversed(pages):
        first = writer.directory(page, first)
    mark = b"II" if order == "<" else b"MM"
    layout = "HHHQ" if big else "HI"
    numbers = (version, 8, 0, first) if big else (version, first)
    head = mark + struct.pack(order + layout, *numbers)
    return head + bytes(writer.data[len(head) :])


class _Writer:
    def __init__(self, order: str, big: bool, at_start: bytes) -> None:
        self.order = order
        self.wide, self.room = ("Q", 8) if big else ("I", 4)
        self.counter = "Q" if big else "H"
        self.data = bytearray(16 if big else 8) + at_start

    def directory(self, entries: Entries, following: int = 0) -> int:
        """Writes what the directory points to, then the directory; its offset."""
        rows = b""
        for tag, value in sorted(entries.items()):
            plain = self._plain(value)
            raw = struct.pack(self.order + plain.layout, *plain.numbers)
            if len(raw) > self.room:
                raw = struct.pack(self.order + self.wide, self._append(raw))
            rows += struct.pack(self.order + "HH" + self.wide, tag, plain.kind, plain.count)
            rows += raw.ljust(self.room, b"\0")
        count = struct.pack(self.order + self.counter, len(entries))
        return self._append(count + rows + struct.pack(self.order + self.wide, following))

    def _plain(self, value: Value | Entries | Sequence[Entries]) -> Value:
        """A value, or the offsets of the directories that stand in its place."""
        if isinstance(value, Value):
            return value
        children = [value] if isinstance(value, Mapping) else value
        return long(*[self.directory(child) for child in children])

    def _append(self, raw: bytes) -> int:
        if len(self.data) % 2:
            self.data.append(0)
        at = len(self.data)
        self.data += raw
        return at


IMAGE_WIDTH, IMAGE_HEIGHT, COMPRESSION, MAKE, MODEL = 0x100, 0x101, 0x103, 0x10F, 0x110
ORIENTATION, DATE_TIME, SUB_IFDS, EXIF, GPS = 0x112, 0x132, 0x14A, 0x8769, 0x8825

TAKEN = {
    0x829A: rational((1, 250)),
    0x829D: rational((28, 10)),
    0x8827: short(400),
    0x9000: undefined(b"0232"),
    0x9003: ascii_text("2021:06:05 04:03:02"),
    0x9011: ascii_text("-03:30"),
    0x9291: ascii_text("125"),
    0x920A: rational((35, 1)),
}
"""Shooting data: 1/250 s, f/2.8, ISO 400, half a summer's morning in Newfoundland."""

PLACE = {
    0: byte(2, 3, 0, 0),
    1: ascii_text("S"),
    2: rational((41, 1), (17, 1), (1184, 100)),
    3: ascii_text("E"),
    4: rational((174, 1), (46, 1), (3279, 100)),
}
"""Wellington."""

CAMERA = {
    MAKE: ascii_text("Acme"),
    MODEL: ascii_text("Lichtbild 3000"),
    ORIENTATION: short(6),
    DATE_TIME: ascii_text("2021:06:06 00:00:00"),
}


def camera_tags() -> dict[int, Any]:
    """IFD0 of a picture taken in Wellington with everything a test asks for."""
    return {**CAMERA, EXIF: TAKEN, GPS: PLACE}


def exif_block(**options: Any) -> bytes:
    """What JPEG, PNG, WebP and HEIF files carry as EXIF, without its mark."""
    return tiff_bytes(camera_tags(), **options)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of an ISO base media file."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def png_chunk(kind: bytes, body: bytes) -> bytes:
    import zlib

    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def jpeg_of(width: int, height: int, *segments: bytes, frame: int = 0xC0) -> bytes:
    """A JPEG's headers: enough for everything but its pixels."""
    sizes = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    scan = jpeg_segment(0xDA, b"\1\1\0\0\x3f\0")
    return b"\xff\xd8" + b"".join(segments) + jpeg_segment(frame, sizes) + scan + b"\0\xff\xd9"


def exif_segment(block: bytes | None = None) -> bytes:
    return jpeg_segment(0xE1, b"Exif\0\0" + (exif_block() if block is None else block))
