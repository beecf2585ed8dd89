"""Size, frame count and EXIF block of pictures, from their headers alone; no pixel is decoded.

One function per format, called with the bytes and the Picture to fill. What is already filled in when a
file turns out damaged stays.

Source: ITU-T T.81 annex B and JFIF 1.02 (JPEG), ITU-T T.87 (JPEG-LS), GIF89a, the WebP container and VP8/
VP8L bitstream specifications, Microsoft's pages on BMP and ICO, the ZSoft PCX reference, ISO/IEC 23008-12
(HEIF), AVIF 1.1, TIFF 6.0.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

from bindery.extract.notes import Note, note
from bindery.extract.pictures.before_exif import read_ciff_segment, read_picture_info, read_qvci_segment
from bindery.extract.pictures.boxes import (
    HeifMeta,
    find_box,
    sequence_frames,
    sequence_time,
    track_size,
)
from bindery.extract.pictures.cut_short import boxes_are_cut, jpeg_is_cut, strips_are_cut
from bindery.extract.pictures.jpeg2000 import read_codestream, read_jp2
from bindery.extract.pictures.jpeg_xl import read_jxl
from bindery.extract.pictures.mini_heif import read_mini
from bindery.extract.pictures.photoshop import read_photoshop, read_resources
from bindery.extract.pictures.picture import Picture
from bindery.extract.pictures.png import read_png
from bindery.extract.tags.dates import FoundDate, Rank
from bindery.extract.tags.tag_set import LONGEST_VALUE
from bindery.extract.tags.tiff import Memory, Part, Source, TiffTree, full_size, read_tiff
from bindery.extract.tags.xmp import MOST_BYTES

_FRAMELESS = frozenset((0x01, *range(0xD0, 0xD9)))
_NOT_FRAME_HEADERS = frozenset((0xC4, 0xC8, 0xCC))
_JPEG_LS_FRAME = 0xF7
_COMMENT = 0xFE
"""The marker of a JPEG and the label of a GIF are the same."""
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_MOST_ALIKE = 16
_MARKER = re.compile(rb"\xff[^\0\xff]")
_MOST_JUNK = 64 * 1024
_XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP_MARK = b"http://ns.adobe.com/xmp/extension/\0"
_MORE_XMP_HEAD = len(_MORE_XMP_MARK) + 40
"""The mark, 32 characters that name the packet, its length, and the place of this part in it."""
_MOST_MORE_XMP = 512 * 1024
_GAIN_MAP_MARK = b"urn:iso:std:iso:ts:21496:-1\0"
_PHOTOSHOP_MARK = b"Photoshop 3.0\0"
_MOST_RESOURCES = 256 * 1024
_MOST_SEGMENTS = 20_000
_MOST_SCANNED = 4 * 1024 * 1024
_MOST_ICONS = 256
_PART_BYTES = 64 * 1024
_MOST_CHUNKS = 100_000
_MOST_PARTS = 256
"""Parts of a file that are read to count the frames of an animation: 16 MiB."""

HeaderReader = Callable[[Source, Picture], None]


def header_reader(head: bytes) -> HeaderReader | None:
    """The function for a file that starts with these bytes (at least 64 of them)."""
    for magic, read in _MAGIC:
        if head.startswith(magic):
            return read
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return read_webp
    if head[4:8] == b"ftyp":
        return read_heif
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_SIZES:
        return read_bmp
    if head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and head[4:6] != b"\0\0":
        return read_icon
    if head[:1] == b"\x0a" and head[1:2] in b"\0\2\3\4\5" and head[2:3] in b"\0\1":
        return read_pcx
    return None


def read_jpeg(source: Source, picture: Picture) -> None:
    """Segments up to the first scan: frame header, JFIF density, EXIF block, XMP, IPTC."""
    picture.format = "jpg"
    resources = bytearray()
    scan: int | None = None
    for marker, segment in _segments(source):
        if marker == _START_OF_SCAN:
            scan = segment.start
            break
        _read_segment(source, picture, marker, segment)
        if marker == 0xED and segment.peek_at(0, len(_PHOTOSHOP_MARK)) == _PHOTOSHOP_MARK:
            left = _MOST_RESOURCES - len(resources)
            resources += segment.peek_at(len(_PHOTOSHOP_MARK), left)
    # One resource may be spread over several segments.
    if resources:
        read_resources(Memory(bytes(resources)), picture)
    if picture.height_is_behind and scan is not None:
        _read_lines(source, scan, picture)
    if (scan is None and picture.width is not None) or (scan is not None and jpeg_is_cut(source, scan)):
        picture.notes.append(note(Note.CUT_SHORT, "the end of the JPEG is missing"))


def _read_lines(source: Source, scan: int, picture: Picture) -> None:
    """The height that stands behind the first scan (DNL: ITU-T T.81 B.2.5)."""
    data = source.peek_at(scan, _MOST_SCANNED)
    at = data.find(b"\xff\xdc\0\4")
    if at >= 0 and picture.height_is_behind:
        picture.resize((picture.height_is_behind, int.from_bytes(data[at + 4 : at + 6], "big")))


def _segments(source: Source) -> Iterator[tuple[int, Part]]:
    """Markers with what belongs to them, up to the first scan and with it.

    Of a long run of segments of one kind and length, such as those of a large colour profile, only the first are told.
    """
    at, alike, last = 2, 0, (0, 0)
    for _ in range(_MOST_SEGMENTS):
        head = source.peek_at(at, 4)
        if len(head) == 4 and head[0] == 0xFF and head[1] not in (0, 0xFF):
            marker, length, at = head[1], head[2] << 8 | head[3], at + 2
        else:
            found = _next_marker(source, at)
            if found is None:
                return
            marker, at = found
            length = int.from_bytes(source.peek_at(at, 2), "big")
        if marker in _FRAMELESS:
            continue
        if marker == _END_OF_IMAGE:
            return
        # A segment whose length leaves out itself is empty, as libjpeg has it.
        length = max(length, 2)
        yield marker, Part(source, at + 2, length - 2)
        if marker == _START_OF_SCAN:
            return
        alike = alike + 1 if (marker, length) == last else 0
        last = marker, length
        at += length
        if alike >= _MOST_ALIKE:
            at += _run(source, at, marker, length + 2) * (length + 2)
            alike = 0


def _run(source: Source, at: int, marker: int, step: int) -> int:
    """How many segments of one kind and length follow each other, found with few reads: by steps that double, and
    halve again.
    """
    sign = bytes((0xFF, marker)) + (step - 2).to_bytes(2, "big")

    def is_there(count: int) -> bool:
        return source.peek_at(at + count * step, 4) == sign

    most = 1
    while is_there(most):
        most *= 2
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if is_there(middle) else (least, middle)
    return least if is_there(0) else 0


def _next_marker(source: Source, at: int) -> tuple[int, int] | None:
    """The marker behind bytes that belong nowhere, and the offset behind it."""
    match = _MARKER.search(source.peek_at(at, _MOST_JUNK))
    return (match[0][1], at + match.end()) if match else None


def _read_segment(source: Source, picture: Picture, marker: int, segment: Part) -> None:
    if marker == 0xE1:
        _read_app1(segment, picture)
    elif marker == _COMMENT:
        picture.add_comment("Comment", segment.peek_at(0, LONGEST_VALUE))
    elif marker == 0xEC:
        read_picture_info(segment, picture)
    elif marker == 0xE0 and segment.peek_at(6, 8) == b"HEAPJPGM":
        read_ciff_segment(segment, picture)
    elif marker == 0xE2:
        _read_app2(segment, picture)
    elif marker == 0xE0 and segment.peek_at(0, 5) == b"JFIF\0":
        density = segment.peek_at(7, 5)
        if len(density) == 5:
            unit, across, up = struct.unpack(">BHH", density)
            picture.resolution = str(unit + 1), f"{across}/1", f"{up}/1"
    elif (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME_HEADERS) or marker == _JPEG_LS_FRAME:
        head = segment.peek_at(0, 5)
        if len(head) == 5 and picture.width is None:
            height, width = struct.unpack_from(">HH", head, 1)
            picture.resize((width, height))
            picture.height_is_behind = 0 if height else width


def _read_app2(segment: Part, picture: Picture) -> None:
    head = segment.peek_at(0, len(_GAIN_MAP_MARK))
    if head == _GAIN_MAP_MARK:
        picture.gain_map = "ISO 21496-1"
    elif head.startswith(b"MPF\0"):
        picture.has_more_pictures = True


def _read_app1(segment: Part, picture: Picture) -> None:
    head = segment.peek_at(0, len(_MORE_XMP_MARK))
    if head.startswith(b"Exif\0"):
        picture.add_exif(segment)
    elif head.startswith(_XMP_MARK):
        picture.add_xmp(segment.peek_at(len(_XMP_MARK), MOST_BYTES))
    elif head == _MORE_XMP_MARK:
        _read_more_xmp(segment, picture)
    elif head.startswith(b"QVCI\0"):
        read_qvci_segment(segment, picture)
    elif b"ns.adobe.com/xap/1.0/" in head:  # some writers have spoiled the mark
        packet = segment.peek_at(0, MOST_BYTES)
        picture.add_xmp(packet[max(packet.find(b"<"), 0) :])


def _read_more_xmp(segment: Part, picture: Picture) -> None:
    """A part of the packet's extension, when the packet names it; parts may come in any order."""
    head = segment.peek_at(0, _MORE_XMP_HEAD)
    name, at = head[-40:-8], int.from_bytes(head[-4:], "big")
    if len(head) == _MORE_XMP_HEAD and name in picture.xmp and at + segment.size <= _MOST_MORE_XMP:
        picture.more_xmp.setdefault(at, segment.peek_at(_MORE_XMP_HEAD, segment.size))


