"""Camera raws: the JPEG that the camera put beside the sensor's data, found by its tags and read by ranges.

Source: TIFF/EP, DNG 1.7 (NewSubfileType, Compression 6 and 7); public descriptions of CR3 (PRVW, THMB), RAF, RW2,
ORF and X3F.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from PIL import Image

from bindery.extract.pictures.boxes import Box, boxes, find_box
from bindery.extract.tags.tiff import Directory, Part, Source, read_tiff
from bindery.extract.thumbnails.no_picture import NoPicture
from bindery.extract.thumbnails.pictures import MOST_PIXELS, open_picture, orientation, upright

_JPEG = b"\xff\xd8\xff"
_ORIENTATION, _COMPRESSION = 0x0112, 0x0103
_STRIP, _STRIP_LENGTH = 0x0111, 0x0117
_PREVIEW, _PREVIEW_LENGTH = 0x0201, 0x0202
_JPEG_COMPRESSIONS = (6, 7)
_PANASONIC_JPEG = 0x2E
_OLYMPUS = b"OLYMPUS\0"
_OLYMPUS_SETTINGS, _OLYMPUS_START, _OLYMPUS_LENGTH = 0x2020, 0x0101, 0x0102
_MAKER_NOTE = 0x927C
_MOST_OF_NOTE = 4 * 1024 * 1024
_PRVW_UUID = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_SEARCHED = 4 * 1024 * 1024
"""Bytes that are searched for a JPEG where no tag names one."""
_MOST_CANDIDATES = 32
_MOST_SECTIONS = 256


def draw_raw(source: Source, longest: int) -> Image.Image:
    """The smallest preview that is large enough, else the largest, upright. Raises NoPicture."""
    head = source.peek_at(0, 16)
    told = _orientation(source, head)
    found = list(_previews(source, _candidates(source, head)))
    if not found:
        found = list(_previews(source, _searched(source)))
    large = sorted((each for each in found if max(each.size) >= longest), key=_area)
    small = sorted((each for each in found if max(each.size) < longest), key=_area, reverse=True)
    for preview in large + small:
        preview.draft("RGB", (longest, longest))
        if _area(preview) > MOST_PIXELS:
            continue
        try:
            preview.load()
        except (OSError, ValueError, SyntaxError):
            continue
        own = orientation(preview)
        return upright(preview, own if own != 1 else told)
    raise NoPicture


def _area(image: Image.Image) -> int:
    return image.width * image.height


def _previews(source: Source, places: Iterator[tuple[int, int]]) -> Iterator[Image.Image]:
    """What of some stretches of the file is a JPEG that can be shown: sensors' data is in lossless ones too."""
    seen: set[int] = set()
    for start, length in places:
        if start in seen or len(seen) >= _MOST_CANDIDATES or source.peek_at(start, 3) != _JPEG:
            continue
        seen.add(start)
        try:
            yield open_picture(Part(source, start, length), ("JPEG",))
        except (OSError, ValueError, SyntaxError):
            continue


def _candidates(source: Source, head: bytes) -> Iterator[tuple[int, int]]:
    """Where previews may lie; the readers of damaged headers just end."""
    read: Callable[[Source], Iterator[tuple[int, int]]] = _of_tiff
    if head.startswith(b"FUJIFILMCCD-RAW"):
        read = _of_raf
    elif head[4:12] == b"ftypcrx ":
        read = _of_cr3
    elif head.startswith(b"FOVb"):
        read = _of_x3f
    try:
        yield from read(source)
    except (struct.error, ValueError, IndexError):
        return


def _orientation(source: Source, head: bytes) -> int:
    try:
        if head[4:12] == b"ftypcrx ":
            source = _cr3_directory(source)
        return next(
            (told for each in read_tiff(source).directories if (told := each.integer(_ORIENTATION))), 1
        )
    except (struct.error, ValueError, IndexError):
        return 1


def _of_tiff(source: Source) -> Iterator[tuple[int, int]]:
    for directory in read_tiff(source).directories:
        start, length = directory.integer(_PREVIEW), directory.integer(_PREVIEW_LENGTH)
        if start and length:
            yield start, length
        strips, lengths = directory.numbers(_STRIP, 16), directory.numbers(_STRIP_LENGTH, 16)
        if directory.integer(_COMPRESSION) in _JPEG_COMPRESSIONS and len(strips) == len(lengths) == 1:
            yield int(strips[0]), int(lengths[0])  # type: ignore[arg-type]
        inside = directory.entries.get(_PANASONIC_JPEG)
        if inside is not None:
            yield inside.offset, inside.size
        yield from _of_olympus(directory)


