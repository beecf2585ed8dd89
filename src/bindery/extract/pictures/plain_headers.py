"""Pictures whose size stands at a fixed place of their header: a table, and nothing else to know.

Source: Microsoft's DDS pages; Sun's rasterfile.h;
farbfeld's manual page; JNG 1.0; Khronos KTX 1 and 2; Valve's VTF; the SGI image file format 1.00; the Paint Shop Pro
file format specification; BLP and FTEX as Pillow reads them; ITU-T T.88 (JBIG2).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Source


class _Layout(NamedTuple):
    """Where a format has its sign, and its width and height."""

    sign: bytes
    name: str
    layout: str
    """Of the two numbers, as ``struct`` writes it."""
    at: int
    height_first: bool = False
    sign_at: int = 0


_LAYOUTS = (
    _Layout(b"DDS ", "dds", "<II", 12, height_first=True),
    _Layout(b"\x59\xa6\x6a\x95", "sun", ">II", 4),
    _Layout(b"farbfeld", "ff", ">II", 8),
    _Layout(b"\x8bJNG\r\n\x1a\n", "jng", ">II", 16),
    _Layout(b"\xabKTX 11\xbb\r\n\x1a\n\x04\x03\x02\x01", "ktx", ">II", 36),
    _Layout(b"\xabKTX 11\xbb\r\n\x1a\n", "ktx", "<II", 36),
    _Layout(b"\xabKTX 20\xbb\r\n\x1a\n", "ktx2", "<II", 20),
    _Layout(b"MAP ", "mrc", "<II", 0, sign_at=208),
    _Layout(b"VTF\0", "vtf", "<HH", 16),
    _Layout(b"BLP", "blp", "<II", 12),
    _Layout(b"FTEX", "ftex", "<II", 8),
    _Layout(b"\x01\xda", "sgi", ">HH", 6),
    _Layout(b"DanM", "msp", "<HH", 4),
    _Layout(b"LinS", "msp", "<HH", 4),
    _Layout(b"\x80\xe8\0\0", "pxr", "<HH", 416, height_first=True),
    _Layout(b"GIMP", "gbr", ">II", 8, sign_at=20),
    _Layout(b"\x97JB2\r\n\x1a\n\x03", "jb2", ">II", 20),
    _Layout(b"\x97JB2\r\n\x1a\n\x01", "jb2", ">II", 24),
)


def plain_layout(head: bytes) -> _Layout | None:
    """The layout of a file that starts with these bytes."""
    return next((found for found in _LAYOUTS if head.startswith(found.sign, found.sign_at)), None)


def read_plain(source: Source, picture: Picture) -> None:
    """Width and height; the caller has asked for the layout."""
    layout = plain_layout(source.peek_at(0, 256))
    if layout is None:
        return
    picture.format = layout.name
    first, second = struct.unpack(layout.layout, source.peek_at(layout.at, struct.calcsize(layout.layout)))
    picture.resize((second, first) if layout.height_first else (first, second))
