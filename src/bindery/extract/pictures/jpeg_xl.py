"""JPEG XL: size, orientation, EXIF and XMP of bare codestreams and of containers.

Source: ISO/IEC 18181-1 (SizeHeader, ImageMetadata, PreviewHeader) and 18181-2 (boxes jxlc, jxlp, Exif, xml, brob).
"""

from __future__ import annotations

import struct

from bindery.extract.notes import Note, note
from bindery.extract.pictures.boxes import Box, boxes
from bindery.extract.pictures.cut_short import boxes_are_cut
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Memory, Part, Source
from bindery.extract.tags.xmp import MOST_BYTES

_HEADER_BYTES = 64
_MOST_PACKED = 1024 * 1024
_MOST_PACKED_BOXES = 8
"""Each may swell to a megabyte, and the first of each kind counts."""
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_TIFF_MARKS = (b"II*\0", b"MM\0*")


def read_jxl(source: Source, picture: Picture) -> None:
    """A bare codestream, or a container with its boxes, which may be compressed."""
    picture.format = "jxl"
    if source.peek_at(0, 2) == b"\xff\x0a":
        _read_codestream(source.peek_at(2, _HEADER_BYTES), picture)
        return
    if boxes_are_cut(source):
        picture.notes.append(note(Note.CUT_SHORT, "the file ends before its boxes do"))
    packed = _MOST_PACKED_BOXES
    for box in boxes(source):
        if box.kind in (b"jxlc", b"jxlp") and picture.width is None:
            skip = 4 if box.kind == b"jxlp" else 0
            _read_codestream(source.peek_at(box.start + skip + 2, _HEADER_BYTES), picture)
        elif box.kind == b"brob":
            packed -= 1
            if packed < 0:
                continue
            _read_box(source.peek_at(box.start, 4), _unpacked(source, box), picture)
        else:
            _read_box(box.kind, Part(source, box.start, box.length), picture)


def _read_box(kind: bytes, content: Source, picture: Picture) -> None:
    if kind == b"Exif":
        picture.add_exif(_tiff_of(content))
    elif kind == b"xml ":
        picture.add_xmp(content.peek_at(0, MOST_BYTES))


def _tiff_of(content: Source) -> Source:
    """The TIFF structure behind the offset that stands first; some writers forget that."""
    head = content.peek_at(0, 6)
    if head[:4] in _TIFF_MARKS or head.startswith(b"Exif\0") or len(head) < 4:
        return content
    return Part(content, 4 + int(struct.unpack_from(">I", head)[0]))


def _unpacked(source: Source, box: Box) -> Memory:
    """What a Brotli stream holds, up to a limit; empty when it is damaged."""
    import brotli  # noqa: PLC0415

    packed = source.peek_at(box.start + 4, min(box.length - 4, _MOST_PACKED))
    try:
        return Memory(brotli.Decompressor().process(packed, output_buffer_limit=MOST_BYTES)[:MOST_BYTES])
    except brotli.error:
        return Memory(b"")


def _read_codestream(data: bytes, picture: Picture) -> None:
    """The headers behind the signature: bits from the lowest up."""
    bits = _Bits(data)
    picture.resize(_size(bits))
    if bits.take(1) or not bits.take(1):
        return  # all that follows has its usual value
    orientation = bits.take(3) + 1
    if orientation > 1:
        picture.orientation = orientation
    if bits.take(1):
        _size(bits)
    if bits.take(1):
        _skip_preview(bits)
    if bits.take(1):
        picture.leave_out_frames()


def _size(bits: _Bits) -> tuple[int, int]:
    """SizeHeader."""
    small = bits.take(1)
    height = _side(bits, small)
    ratio = bits.take(3)
    if ratio:
        across, up = _RATIOS[ratio - 1]
        return height * across // up, height
    return _side(bits, small), height


def _side(bits: _Bits, small: int) -> int:
    if small:
        return (bits.take(5) + 1) * 8
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


def _skip_preview(bits: _Bits) -> None:
    """PreviewHeader."""
    widths = (0, 0, 5, 9) if bits.take(1) else (6, 8, 10, 12)
    bits.take(widths[bits.take(2)])
    if not bits.take(3):
        bits.take(widths[bits.take(2)])


class _Bits:
    """Zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value