def read_gif(source: Source, picture: Picture) -> None:
    """The logical screen; frames are counted, and XMP is looked for, in files up to 4 MiB."""
    picture.format = "gif"
    head = source.peek_at(0, 13)
    picture.resize(struct.unpack_from("<HH", head, 6))
    if source.size <= _MOST_SCANNED:
        picture.frames = _read_gif_blocks(source, head[10], picture)
    else:
        picture.leave_out_frames()


def _read_gif_blocks(source: Source, flags: int, picture: Picture) -> int:
    data = source.peek_at(0, _MOST_SCANNED)
    at = 13 + _color_table(flags)
    frames = 0
    while at < len(data):
        kind = data[at]
        if kind == 0x2C and at + 10 <= len(data):
            frames += 1
            at += 11 + _color_table(data[at + 9])
        elif kind == 0x21:
            at += 2
            if data[at - 1 : at] == bytes((_COMMENT,)):
                picture.add_comment("Comment", _gif_blocks(data, at))
            elif data.startswith(_GIF_XMP, at):
                # The packet is not cut into blocks: its end leads readers of blocks to the next one.
                picture.add_xmp(data[at + len(_GIF_XMP) : data.find(_GIF_XMP_END, at) + 1])
        elif kind == _GIF_TRAILER:
            return max(frames, 1)
        else:
            break
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    if at >= len(data):
        picture.notes.append(note(Note.CUT_SHORT, "the end of the GIF is missing"))
    return max(frames, 1)


