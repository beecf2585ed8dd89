"""Pictures: size, EXIF, position and time, from the header alone.

Formats: JPEG, PNG, GIF, WebP, TIFF, BMP, HEIC/HEIF, AVIF, JPEG XL, JPEG XR, JPEG 2000, PSD, ICO and PCX by
``headers.py``; SVG; those of ``plain_headers.py``, ``worded_headers.py`` and ``other_headers.py``; whatever else Pillow
opens (QOI, IM, FLI, …). A picture that is known by its first bytes and read by none of them has the note ``NotRead``.

Source: help page api-imm-2020-09-30-struct-file. ImageWidth and ImageHeight are the stored size; the
Orientation tag is not applied, HEIF's own rotation is.
"""

from __future__ import annotations

import io
import re
import time
import warnings

from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted
from bindery.extract.notes import Note, note
from bindery.extract.pictures.dicom import read_dicom
from bindery.extract.pictures.flashpix import read_flashpix
from bindery.extract.pictures.grib import read_grib
from bindery.extract.pictures.headers import HeaderReader, header_reader
from bindery.extract.pictures.other_headers import other_reader, read_tga, read_wbmp
from bindery.extract.pictures.picture import NotPicture, Picture, read_picture
from bindery.extract.pictures.plain_headers import plain_layout, read_plain
from bindery.extract.pictures.svg import read_svg
from bindery.extract.pictures.worded_headers import worded_reader
from bindery.extract.reader import RangeReader
from bindery.extract.types.media_types import detect_media_type, named_content_type
from bindery.extract.types.picture_types import is_tga_header

_SVG = re.compile(rb"<\0?(?:\w+:)?s\0?v\0?g")
_BUFFER = 64 * 1024
_PILLOW_SECONDS = 0.5
"""Processor time after which the file ends for Pillow, some of whose readers walk from block to block for ever."""
_NOT_BY_PILLOW = frozenset(
    (
        "AVIF", "BMP", "BUFR", "DDS", "DIB", "EPS", "FITS", "GIF", "GRIB", "HDF5", "ICO", "IPTC", "JPEG",
        "JPEG2000", "MPEG", "MPO", "PNG", "PPM", "PSD", "SGI", "TIFF", "WEBP",
    )
)  # fmt: skip
"""Formats whose headers are read by functions of this room, or that are no pictures."""
_HEAD_BYTES = 4096
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0"
"""What FlashPix and Microsoft's Image Composer begin with; that it is one of these, its directory has told."""


def extract_image(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Size always; EXIF, Orientation, LatLong, ProduceTime and Addresses as the operators ask."""
    return read_picture(reader, request, _read)


def _read(reader: RangeReader, picture: Picture) -> None:
    head = reader.peek_at(0, _HEAD_BYTES)
    if head.startswith(_COMPOUND_FILE):
        read_flashpix(reader, picture)
        return
    read = _header_reader(head, named_content_type(reader.info.key))
    if read is not None:
        read(reader, picture)
        return
    try:
        _read_with_pillow(reader, picture)
    except NotPicture:
        # Its bytes tell which format it is, whatever its name says.
        told = detect_media_type(head, "")
        if told.media_type != "image":
            raise
        picture.sizeless = True
        picture.notes.append(note(Note.NOT_READ, "pictures of this format are known, and not read"))


def _header_reader(head: bytes, named: str | None) -> HeaderReader | None:
    read = header_reader(head) or worded_reader(head) or other_reader(head)
    if read is not None:
        return read
    if head.startswith(b"DICM", 128):
        return read_dicom
    if head.startswith(b"GRIB"):
        return read_grib
    if plain_layout(head) is not None:
        return read_plain
    if named == "image/svg+xml" or _SVG.search(head):
        return read_svg
    if named == "image/vnd.wap.wbmp":
        return read_wbmp
    return read_tga if is_tga_header(head) and named in ("image/x-tga", None) else None


def _read_with_pillow(reader: RangeReader, picture: Picture) -> None:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    Image.init()
    formats = [name for name in Image.ID if name not in _NOT_BY_PILLOW]
    # Nothing is decoded, so a large size is no danger here.
    Image.MAX_IMAGE_PIXELS = None
    reader.seek(0)
    # Some formats are read byte by byte, which a buffer makes cheap.
    buffered = io.BufferedReader(_Brief(reader), _BUFFER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(buffered, formats=formats) as image:
                picture.format = (image.format or "").lower()
                picture.resize(image.size)
        except UnidentifiedImageError:
            raise NotPicture from None
        finally:
            buffered.detach()


class _Brief(io.RawIOBase):
    """A file that ends when a while has gone by."""

    def __init__(self, reader: RangeReader) -> None:
        super().__init__()
        self._reader = reader
        self._end = time.process_time() + _PILLOW_SECONDS

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        return 0 if time.process_time() > self._end else self._reader.readinto(buffer)
