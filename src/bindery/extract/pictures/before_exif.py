"""What JPEGs of cameras from before EXIF tell in segments of their own: Canon's CIFF, the texts of Olympus and Agfa.

Source: exiftool's tables Image::ExifTool::CanonRaw and ::APP12, for there is no specification of either.
"""

from __future__ import annotations

import re
import struct

from bindery.extract.pictures.ciff import read_crw
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.date_forms import unix_date
from bindery.extract.tags.tiff import NotTiff, Part

_MOST = 1024
_TAKEN = re.compile(rb"(?<![A-Za-z])TimeDate=(\d{9,10})(?!\d)")


def read_ciff_segment(segment: Part, picture: Picture) -> None:
    """Camera and date from a heap of CIFF; damaged ones tell nothing."""
    heap = Picture()
    try:
        read_crw(segment, heap)
    except (NotTiff, struct.error):
        return
    picture.texts = {**heap.texts, **picture.texts}


def read_picture_info(segment: Part, picture: Picture) -> None:
    """The date among lines such as ``TimeDate=909698819``: seconds on the camera's clock since 1970."""
    match = _TAKEN.search(segment.peek_at(0, _MOST))
    if match is not None:
        picture.texts.setdefault("DateTimeOriginal", unix_date(int(match[1])))
