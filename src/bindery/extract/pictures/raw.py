"""Camera raws: size and EXIF with few reads.

ImageWidth and ImageHeight are what exiftool prints for the format: for those built on TIFF the
full-resolution directory, elsewhere the maker's own header.

Source: TIFF 6.0, TIFF/EP, DNG 1.7; public descriptions of RAF, RW2, MRW, IIQ and CR3.
"""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Callable
from itertools import islice
from uuid import UUID

from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted
from bindery.extract.notes import Note, note
from bindery.extract.pictures.boxes import boxes, find_box
from bindery.extract.pictures.ciff import read_crw
from bindery.extract.pictures.cut_short import boxes_are_cut
from bindery.extract.pictures.headers import check_strips, header_reader, read_jpeg
from bindery.extract.pictures.picture import Picture, read_picture
from bindery.extract.pictures.sigma import read_x3f
from bindery.extract.reader import RangeReader
from bindery.extract.tags.tag_names import PANASONIC
from bindery.extract.tags.tiff import Directory, NotTiff, Part, Source, TiffTree, full_size, read_tiff
from bindery.extract.tags.xmp import MOST_BYTES

_CANON_UUID = UUID("85c0b687-820f-11e0-8111-f4ce462b6a48").bytes
_XMP_UUID = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_JPEG_FROM_RAW = 0x2E
_MOST_BLOCKS = 256
_MOST_BEHIND_MOOV = 2


def extract_raw(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Size always; EXIF, Orientation, LatLong, ProduceTime and Addresses as the operators ask."""
    return read_picture(reader, request, _read)


def _read(reader: RangeReader, picture: Picture) -> None:
    head = reader.peek_at(0, 64)
    extension = posixpath.splitext(reader.info.key)[1][1:].lower()
    read = _reader(head) or header_reader(head)
    if read is None:
        raise NotTiff("no known raw header")
    read(reader, picture)
    if read is not read_jpeg and extension.isalnum() and len(extension) <= 4:
        picture.format = extension


def _reader(head: bytes) -> Callable[[Source, Picture], None] | None:
    for magic, read in _MAGIC:
        if head.startswith(magic):
            return read
    if head[4:12] == b"ftypcrx ":
        return _read_cr3
    if head[6:14] == b"HEAPCCDR":
        return read_crw
    return _read_tiff_raw if head[:2] in (b"II", b"MM") else None


def _read_tiff_raw(source: Source, picture: Picture) -> None:
    tree = read_tiff(source)
    picture.directories = tree.directories
    picture.resize(full_size(tree))
    check_strips(tree, source, picture)
    if source.peek_at(8, 4) in (b"IIII", b"MMMM"):
        picture.resize(_phase_one_size(Part(source, 8)))


def _phase_one_size(block: Source) -> tuple[int, int] | None:
    """Phase One's directory: tags 0x10C and 0x10D of entries of 16 bytes."""
    order = "<" if block.peek_at(0, 4) == b"IIII" else ">"
    start = int(struct.unpack(order + "I", block.peek_at(8, 4))[0])
    count = min(int(struct.unpack(order + "I", block.peek_at(start, 4))[0]), 1000)
    data = block.peek_at(start + 8, 16 * count)
    rows = struct.iter_unpack(order + "IIII", data[: len(data) // 16 * 16])
    values = {row[0]: int(row[3]) for row in rows}
    size = values.get(0x10C, 0), values.get(0x10D, 0)
    return size if all(size) else None


def _read_panasonic(source: Source, picture: Picture) -> None:
    """RW2, RWL and older RAW: the sensor's borders, and the EXIF of the JPEG inside."""
    tree = read_tiff(source)
    picture.directories = tree.directories
    main = tree.find("IFD0")
    if main is None:
        return
    main.table = PANASONIC
    top, left, bottom, right = (main.integer(tag) or 0 for tag in (4, 5, 6, 7))
    inner = Picture()
    entry = main.entries.get(_JPEG_FROM_RAW)
    if entry is not None:
        read_jpeg(Part(source, entry.offset, entry.size), inner)
        picture.directories += [_renamed(found) for found in inner.directories]
    if right > left and bottom > top:
        picture.resize((right - left, bottom - top))
    elif inner.width and inner.height:
        picture.resize((inner.width, inner.height))
    else:
        picture.resize(full_size(tree))


def _renamed(directory: Directory) -> Directory:
    """Directories of an inner picture come after those of the raw itself, except the shooting data."""
    if directory.name.startswith("IFD"):
        directory.name = "Inner" + directory.name
    return directory


def _read_raf(source: Source, picture: Picture) -> None:
    """Fujifilm: the JPEG inside has both the size that is shown and the EXIF."""
    offset, length = struct.unpack(">II", source.peek_at(84, 8))
    read_jpeg(Part(source, offset, length), picture)
    if picture.width is None:
        raise NotTiff("no JPEG inside the RAF")


def _read_mrw(source: Source, picture: Picture) -> None:
    """Minolta: blocks PRD (size) and TTW (a TIFF structure)."""
    end = 8 + int(struct.unpack(">I", source.peek_at(4, 4))[0])
    at = 8
    for _ in range(_MOST_BLOCKS):
        if at >= min(end, source.size):
            return
        kind, length = struct.unpack(">4sI", source.peek_at(at, 8))
        if kind == b"\0PRD":
            height, width = struct.unpack(">HH", source.peek_at(at + 20, 4))
            picture.resize((width, height))
        elif kind == b"\0TTW":
            picture.add_exif(Part(source, at + 8, length))
        at += 8 + length


def _read_cr3(source: Source, picture: Picture) -> None:
    """Canon: boxes CMT1 to CMT4 are the directories IFD0, Exif, MakerNote and GPS, each a TIFF structure."""
    moov = find_box(source, b"moov")
    if moov is None:
        raise NotTiff("no moov box")
    if boxes_are_cut(source):
        picture.notes.append(note(Note.CUT_SHORT, "the file ends before its boxes do"))
    for box in boxes(source, moov.start, moov.start + moov.length):
        if box.kind != b"uuid" or source.peek_at(box.start, 16) != _CANON_UUID:
            continue
        for part in boxes(source, box.start + 16, box.start + box.length):
            name = {b"CMT1": "IFD0", b"CMT2": "Exif", b"CMT4": "GPS"}.get(part.kind)
            if name is not None and name not in {found.name for found in picture.directories}:
                tree = _try_tiff(Part(source, part.start, part.length))
                _take_first(picture, tree, name)
    picture.resize(full_size(TiffTree(picture.directories, 1)))
    # The packet stands behind moov; the many boxes of the pixels behind it.
    for box in islice(boxes(source, moov.start + moov.length), _MOST_BEHIND_MOOV):
        if box.kind == b"uuid" and source.peek_at(box.start, 16) == _XMP_UUID:
            picture.add_xmp(source.peek_at(box.start + 16, min(box.length - 16, MOST_BYTES)))


def _try_tiff(source: Source) -> TiffTree:
    try:
        return read_tiff(source)
    except NotTiff:
        return TiffTree([], 0)


def _take_first(picture: Picture, tree: TiffTree, name: str) -> None:
    for directory in tree.directories[:1]:
        directory.name = name
        picture.directories.append(directory)


_MAGIC: tuple[tuple[bytes, Callable[[Source, Picture], None]], ...] = (
    (b"FUJIFILMCCD-RAW", _read_raf),
    (b"\0MRM", _read_mrw),
    (b"FOVb", read_x3f),
    (b"II\x55\0", _read_panasonic),
    (b"\xff\xd8\xff", read_jpeg),
)
