"""What is known of a picture while it is read, and the File fields made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from bindery.buckets.store import StoreError
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.reader import RangeReader, ReadLimitExceeded
from bindery.extract.tags.exif import exif_json
from bindery.extract.tags.gps import gps_position, lat_long
from bindery.extract.tags.produce_time import produce_time
from bindery.extract.tags.tiff import Directory, Memory, NotTiff, Part, Source, read_tiff
from bindery.extract.tags.xmp import MOST_BYTES, xmp_position, xmp_properties
from bindery.file import File

_ORIENTATION = 0x0112
_XMP_TAG = 0x02BC
_XMP_NAMES = {
    "Make": "tiff:Make",
    "Model": "tiff:Model",
    "DateTimeOriginal": "exif:DateTimeOriginal",
    "DateTimeDigitized": "xmp:CreateDate",
}
_DATES = frozenset(("DateTimeOriginal", "DateTimeDigitized"))
_LARGEST_SHORT = 2**16 - 1
_RESOLUTION = ("ResolutionUnit", "XResolution", "YResolution")
_LARGEST = 2**31 - 1
_WHOLE_BLOCK = 64 * 1024
"""EXIF blocks up to this size, which is every one of a JPEG, are taken into memory at once."""


class Picture(msgspec.Struct):
    """Filled piece by piece, so that what was found before an error is kept."""

    format: str = ""
    width: int | None = None
    height: int | None = None
    frames: int | None = 1
    directories: list[Directory] = []
    resolution: tuple[str, str, str] | None = None
    """Unit, across, up: from the format's own header; EXIF tags win."""
    texts: dict[str, str] = {}
    """Tags by EXIF name from a maker's own header, for raws that have no EXIF; EXIF tags win."""
    xmp: bytes = b""

    def resize(self, size: tuple[int, int] | None) -> None:
        """Set width and height when they are a possible size."""
        if size is not None and all(0 < side <= _LARGEST for side in size):
            self.width, self.height = size

    def add_exif(self, source: Source | None) -> None:
        """Add the directories of an EXIF block; the first block of a file counts, damaged ones do not."""
        if source is None or self.directories:
            return
        if source.size <= _WHOLE_BLOCK:
            source = Memory(source.peek_at(0, source.size))
        if source.peek_at(0, 5) == b"Exif\0":
            source = Part(source, 6)
        try:
            self.directories = read_tiff(source).directories
        except NotTiff:
            return

    def add_xmp(self, packet: bytes) -> None:
        """Keep an XMP packet; the first of a file counts."""
        self.xmp = self.xmp or packet


class NotPicture(Exception):
    """The bytes are those of no known picture format."""

    def __init__(self) -> None:
        super().__init__("the bytes are not those of a picture format that can be read")


def read_picture(
    reader: RangeReader, request: ExtractionRequest, read: Callable[[RangeReader, Picture], None]
) -> Extracted:
    """Run a header reader and describe what it found; raises Unreadable when it found no size.

    The reader's own errors and MemoryError pass; every other error is the file's fault.
    """
    picture = Picture()
    message = "the header of the picture tells no size"
    try:
        read(reader, picture)
    except (StoreError, ReadLimitExceeded, MemoryError):
        raise
    except (NotPicture, NotTiff, Unreadable) as error:
        message = str(error)
    except Exception as error:
        message = f"{type(error).__name__}: {str(error)[:200]}"
    if reader.error is not None:
        raise reader.error
    found = Extracted(file=_file(picture, reader, request))
    if picture.width is None:
        raise Unreadable("ParseFailed", message, found)
    return found


def _file(picture: Picture, reader: RangeReader, request: ExtractionRequest) -> File:
    file = File(image_width=picture.width, image_height=picture.height)
    xmp = xmp_properties(_xmp(picture))
    position = gps_position(picture.directories) or xmp_position(xmp)
    if Operator.EXIF in request.operators:
        others = _other_texts(picture, xmp)
        file.orientation = _orientation(picture, xmp)
        file.exif = exif_json(_basic(picture, reader.size), picture.directories, others)
        file.produce_time = produce_time(picture.directories, others, request.zone)
        file.lat_long = lat_long(*position) if position else None
    if Operator.REGEO in request.operators and position:
        # The gazetteer takes memory and time to load: only for pictures that have a position.
        from bindery.extract.places import addresses_near  # noqa: PLC0415

        file.addresses = addresses_near(*position) or None
    return file


def _xmp(picture: Picture) -> bytes:
    """The packet found by the format's reader, or the one among the TIFF tags."""
    main = picture.directories[0] if picture.directories else None
    return picture.xmp or (main.raw(_XMP_TAG, MOST_BYTES) if main else b"")


def _orientation(picture: Picture, xmp: Mapping[str, str]) -> int | None:
    """The tag of the first directory that has it; a number that fits the tag's type, sensible or not."""
    numbers = (found.integer(_ORIENTATION) for found in picture.directories)
    text = xmp.get("tiff:Orientation", "")
    number = next((number for number in numbers if number is not None), None)
    if number is None and text.isdecimal() and len(text) <= 5:
        number = int(text)
    return number if number is not None and 0 <= number <= _LARGEST_SHORT else None


def _other_texts(picture: Picture, xmp: Mapping[str, str]) -> dict[str, str]:
    """Texts for tags that the directories may lack: the maker's own header, then XMP."""
    found = {name: xmp[source] for name, source in _XMP_NAMES.items() if source in xmp}
    for name in _DATES & found.keys():
        # As exiftool writes them: EXIF's form, with the fraction and the offset behind it.
        found[name] = found[name][:10].replace("-", ":") + found[name][10:].replace("T", " ", 1)
    return found | picture.texts


def _basic(picture: Picture, size: int) -> dict[str, str]:
    """The members every picture has (help page query-the-exif-data-of-an-image)."""
    basic = {"FileSize": str(size), "Format": picture.format}
    if picture.frames is not None:
        basic["FrameCount"] = str(picture.frames)
    if picture.width is not None:
        basic["ImageWidth"], basic["ImageHeight"] = str(picture.width), str(picture.height)
    if picture.resolution is not None and not _has_resolution(picture):
        basic.update(zip(_RESOLUTION, picture.resolution, strict=True))
    return basic


def _has_resolution(picture: Picture) -> bool:
    return any(0x011A in directory.entries for directory in picture.directories)
