"""What belongs to a photo or stands inside it: a motion photo's video, the other half of a live photo, a panorama, a
gain map. Each is told as a tag, so that a query finds it and a client need not read the file to know.

Source: Google's Motion photo format 1.0 and its predecessor (GCamera:MicroVideo), Photo Sphere XMP metadata (GPano),
Ultra HDR image format 1.1 (hdrgm); ISO 21496-1 (gain maps); Apple's maker note and Samsung's trailer as exiftool's
tables Image::ExifTool::Apple and ::Samsung name their parts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from bindery.extract.pictures.boxes import find_box
from bindery.extract.tags.tag_set import TagSet
from bindery.extract.tags.tiff import ASCII, MAKER_NOTE, Directory, Part, Source, decode_text
from bindery.extract.tags.xmp import XmpProperties, first_of

_ITEM = "GContainer:Directory/GContainer:Item"
_APPLE = b"Apple iOS\0"
_HDR_HEADROOM = 0x0021
_APPLE_TEXTS = {0x000B: "BurstUuid", 0x0011: "ContentIdentifier"}
_MOST_ENTRIES = 200
_LONGEST = 128
_CUSTOM_RENDERED = 0xA401
_APPLE_PANORAMA = 6
_MAKE = 0x010F
_TRAILER_END = b"SEFT"
_TRAILER_START = b"SEFH"
_MOTION_DATA = 0x0A30
_MOST_RECORDS = 64
_MOST_NAME = 64


def add_marks(
    tags: TagSet,
    source: Source,
    directories: Sequence[Directory],
    xmp: XmpProperties,
    gain_map: str,
    has_more_pictures: bool,
) -> None:
    """Add what is told of a picture. ``gain_map`` is what the format's own reader has met of one."""
    _add_motion(tags, source, directories, xmp)
    for name, text in _of_apple(directories):
        tags.add(name, text)
    tags.add("Panorama", _panorama(directories, xmp))
    version = first_of(xmp, "hdrgm:Version")
    gain_map = gain_map or (f"hdrgm {version}" if version else "")
    if not gain_map and has_more_pictures and _has_headroom(directories):
        gain_map = "Apple"
    tags.add("GainMap", gain_map)


def _add_motion(tags: TagSet, source: Source, directories: Sequence[Directory], xmp: XmpProperties) -> None:
    # A trailer tells more exactly where the video ends, and is there without XMP too.
    found = _motion_of_samsung(source, directories) or _motion_by_xmp(xmp, source.size)
    if found is not None and not found[1]:
        found = _motion_box(source) or found
    if found is None:
        return
    offset, length = found
    tags.add("MotionPhoto", "true")
    if 0 < length < source.size:
        tags.add("MotionPhotoOffset", str(offset))
        tags.add("MotionPhotoLength", str(length))


def _motion_by_xmp(xmp: XmpProperties, size: int) -> tuple[int, int] | None:
    """Where the video stands, which is at the end; a length of 0 where it is not told."""
    if not xmp:
        return None
    if first_of(xmp, "GCamera:MotionPhoto") == "1":
        semantics = xmp.get(f"{_ITEM}/GContainerItem:Semantic") or ()
        lengths = xmp.get(f"{_ITEM}/GContainerItem:Length") or ()
        told = lengths[-1] if lengths and semantics and semantics[-1] == "MotionPhoto" else None
        told = told or first_of(xmp, "GCamera:MicroVideoOffset")
    elif first_of(xmp, "GCamera:MicroVideo") == "1":
        told = first_of(xmp, "GCamera:MicroVideoOffset")
    else:
        return None
    length = int(told) if told and told.isdecimal() and len(told) < 16 else 0
    return size - length, length


def _motion_box(source: Source) -> tuple[int, int] | None:
    """The box of HEIF files that holds the video, behind all others (Motion photo format 1.0)."""
    if source.peek_at(4, 4) != b"ftyp":
        return None
    box = find_box(source, b"mpvd")
    return (box.start, box.length) if box is not None else None


def _motion_of_samsung(source: Source, directories: Sequence[Directory]) -> tuple[int, int] | None:
    """The video in the trailer; only files of Samsung cost a look at their end."""
    make = next((directory.text(_MAKE, 16) for directory in directories if directory.name == "IFD0"), None)
    if not (make or "").lower().startswith("samsung") or source.peek_at(source.size - 4, 4) != _TRAILER_END:
        return None
    size = int.from_bytes(source.peek_at(source.size - 8, 4), "little")
    start = source.size - 8 - size
    head = source.peek_at(start, 12)
    if start < 0 or size < 12 or head[:4] != _TRAILER_START:
        return None
    count = min(int.from_bytes(head[8:12], "little"), _MOST_RECORDS)
    records = source.peek_at(start + 12, 12 * count)
    for _, kind, back, length in struct.iter_unpack("<HHII", records[: len(records) // 12 * 12]):
        if kind == _MOTION_DATA and back <= start:
            name_length = int.from_bytes(source.peek_at(start - back + 4, 4), "little")
            if name_length <= _MOST_NAME:
                skipped = 8 + name_length
                return _elsewhere(source, start - back + skipped, max(length - skipped, 0))
    return None


def _elsewhere(source: Source, offset: int, length: int) -> tuple[int, int]:
    """HEIF files keep the video in a box, and here only its place in the file."""
    data = source.peek_at(offset, 12) if length == 12 else b""
    if data[:4] != b"mpv2":
        return offset, length
    place, size = struct.unpack_from(">II", data, 4)
    return (place, size) if place + size <= source.size else (0, 0)


def _of_apple(directories: Sequence[Directory]) -> Iterator[tuple[str, str]]:
    """Texts of the maker note."""
    for note, tag, kind, length, place in _apple_entries(directories):
        if tag in _APPLE_TEXTS and kind == ASCII and length <= _LONGEST:
            yield _APPLE_TEXTS[tag], decode_text(note.peek_at(place, length))


def _has_headroom(directories: Sequence[Directory]) -> bool:
    """Whether the maker note tells how far a gain map brightens the picture; the map is another one in the file."""
    return any(tag == _HDR_HEADROOM for _, tag, *_ in _apple_entries(directories))


def _apple_entries(directories: Sequence[Directory]) -> Iterator[tuple[Part, int, int, int, int]]:
    """The maker note with the tag, type, count and place of each entry, which counts from the note's beginning."""
    for directory in directories:
        entry = directory.entries.get(MAKER_NOTE)
        if directory.name != "Exif" or entry is None or directory.raw(MAKER_NOTE, 10) != _APPLE:
            continue
        note = Part(directory.source, entry.offset, entry.size)
        order = "<" if note.peek_at(12, 2) == b"II" else ">"
        count = min(int.from_bytes(note.peek_at(14, 2), "little" if order == "<" else "big"), _MOST_ENTRIES)
        data = note.peek_at(16, 12 * count)
        for row in struct.iter_unpack(order + "HHII", data[: len(data) // 12 * 12]):
            yield (note, *row)


def _panorama(directories: Sequence[Directory], xmp: XmpProperties) -> str:
    """The projection, as Google's viewers know it; empty for what is no panorama."""
    projection = first_of(xmp, "GPano:ProjectionType")
    if projection:
        return projection
    if first_of(xmp, "GPano:UsePanoramaViewer") == "True" or first_of(xmp, "GPano:FullPanoWidthPixels"):
        return "true"
    for directory in directories:
        if directory.name == "Exif" and directory.integer(_CUSTOM_RENDERED) == _APPLE_PANORAMA:
            return "true"
    return ""
