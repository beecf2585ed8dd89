"""The tags whose names have one meaning in every format, those of EXIF, and what their values are.

A photo's keywords are ``Keywords`` whether XMP, IPTC or a comment of a video holds them, so that one query finds them
all. Names are those that EXIF, the IPTC photo metadata standard and ID3 give; where these differ, the shortest.
"""

from __future__ import annotations

import enum


class TagKind(enum.Enum):
    """What the values of a tag are."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"


_TEXTS = (
    "Keywords", "Label", "Headline", "Description", "Caption", "Creator", "Credit", "Source", "Copyright",
    "Rights", "UsageTerms", "Instructions", "PersonInImage", "Event", "Location", "City", "State", "Country",
    "CountryCode", "Make", "Model", "Lens", "LensMake", "LensModel", "Software", "Encoder", "Genre", "Isrc",
    "Barcode", "CatalogNumber", "Publisher", "RecordLabel", "Conductor", "Lyricist", "Remixer", "Arranger",
    "Mood", "Grouping", "Subtitle", "Comment", "Language", "Subject", "Category", "Company", "Manager",
    "Producer", "Contributor", "Identifier", "Series", "Narrator", "Show", "EpisodeId", "Network",
    "MusicBrainzTrackId", "MusicBrainzAlbumId", "MusicBrainzArtistId", "MusicBrainzAlbumArtistId",
    "MusicBrainzReleaseGroupId", "AcoustidId", "ContentIdentifier", "Title", "Artist",
    "AlbumArtist", "Album", "Composer", "Performer", "EncodedBy", "Date", "OriginalDate", "Engineer", "ContentRating",
    "StreamTitle", "StreamLanguage", "HandlerName", "ChapterTitle",
    "BurstUuid", "NameStem", "Sidecar", "Panorama", "GainMap", "MotionPhoto",
    "From", "To", "Cc", "ReplyTo", "MessageId",
)  # fmt: skip
_NUMBERS = (
    "Rating", "TrackNumber", "TrackCount", "DiscNumber", "DiscCount", "Year", "Bpm", "Season", "Episode",
    "Compilation", "AttachmentCount", "MotionPhotoOffset", "MotionPhotoLength",
)  # fmt: skip

TAG_KINDS = dict.fromkeys(_TEXTS, TagKind.TEXT) | dict.fromkeys(_NUMBERS, TagKind.NUMBER)
"""By name."""

UNREAD_PREFIXES = frozenset({
    "xmpMM", "xmpTPg", "xmpG", "xmpGImg", "stEvt", "stRef", "stMfs", "stVer", "stDim", "stFnt", "stArea", "crs",
    "crss", "GPano", "GCamera", "GImage", "GAudio", "GDepth", "GContainer", "GContainerItem", "hdrgm",
    "HDRGainMap", "apple-fi", "drone-dji", "pdfaid", "rdf", "x",
})  # fmt: skip
"""Namespaces of XMP that programs write for programs: identifiers, settings, structures. Nobody looks for their
texts, and queries find them by name."""

EXIF_NUMBERS = frozenset({
    "ApertureValue", "BrightnessValue", "ColorSpace", "CompressedBitsPerPixel", "Compression", "Contrast",
    "CustomRendered", "DigitalZoomRatio", "ExposureBiasValue", "ExposureIndex", "ExposureMode",
    "ExposureProgram", "ExposureTime", "FNumber", "FileSize", "FileSource", "Flash", "FlashEnergy",
    "FocalLength", "FocalLengthIn35mmFilm", "FocalPlaneResolutionUnit", "FocalPlaneXResolution",
    "FocalPlaneYResolution", "FrameCount", "GPSAltitude", "GPSAltitudeRef", "GPSDOP", "GPSDestBearing",
    "GPSDestDistance", "GPSDifferential", "GPSHPositioningError", "GPSImgDirection", "GPSSpeed", "GPSTrack",
    "GainControl", "Gamma", "ISO", "ISOSpeed", "ISOSpeedRatings", "ImageHeight", "ImageLength",
    "ImageNumber", "ImageWidth", "LightSource", "MaxApertureValue", "MeteringMode", "Orientation",
    "PhotographicSensitivity", "PhotometricInterpretation", "PixelXDimension", "PixelYDimension",
    "PlanarConfiguration", "Rating", "RatingPercent", "RecommendedExposureIndex", "ResolutionUnit",
    "Saturation", "SceneCaptureType", "SensingMethod", "SensitivityType", "Sharpness", "ShutterSpeedValue",
    "StandardOutputSensitivity", "SubjectDistance", "SubjectDistanceRange", "WhiteBalance", "XResolution",
    "YCbCrPositioning", "YResolution",
})  # fmt: skip
"""Tags of EXIF 2.32 that are one number; a fraction such as ``28/10`` is its value."""

EXIF_TEXTS = frozenset({
    "Artist", "BodySerialNumber", "CameraOwnerName", "Copyright", "DocumentName", "HostComputer",
    "ImageDescription", "ImageUniqueID", "LensMake", "LensModel", "LensSerialNumber", "Make", "Model",
    "Software", "UserComment", "XPAuthor", "XPComment", "XPKeywords", "XPSubject", "XPTitle",
})  # fmt: skip
"""Tags of EXIF whose words people look for."""