def _of_olympus(directory: Directory) -> Iterator[tuple[int, int]]:
    """Newer notes count their offsets from the note itself, and are a TIFF structure behind eight letters."""
    note = directory.entries.get(_MAKER_NOTE)
    if note is None or directory.source.peek_at(note.offset, 8) != _OLYMPUS:
        return
    block = Part(directory.source, note.offset, min(note.size, _MOST_OF_NOTE))
    order = "<" if block.peek_at(8, 2) == b"II" else ">"
    settings = _olympus_entries(block, 12, order).get(_OLYMPUS_SETTINGS)
    if settings is not None:
        tags = _olympus_entries(block, settings, order)
        start, length = tags.get(_OLYMPUS_START), tags.get(_OLYMPUS_LENGTH)
        if start and length:
            yield note.offset + start, length


def _olympus_entries(block: Source, start: int, order: str) -> dict[int, int]:
    """Tags and their values or offsets."""
    count = min(int(struct.unpack(order + "H", block.peek_at(start, 2))[0]), 512)
    data = block.peek_at(start + 2, 12 * count)
    return {
        tag: value for tag, _, _, value in struct.iter_unpack(order + "HHII", data[: len(data) // 12 * 12])
    }


def _of_raf(source: Source) -> Iterator[tuple[int, int]]:
    start, length = struct.unpack(">II", source.peek_at(84, 8))
    yield start, length


def _of_cr3(source: Source) -> Iterator[tuple[int, int]]:
    """PRVW (about 1,600 pixels) and THMB (160) in boxes of Canon's, and the picture itself as the first track."""
    for box in boxes(source):
        if box.kind == b"uuid" and source.peek_at(box.start, 16) == _PRVW_UUID:
            yield from _after_header(source, box.start, box.length)
        elif box.kind == b"moov":
            for part in boxes(source, box.start, box.start + box.length):
                if part.kind == b"uuid" and source.peek_at(part.start, 16) == _CANON_UUID:
                    thumbnail = find_box(
                        source, b"THMB", start=part.start + 16, end=part.start + part.length
                    )
                    if thumbnail is not None:
                        yield from _after_header(source, thumbnail.start, thumbnail.length)
                elif part.kind == b"trak":
                    yield from _of_track(source, part)


def _after_header(source: Source, start: int, length: int) -> Iterator[tuple[int, int]]:
    """Headers of Canon's boxes have sizes of their own, so the mark of a JPEG is looked for."""
    at = source.peek_at(start, min(length, 128)).find(_JPEG)
    if at >= 0:
        yield start + at, length - at


def _of_track(source: Source, track: Box) -> Iterator[tuple[int, int]]:
    table = find_box(source, b"mdia", b"minf", b"stbl", start=track.start, end=track.start + track.length)
    if table is None:
        return
    offsets = find_box(source, b"co64", start=table.start, end=table.start + table.length)
    sizes = find_box(source, b"stsz", start=table.start, end=table.start + table.length)
    if offsets is not None and sizes is not None:
        (start,) = struct.unpack(">Q", source.peek_at(offsets.start + 8, 8))
        one, _, first = struct.unpack(">III", source.peek_at(sizes.start + 4, 12))
        yield start, one or first


def _cr3_directory(source: Source) -> Source:
    """CMT1 is IFD0. Raises ValueError when there is none."""
    moov = find_box(source, b"moov")
    for part in boxes(source, moov.start, moov.start + moov.length) if moov else ():
        if part.kind == b"uuid" and source.peek_at(part.start, 16) == _CANON_UUID:
            main = find_box(source, b"CMT1", start=part.start + 16, end=part.start + part.length)
            if main is not None:
                return Part(source, main.start, main.length)
    raise ValueError("no CMT1")


def _of_x3f(source: Source) -> Iterator[tuple[int, int]]:
    (start,) = struct.unpack("<I", source.peek_at(source.size - 4, 4))
    (count,) = struct.unpack("<I", source.peek_at(start + 8, 4))
    data = source.peek_at(start + 12, 12 * min(count, _MOST_SECTIONS))
    for offset, length, kind in struct.iter_unpack("<II4s", data[: len(data) // 12 * 12]):
        if kind in (b"IMA2", b"IMAG"):
            yield offset + 28, length - 28


def _searched(source: Source) -> Iterator[tuple[int, int]]:
    """Every mark of a JPEG in the first part of the file."""
    data = source.peek_at(0, _SEARCHED)
    at = data.find(_JPEG)
    while at >= 0:
        yield at, source.size - at
        at = data.find(_JPEG, at + 1)
