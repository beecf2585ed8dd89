"""Pictures: size, EXIF, position and time, from the header alone.

Formats: JPEG, PNG, GIF, WebP, TIFF, BMP, HEIC/HEIF, AVIF, JPEG XL, JPEG XR, JPEG 2000, PSD, ICO and PCX by
``headers.py``; SVG; whatever else Pillow opens (TGA, PNM, QOI, Radiance, DDS, …).

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
from bindery.extract.pictures.headers import header_reader
from bindery.extract.pictures.picture import NotPicture, Picture, read_picture
from bindery.extract.reader import RangeReader
from bindery.extract.xml_parser import make_xml_parser

_SVG = re.compile(rb"<(?:\w+:)?svg[\s>]")
_LENGTH = re.compile(r"\+?((?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|)")
_LONGEST_LENGTH = 64
_SVG_BYTES = 1024 * 1024
"""Where the root element must begin and end its attributes."""
_MOST_DEFAULTS = 64
"""Drawing programs of old declare a few attributes of the root element."""
_BUFFER = 64 * 1024
_PILLOW_SECONDS = 0.5
"""Processor time after which the file ends for Pillow, some of whose readers walk from block to block for ever."""
_READ_HERE = frozenset(
    {
        "AVIF",
        "BMP",
        "EPS",
        "FITS",
        "GIF",
        "ICO",
        "IPTC",
        "JPEG",
        "JPEG2000",
        "MPO",
        "PNG",
        "PSD",
        "TIFF",
        "WEBP",
    }
)
"""Formats whose headers are read by functions of this room, or that are no pictures."""
_PIXELS_PER_UNIT = {
    "px": 1.0,
    "": 1.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
}


def extract_image(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Size always; EXIF, Orientation, LatLong, ProduceTime and Addresses as the operators ask."""
    return read_picture(reader, request, _read)


def _read(reader: RangeReader, picture: Picture) -> None:
    head = reader.peek_at(0, 4096)
    read = header_reader(head)
    if read is not None:
        read(reader, picture)
    elif _SVG.search(head):
        _read_svg(reader, picture)
    else:
        _read_with_pillow(reader, picture)


def _read_with_pillow(reader: RangeReader, picture: Picture) -> None:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    Image.init()
    formats = [name for name in Image.ID if name not in _READ_HERE]
    # Nothing is decoded, so a large size is no danger here.
    Image.MAX_IMAGE_PIXELS = None
    reader.seek(0)
    # Some formats are read byte by byte, which a buffer makes cheap.
    buffered = io.BufferedReader(_Brief(reader), _BUFFER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(buffered, formats=formats) as image:
                picture.format = _NAMES.get(image.format or "", (image.format or "").lower())
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


_NAMES = {"PPM": "pnm"}


def _read_svg(reader: RangeReader, picture: Picture) -> None:
    """The root element's size, else that of its view box; CSS pixels at 96 to the inch."""
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415

    parser = make_xml_parser(most_defaults=_MOST_DEFAULTS)
    head = io.BytesIO(reader.peek_at(0, _SVG_BYTES))
    picture.format = "svg"
    picture.frames = 1
    for _, element in iterparse(head, events=("start",), parser=parser):
        box = re.split(r"[\s,]+", element.get("viewBox", "").strip())
        across = _pixels(element.get("width")) or (_pixels(box[2]) if len(box) == 4 else None)
        up = _pixels(element.get("height")) or (_pixels(box[3]) if len(box) == 4 else None)
        if across and up:
            picture.resize((max(round(across), 1), max(round(up), 1)))
        return


def _pixels(text: str | None) -> float | None:
    text = (text or "").strip()
    match = _LENGTH.fullmatch(text) if len(text) <= _LONGEST_LENGTH else None
    return float(match[1]) * _PIXELS_PER_UNIT[match[2]] if match else None
