"""What JPEGs of cameras from before EXIF tell in segments of their own: Canon's CIFF, the texts of Olympus and Agfa,
the block of Casio.

Source: exiftool's tables Image::ExifTool::CanonRaw, ::APP12 and ::Casio::QVCI, for there is no specification of them.
"""

from __future__ import annotations

import re
import struct

from bindery.extract.pictures.ciff import read_crw
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.date_forms import unix_date
from bindery.extract.tags.tiff import NotTiff, Part

_MOST = 1024
_QVCI_DATE = 0x4D
_QVCI_FORM = re.compile(rb"\d{4}[.:]\d\d[.:]\d\d[.: ]\d\d[.:]\d\d[.:]\d\d")
_TAKEN = re.compile(rb"(?<![A-Za-z])TimeDate=(\d{9,10})(?!\d)")


def read_ciff_segment(segment: Part, picture: Picture) -> None:
    """Camera and date from a heap of CIFF; damaged ones tell nothing."""
    heap = Picture()
    try:
        read_crw(segment, heap)
    except (NotTiff, struct.error):
        return
    picture.texts = {**heap.texts, **picture.texts}


def read_qvci_segment(segment: Part, picture: Picture) -> None:
    """The date of Casio's QV-7000SX, which has points between all its parts."""
    text = segment.peek_at(_QVCI_DATE, 20).split(b"\0", 1)[0]
    if _QVCI_FORM.fullmatch(text):
        picture.texts.setdefault(
            "DateTimeOriginal", text[:10].replace(b".", b":").decode() + " " + _clock(text)
        )


def _clock(text: bytes) -> str:
    return text[11:].replace(b".", b":").decode()


def read_picture_info(segment: Part, picture: Picture) -> None:
    """The date among lines such as ``TimeDate=909698819``: seconds on the camera's clock since 1970."""
    match = _TAKEN.search(segment.peek_at(0, _MOST))
    if match is not None:
        picture.texts.setdefault("DateTimeOriginal", unix_date(int(match[1])))
