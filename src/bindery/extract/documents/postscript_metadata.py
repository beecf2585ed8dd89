"""What Encapsulated PostScript tells beside its comments: an XMP packet, and Photoshop's block with EXIF and IPTC.

Source: XMP specification part 3, section 2.6 (EPS); Adobe Photoshop File Formats Specification (``%BeginPhotoshop``
of EPS: image resources in hexadecimal); Metadata Working Group, Guidelines for Handling Image Metadata 2.0 (order of
dates).
"""

from __future__ import annotations

import re

from bindery.extract.documents.document import Document
from bindery.extract.pictures.photoshop import read_resources
from bindery.extract.pictures.picture import Picture
from bindery.extract.pictures.picture_tags import picture_tags, picture_title
from bindery.extract.tags.camera_name import camera_name
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.exif_dates import exif_date
from bindery.extract.tags.iptc import iptc_date, read_iptc
from bindery.extract.tags.tiff import Memory
from bindery.extract.tags.xmp import read_xmp
from bindery.extract.tags.xmp_dates import xmp_dates

_PACKET, _PACKET_END = b"<x:xmpmeta", b"</x:xmpmeta>"
_PHOTOSHOP = re.compile(rb"%BeginPhotoshop:[^\r\n]{0,80}[\r\n]+((?:%[ \t]?[0-9A-Fa-f]{2,254}[\r\n]+)+)")
_NOT_DIGITS = re.compile(rb"[^0-9A-Fa-f]+")
_MAKE, _MODEL = 0x010F, 0x0110


def read_eps_metadata(data: bytes, document: Document) -> None:
    """Title, tags and dates from the first part of the file; its comments count behind them."""
    picture = Picture()
    block = _PHOTOSHOP.search(data)
    if block is not None:
        digits = _NOT_DIGITS.sub(b"", block[1])
        read_resources(Memory(bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))), picture)
    xmp = read_xmp(_packet(data) or picture.xmp)
    iptc = read_iptc(picture.iptc)
    # The comment is mostly the name of a file.
    document.title = picture_title(xmp, iptc) or document.title
    for name, values in (picture_tags(xmp, iptc, picture.directories).all() or {}).items():
        document.tags.add(name, *values)
    main = next((found for found in picture.directories if found.name == "IFD0"), None)
    if main is not None:
        document.tags.add("Camera", camera_name(main.text(_MAKE) or "", main.text(_MODEL) or ""))
    document.dates += exif_date(picture.directories, Rank.TAKEN)
    document.dates += xmp_dates(xmp, Rank.TAKEN)
    document.add_created("IPTC:DateCreated", iptc_date(iptc, "DateCreated"), rank=Rank.TAKEN)
    document.dates += exif_date(picture.directories, Rank.DIGITIZED)
    document.dates += xmp_dates(xmp, Rank.DIGITIZED)


def _packet(data: bytes) -> bytes:
    start = data.find(_PACKET)
    end = data.find(_PACKET_END, start) if start >= 0 else -1
    return data[start : end + len(_PACKET_END)] if end >= 0 else b""
