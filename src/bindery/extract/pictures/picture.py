"""What is known of a picture while it is read, and the File fields made of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.buckets.store import StoreError
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.notes import Note, note
from bindery.extract.pictures.marks import add_marks
from bindery.extract.pictures.picture_dates import picture_time
from bindery.extract.pictures.picture_tags import add_comments, picture_tags, picture_title, standing_in
from bindery.extract.reader import RangeReader, ReadLimitExceeded
from bindery.extract.sidecars import Sidecars
from bindery.extract.tags.camera_name import camera_name
from bindery.extract.tags.dates import FoundDate, Rank
from bindery.extract.tags.exif import exif_texts, json_of
from bindery.extract.tags.gps import gps_position, lat_long
from bindery.extract.tags.iptc import MOST_BYTES as MOST_IPTC
from bindery.extract.tags.iptc import IptcValues, read_iptc
from bindery.extract.tags.tag_set import LONGEST_VALUE
from bindery.extract.tags.tiff import Directory, Memory, NotTiff, Part, Source, decode_text, read_tiff
from bindery.extract.tags.xmp import MOST_BYTES, XmpProperties, first_of, read_xmp, xmp_position
from bindery.file import File

_ORIENTATION = 0x0112
_XMP_TAG = 0x02BC
_IPTC_TAG = 0x83BB
_LARGEST_SHORT = 2**16 - 1
_RESOLUTION = ("ResolutionUnit", "XResolution", "YResolution")
_LARGEST = 2**31 - 1
_MOST_COMMENTS = 64
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
    dates: list[FoundDate] = []
    """Dates from the format's own header."""
    xmp: bytes = b""
    more_xmp: dict[int, bytes] = {}
    """The extension of a JPEG's packet, which is a packet of its own: its parts by their place in it."""
    iptc: bytes = b""
    gain_map: str = ""
    """Which kind of gain map the format's own header tells of."""
    has_more_pictures: bool = False
    """It is one of several in its file (CIPA DC-007, Multi-Picture Format)."""
    title: str | None = None
    """From the format's own header."""
    comments: list[tuple[str, str]] = []
    """Texts that the format keeps beside EXIF, XMP and IPTC, by the name of their tag; those win."""
    position: tuple[float, float] | None = None
    """Latitude and longitude in degrees, from the format's own header."""
    sizeless: bool = False
    """It has no size of its own, or one that is not read."""
    notes: list[str] = []
    height_is_behind: int = 0
    """The width of a JPEG whose height stands behind its first scan."""
    orientation: int | None = None
    """From the format's own header, which counts before EXIF."""

    def resize(self, size: tuple[int, int] | None) -> None:
        """Set width and height when they are a possible size."""
        if size is not None and all(0 < side <= _LARGEST for side in size):
            self.width, self.height = size

    def leave_out_frames(self) -> None:
        """Tell that frames or pages were not counted to their end."""
        self.frames = None
        self.notes.append(note(Note.COUNT_CUT, "not all frames were counted: FrameCount is left out"))

    def add_exif(self, source: Source | None) -> None:
        """Add the directories of an EXIF block; the first block of a file counts, damaged ones do not."""
        if source is None or self.directories:
            return
        if source.size <= _WHOLE_BLOCK:
            data = source.peek_at(0, source.size)
            source = Memory(data[6:] if data.startswith(b"Exif\0") else data)
        elif source.peek_at(0, 5) == b"Exif\0":
            source = Part(source, 6)
        try:
            self.directories = read_tiff(source).directories
        except NotTiff:
            return

    def add_date(
        self, whence: str, text: str, rank: Rank = Rank.MADE, *, offset: str = "", utc: bool = False
    ) -> None:
        """Keep a date of the format's own header; what is no date counts for nothing."""
        self.dates.append(FoundDate(whence, text, rank, offset=offset, offset_whence=whence, utc=utc))

    def add_text(self, name: str, data: bytes) -> None:
        """Keep a text of the format's own header, up to its first NUL, under an EXIF name; the first counts."""
        text = decode_text(data).strip()
        if text:
            self.texts.setdefault(name, text)

    def add_comment(self, name: str, data: bytes) -> None:
        """Keep one of the format's own texts, up to its first NUL, as a tag."""
        text = decode_text(data[:LONGEST_VALUE]).strip()
        if text and len(self.comments) < _MOST_COMMENTS:
            self.comments.append((name, text))

    def add_xmp(self, packet: bytes) -> None:
        """Keep an XMP packet; the first of a file counts."""
        self.xmp = self.xmp or packet

    def add_iptc(self, data: bytes) -> None:
        """Keep a block of IPTC datasets; what has several blocks has its datasets spread over them."""
        if len(self.iptc) + len(data) <= MOST_IPTC:
            self.iptc += data


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
    sidecars = Sidecars()
    sidecars.read(reader, request)
    file = _file(picture, reader, request, sidecars)
    found = Extracted(file=file, notes=(*picture.notes, *sidecars.notes))
    if picture.width is None and not picture.sizeless:
        raise Unreadable("ParseFailed", message, found)
    return found


