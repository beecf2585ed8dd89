"""The dates of XMP.

Source: ISO 16684-1 section 8.3 (xmp:CreateDate, …); the CIPA standard DC-010 (exif:DateTimeOriginal); Metadata Working
Group, Guidelines for Handling Image Metadata 2.0, section 5 (photoshop:DateCreated is the date of capture).
"""

from __future__ import annotations

from collections.abc import Iterator

from bindery.extract.tags.dates import FoundDate, Rank
from bindery.extract.tags.xmp import XmpProperties

_PROPERTIES = {
    Rank.TAKEN: ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmpDM:shotDate"),
    Rank.DIGITIZED: ("exif:DateTimeDigitized", "xmp:CreateDate"),
    Rank.CHANGED: ("tiff:DateTime", "xmp:ModifyDate"),
}


def xmp_dates(properties: XmpProperties, rank: Rank) -> Iterator[FoundDate]:
    """The dates of one rank, the better first."""
    for name in _PROPERTIES.get(rank, ()):
        values = properties.get(name)
        if values:
            yield FoundDate(f"XMP:{name}", values[0], rank)
