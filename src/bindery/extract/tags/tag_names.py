"""Names of EXIF and TIFF tags as the vendor prints them.

Source: EXIF 2.32 sections 4.6.4 to 4.6.8 and TIFF 6.0; Panasonic's main directory from public
descriptions of RW2. The long table is Pillow's, corrected where it differs from the specification.
"""

from __future__ import annotations

from collections.abc import Mapping

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
_INTEROP = {
    1: "InteroperabilityIndex", 2: "InteroperabilityVersion", 0x1000: "RelatedImageFileFormat",
    0x1001: "RelatedImageWidth", 0x1002: "RelatedImageHeight",
}  # fmt: skip
PANASONIC = "PanasonicRaw"
"""The main directory of a raw of Panasonic, whose tags up to 0x127 are its own."""
_PANASONIC = {
    1: "PanasonicRawVersion", 2: "SensorWidth", 3: "SensorHeight", 4: "SensorTopBorder", 5: "SensorLeftBorder",
    6: "SensorBottomBorder", 7: "SensorRightBorder", 8: "SamplesPerPixel", 9: "CFAPattern", 0x0A: "BitsPerSample",
    0x0B: "Compression", 0x0E: "LinearityLimitRed", 0x0F: "LinearityLimitGreen", 0x10: "LinearityLimitBlue",
    0x11: "RedBalance", 0x12: "BlueBalance", 0x13: "WBInfo", 0x17: "ISO", 0x18: "HighISOMultiplierRed",
    0x19: "HighISOMultiplierGreen", 0x1A: "HighISOMultiplierBlue", 0x1B: "NoiseReductionParams",
    0x1C: "BlackLevelRed", 0x1D: "BlackLevelGreen", 0x1E: "BlackLevelBlue", 0x24: "WBRedLevel",
    0x25: "WBGreenLevel", 0x26: "WBBlueLevel", 0x27: "WBInfo2", 0x2D: "RawFormat", 0x2E: "JpgFromRaw",
    0x2F: "CropTop", 0x30: "CropLeft", 0x31: "CropBottom", 0x32: "CropRight", 0x37: "ISO",
    0x118: "RawDataOffset", 0x119: "DistortionInfo", 0x11C: "Gamma", 0x120: "CameraIFD", 0x121: "Multishot",
    0x127: "JpgFromRaw2",
}  # fmt: skip
_TIFF_TAGS_OF_PANASONIC = frozenset((0x10F, 0x110, 0x111, 0x112, 0x116, 0x117))


_NAMES_OF_PANASONIC = _PANASONIC | {
    tag: name for tag, name in _NAMES.items() if tag >= 0x128 or tag in _TIFF_TAGS_OF_PANASONIC
}


def tag_names(directory: str) -> Mapping[int, str]:
    """The names of tags in a directory such as IFD0, Exif or GPS."""
    if directory.startswith("GPS"):
        return GPSTAGS
    if directory.startswith("Interop"):
        return _INTEROP
    return _NAMES_OF_PANASONIC if directory == PANASONIC else _NAMES


def exif_tag_name(directory: str, tag: int) -> str:
    """The name of a tag in a directory; ``0x9aaa`` for an unknown one."""
    return tag_names(directory).get(tag) or f"0x{tag:04x}"
