"""Blocks of EXIF, XMP and IPTC as programs put them into formats that have no place for them.

Source: the names are ImageMagick's (``Raw profile type …`` in PNG, ``profile-…`` in MIFF).
"""

from __future__ import annotations

from bindery.extract.pictures.photoshop import read_resources
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Memory
from bindery.extract.tags.xmp import MOST_BYTES

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"


def add_profile(picture: Picture, kind: str, data: bytes) -> None:
    """Add a block by the name that ImageMagick and others give its kind: exif, xmp, iptc, 8bim, APP1."""
    if data.startswith(_JPEG_XMP):
        picture.add_xmp(data[len(_JPEG_XMP) :])
    elif kind == "xmp":
        picture.add_xmp(data[:MOST_BYTES])
    elif data.startswith(b"8BIM"):
        read_resources(Memory(data), picture)
    elif kind in ("iptc", "8bim"):
        picture.add_iptc(data)
    elif data:
        picture.add_exif(Memory(data))
