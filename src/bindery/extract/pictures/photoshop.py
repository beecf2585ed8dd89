"""Photoshop files: size, EXIF, XMP and IPTC from the header and the image resources.

Source: Adobe Photoshop File Formats Specification (file header, image resource blocks 1028, 1058 and 1060).
"""

from __future__ import annotations

import struct

from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.iptc import MOST_BYTES as MOST_IPTC
from bindery.extract.tags.tiff import Part, Source
from bindery.extract.tags.xmp import MOST_BYTES

_IPTC = 1028
_EXIF = 1058
_XMP = 1060
_MOST_RESOURCES = 1000
_SIGNATURES = (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR")


def read_photoshop(source: Source, picture: Picture) -> None:
    """PSD and PSB: the header, and the resources between the colour table and the layers."""
    picture.format = "psd"
    head = source.peek_at(0, 30)
    height, width = struct.unpack_from(">II", head, 14)
    picture.resize((width, height))
    at = 30 + int(struct.unpack_from(">I", head, 26)[0])
    (length,) = struct.unpack(">I", source.peek_at(at, 4))
    read_resources(Part(source, at + 4, length), picture)


def read_resources(resources: Source, picture: Picture) -> None:
    """EXIF, XMP and IPTC among image resources; in a JPEG they stand in for segments of their own."""
    at = 0
    for _ in range(_MOST_RESOURCES):
        head = resources.peek_at(at, 7)
        if len(head) < 7 or head[:4] not in _SIGNATURES:
            return
        # A name with its length byte, filled up to an even length, then the size of the data.
        at += 6 + _even(1 + head[6])
        (length,) = struct.unpack(">I", resources.peek_at(at, 4))
        content = Part(resources, at + 4, length)
        number = int.from_bytes(head[4:6], "big")
        if number == _IPTC:
            picture.add_iptc(content.peek_at(0, MOST_IPTC))
        elif number == _EXIF:
            picture.add_exif(content)
        elif number == _XMP:
            picture.add_xmp(content.peek_at(0, MOST_BYTES))
        at += 4 + _even(length)


def _even(length: int) -> int:
    return length + length % 2