def _gif_blocks(data: bytes, at: int) -> bytes:
    """The content of blocks that follow each other, as much of it as a tag holds."""
    content = bytearray()
    while at < len(data) and data[at] and len(content) < LONGEST_VALUE:
        content += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    return bytes(content)


_GIF_TRAILER = 0x3B
_GIF_XMP = b"\x0bXMP DataXMP"
_GIF_XMP_END = b"\x01\xff\xfe\xfd"
"""How the trailer begins: XMP specification part 3, section 1.1.2."""


def _color_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def read_webp(source: Source, picture: Picture) -> None:
    """Chunks: canvas of VP8X, else the frame header; EXIF; frames of an animation."""
    picture.format = "webp"
    end = 8 + int.from_bytes(source.peek_at(4, 4), "little")
    if end > source.size + 1:  # the last byte may be one that only fills up
        picture.notes.append(note(Note.CUT_SHORT, f"the WebP should have {end} bytes"))
    at, frames = 12, 0
    parts: set[int] = set()
    for _ in range(_MOST_CHUNKS):
        if len(parts) > _MOST_PARTS:
            break
        head = source.peek_at(at, 8)
        if len(head) < 8:
            picture.frames = frames or 1
            return
        parts.add(at // _PART_BYTES)
        kind, length = struct.unpack("<4sI", head)
        frames += kind == b"ANMF"
        _read_webp_chunk(picture, kind, Part(source, at + 8, length))
        at += 8 + length + (length & 1)
    picture.leave_out_frames()


def _read_webp_chunk(picture: Picture, kind: bytes, chunk: Part) -> None:
    if kind == b"EXIF":
        picture.add_exif(chunk)
    elif kind == b"XMP ":
        picture.add_xmp(chunk.peek_at(0, MOST_BYTES))
    elif picture.width is None and kind != b"ANMF":
        picture.resize(_webp_size(kind, chunk.peek_at(0, 10)))


def _webp_size(kind: bytes, data: bytes) -> tuple[int, int] | None:
    if kind == b"VP8X" and len(data) >= 10:
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a" and len(data) >= 10:
        width, height = struct.unpack_from("<HH", data, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and data[:1] == b"\x2f" and len(data) >= 5:
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


_BITMAP_SIZES = range(12, 256)
"""Sizes of the second header: 12 and 16 to 64 of OS/2, 40, 52, 56, 108 and 124 of Windows, and odd ones."""


def read_bmp(source: Source, picture: Picture) -> None:
    """The size of either header generation; a negative height only means rows from the top."""
    picture.format = "bmp"
    head = source.peek_at(14, 12)
    if struct.unpack_from("<I", head)[0] == 12:
        picture.resize(struct.unpack_from("<HH", head, 4))
    else:
        width, height = struct.unpack_from("<ii", head, 4)
        picture.resize((width, abs(height)))
    _check_rows(source, picture)


def _check_rows(source: Source, picture: Picture) -> None:
    """Rows of pixels that are not compressed have a length that the header gives."""
    head = source.peek_at(0, 34)
    if len(head) < 34 or head[14] < 40 or head[30:34] != bytes(4) or picture.width is None:
        return
    row = (picture.width * int.from_bytes(head[28:30], "little") + 31) // 32 * 4
    if int.from_bytes(head[10:14], "little") + row * (picture.height or 0) > source.size + 4:
        picture.notes.append(note(Note.CUT_SHORT, "rows of the bitmap are missing"))


def read_pcx(source: Source, picture: Picture) -> None:
    """The window: its first and last column and row."""
    picture.format = "pcx"
    left, top, right, bottom = struct.unpack("<4H", source.peek_at(4, 8))
    picture.resize((right - left + 1, bottom - top + 1))


def read_icon(source: Source, picture: Picture) -> None:
    """ICO and CUR: the largest of the pictures in the directory."""
    picture.format = "ico"
    (count,) = struct.unpack("<H", source.peek_at(4, 2))
    data = source.peek_at(6, 16 * min(count, _MOST_ICONS))
    # A byte holds no 256, so 0 stands for it.
    sizes = [(data[at] or 256, data[at + 1] or 256) for at in range(0, len(data) - 15, 16)]
    picture.resize(max(sizes, key=lambda size: size[0] * size[1], default=None))


def read_tiff_picture(source: Source, picture: Picture) -> None:
    """The full-resolution image among the directories; every chained page is a frame."""
    picture.format = "tiff"
    tree = read_tiff(source)
    picture.directories = tree.directories
    picture.frames = tree.pages
    if tree.more_pages:
        picture.leave_out_frames()
    picture.resize(full_size(tree))
    # EXIF without its picture, as programs save it.
    picture.sizeless = tree.find("Exif") is not None
    check_strips(tree, source, picture)


def check_strips(tree: TiffTree, source: Source, picture: Picture) -> None:
    """A note when the directories, or the pixels of one of the main ones, lie behind the end of the file."""
    if not tree.directories:
        picture.notes.append(note(Note.CUT_SHORT, "the file ends before its directory"))
    main = [found for found in tree.directories if found.name.startswith(("IFD0", "Sub"))]
    if any(strips_are_cut(found, source.size) for found in main):
        picture.notes.append(note(Note.CUT_SHORT, "the file ends before its pixels do"))


def read_heif(source: Source, picture: Picture) -> None:
    """HEIC, HEIF and AVIF: the primary item's size with container rotation applied, and the Exif item."""
    head = source.peek_at(8, 24)
    picture.format = "avif" if b"avif" in head or b"avis" in head else "heic"
    if boxes_are_cut(source):
        picture.notes.append(note(Note.CUT_SHORT, "the file ends before its boxes do"))
    meta = find_box(source, b"meta")
    if meta is not None:
        items = HeifMeta(source, meta)
        picture.resize(items.size())
        picture.add_exif(items.exif())
        picture.add_xmp(items.xmp())
        picture.gain_map = items.gain_map()
    elif (mini := find_box(source, b"mini")) is not None:
        read_mini(source, mini.start, mini.length, picture)
    if picture.width is None:
        picture.resize(track_size(source))
    if head[:4] in _SEQUENCES:
        picture.frames = sequence_frames(source) or 1
        made = sequence_time(source)
        if made is not None:
            picture.dates.append(FoundDate("Container:creation_time", made, Rank.DIGITIZED, utc=True))


_SEQUENCES = (b"avis", b"msf1", b"hevc", b"hevx", b"avcs", b"vvis", b"jpgs")


_MAGIC: tuple[tuple[bytes, HeaderReader], ...] = (
    (b"\xff\xd8\xff", read_jpeg),
    (b"\x89PNG\r\n\x1a\n", read_png),
    (b"GIF8", read_gif),
    (b"II*\0", read_tiff_picture),
    (b"MM\0*", read_tiff_picture),
    (b"II+\0", read_tiff_picture),
    (b"MM\0+", read_tiff_picture),
    (b"II\xbc\x01", read_tiff_picture),
    (b"8BPS", read_photoshop),
    (b"\0\0\0\x0cjP  ", read_jp2),
    (b"\xff\x4f\xff\x51", read_codestream),
    (b"\xff\x0a", read_jxl),
    (b"\0\0\0\x0cJXL ", read_jxl),
)
