"""Names of EXIF and TIFF tags as the vendor prints them.

Source: EXIF 2.32 sections 4.6.4 to 4.6.8 and TIFF 6.0; Panasonic's main directory from public
descriptions of RW2. The long table is Pillow's, corrected where it differs from the specification.
"""

from __future__ import annotations

from functools import lru_cache

from PIL.ExifTags import GPSTAGS, TAGS

_NAMES = {
    **TAGS,
    0x0201: "JPEGInterchangeFormat",
    0x0202: "JPEGInterchangeFormatLength",
    0x02BC: "XMLPacket",
    0x4746: "Rating",
    0x4749: "RatingPercent",
    0x8769: "ExifTag",
    0x8825: "GPSTag",
    0x9214: "SubjectArea",
    0x9216: "TIFFEPStandardID",
    0x9290: "SubSecTime",
    0x9291: "SubSecTimeOriginal",
    0x9292: "SubSecTimeDigitized",
    0xA002: "PixelXDimension",
    0xA003: "PixelYDimension",
    0xA005: "InteroperabilityTag",
    0xA20C: "SpatialFrequencyResponse",
    0xA214: "SubjectLocation",
    0xA215: "ExposureIndex",
    0xA461: "SourceImageNumberOfCompositeImage",
    0xA462: "SourceExposureTimesOfCompositeImage",
}
_INTEROP = {1: "InteroperabilityIndex", 2: "InteroperabilityVersion"}
_PANASONIC = {
    1: "PanasonicRawVersion", 2: "SensorWidth", 3: "SensorHeight", 4: "SensorTopBorder", 5: "SensorLeftBorder",
    6: "SensorBottomBorder", 7: "SensorRightBorder", 0x17: "ISO", 0x2E: "JpgFromRaw",
}  # fmt: skip


@lru_cache(maxsize=4096)
def exif_tag_name(directory: str, tag: int) -> str:
    """The name of a tag in a directory such as IFD0, Exif or GPS; ``0x9aaa`` for an unknown one."""
    if directory.startswith("GPS"):
        name = GPSTAGS.get(tag)
    elif directory.startswith("Interop"):
        name = _INTEROP.get(tag)
    elif tag < 0x30:
        # Only Panasonic has tags below the TIFF range.
        name = _PANASONIC.get(tag)
    else:
        name = _NAMES.get(tag)
    return name or f"0x{tag:04x}"