def _file(picture: Picture, reader: RangeReader, request: ExtractionRequest, sidecars: Sidecars) -> File:
    file = File(image_width=picture.width, image_height=picture.height)
    xmp, iptc = _xmp(picture), _iptc(picture)
    beside = sidecars.properties
    position = xmp_position(beside) or gps_position(picture.directories) or xmp_position(xmp)
    position = position or picture.position
    if Operator.EXIF in request.operators:
        others = standing_in(xmp, iptc) | picture.texts
        file.orientation = _orientation(picture, xmp)
        members = exif_texts(_basic(picture, reader.size), picture.directories, others)
        file.exif = json_of(members)
        _add_time(file, picture, xmp, iptc, beside, position, request.zone)
        file.lat_long = lat_long(*position) if position else None
        file.title = picture_title(beside, {}) or picture_title(xmp, iptc) or picture.title
        tags = picture_tags(xmp, iptc, picture.directories)
        add_comments(tags, picture.comments)
        told = (picture.gain_map, picture.has_more_pictures)
        add_marks(tags, reader, picture.directories, xmp, *told)
        if "Model" in members:
            tags.add("Camera", camera_name(members.get("Make", ""), members["Model"]))
        file.tags = sidecars.over(tags.all())
    if Operator.REGEO in request.operators and position:
        # The gazetteer takes memory and time to load: only for pictures that have a position.
        from bindery.extract.places import addresses_near  # noqa: PLC0415

        file.addresses = addresses_near(*position) or None
    return file


def _add_time(
    file: File,
    picture: Picture,
    xmp: XmpProperties,
    iptc: IptcValues,
    beside: XmpProperties,
    place: tuple[float, float] | None,
    zone: str,
) -> None:
    dates = picture.dates
    if "DateTimeOriginal" in picture.texts:
        taken = FoundDate("Header:DateTimeOriginal", picture.texts["DateTimeOriginal"], Rank.TAKEN)
        dates = [taken, *dates]
    moment = picture_time(picture.directories, xmp, iptc, dates, place, zone, beside)
    if moment is not None:
        file.produce_time, file.produce_time_source = moment.text, moment.source


def _xmp(picture: Picture) -> XmpProperties:
    """The properties of the packet found by the format's reader, or of the one among the TIFF tags."""
    main = picture.directories[0] if picture.directories else None
    packet = picture.xmp or (main.raw(_XMP_TAG, MOST_BYTES) if main else b"")
    properties = read_xmp(packet) if packet else {}
    if not picture.more_xmp:
        return properties
    more = read_xmp(b"".join(part for _, part in sorted(picture.more_xmp.items())))
    return {**more, **properties}


def _iptc(picture: Picture) -> dict[int, list[str]]:
    """The datasets of the format's own block, or those among the TIFF tags (in some files as LONGs)."""
    main = picture.directories[0] if picture.directories else None
    data = picture.iptc or (main.raw(_IPTC_TAG, MOST_IPTC) if main else b"")
    return read_iptc(data) if data else {}


def _orientation(picture: Picture, xmp: XmpProperties) -> int | None:
    """The tag of the first directory that has it; a number that fits the tag's type, sensible or not.

    IFD1 and those after it are thumbnails and further pages, which may be turned otherwise.
    """
    if picture.orientation is not None:
        return picture.orientation
    own = (
        found for found in picture.directories if found.name == "IFD0" or not found.name.startswith("IFD")
    )
    numbers = (found.integer(_ORIENTATION) for found in own)
    text = first_of(xmp, "tiff:Orientation") or ""
    number = next((number for number in numbers if number is not None), None)
    if number is None and text.isdecimal() and len(text) <= 5:
        number = int(text)
    return number if number is not None and 0 <= number <= _LARGEST_SHORT else None


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
