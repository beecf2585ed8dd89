"""Pictures decoded within limits: what Pillow knows, HEIC by libheif, and the preview that a picture carries."""

from __future__ import annotations

import io
from typing import IO, cast

from PIL import ExifTags, Image

from bindery.extract.tags.tiff import Memory, Source
from bindery.extract.thumbnails.no_picture import NoPicture
from bindery.extract.thumbnails.source_file import SourceFile

FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO", "JPEG2000", "PPM", "TGA", "QOI", "PCX", "PSD",
)  # fmt: skip
"""What Pillow may decode; no format that runs other programs, such as EPS."""
MOST_PIXELS = 120_000_000
"""Of what is decoded: a JPEG may be larger, since it is decoded to a part of its size."""
_ENOUGH = 240
"""Pixels of the longer side from which on an embedded preview will do."""
_MOST_OF_PREVIEW = _ENOUGH * _ENOUGH * 100
_ALIKE = 0.03
"""How far the shape of a preview may be from that of its picture: cameras put black bars around some."""
_START, _LENGTH = 513, 514
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def draw_picture(source: Source, longest: int, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """A picture of about ``longest`` pixels, or larger, upright. Raises NoPicture, and whatever decoders raise."""
    image = open_picture(source, formats)
    embedded = _embedded(image)
    if embedded is not None and max(embedded.size) >= min(_ENOUGH, longest):
        return embedded
    image.draft("RGB", (longest, longest))
    if image.width * image.height > MOST_PIXELS:
        if embedded is not None:
            return embedded
        raise NoPicture
    image.load()
    return upright(image, orientation(image))


def open_picture(source: Source, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """A picture of which no pixel is decoded yet."""
    Image.MAX_IMAGE_PIXELS = None  # limited where it is decoded, by what is really decoded
    return Image.open(cast(IO[bytes], SourceFile(source)), formats=formats)


def orientation(image: Image.Image) -> int:
    """The Orientation of EXIF, 1 to 8."""
    told = image.getexif().get(ExifTags.Base.Orientation, 1)
    return told if told in _TURNS else 1


def upright(picture: Image.Image, told: int) -> Image.Image:
    """Turned as an Orientation says."""
    turn = _TURNS.get(told)
    return picture if turn is None else picture.transpose(turn)


def draw_heif(source: Source) -> Image.Image:
    """The main picture of a HEIC, which the container itself says how to turn: its EXIF does not count."""
    import pi_heif  # noqa: PLC0415

    pi_heif.options.DECODE_THREADS = 1
    opened = pi_heif.open_heif(cast(IO[bytes], SourceFile(source)), convert_hdr_to_8bit=True)
    width, height = opened.size
    if width * height > MOST_PIXELS:
        raise NoPicture
    shown: Image.Image = opened.to_pillow()
    return shown


def _embedded(image: Image.Image) -> Image.Image | None:
    """The preview in the EXIF of a picture, when it shows the same."""
    data = image.info.get("exif", b"") if image.format in ("JPEG", "MPO", "WEBP", "AVIF") else b""
    if not isinstance(data, bytes) or not data:
        return None
    try:
        directory = image.getexif().get_ifd(ExifTags.IFD.IFD1)
        tiff = data.removeprefix(b"Exif\0\0")
        start, length = int(directory[_START]), int(directory[_LENGTH])
        preview = Image.open(io.BytesIO(tiff[start : start + length]), formats=("JPEG",))
        if preview.width * preview.height > _MOST_OF_PREVIEW:
            return None
        preview.load()
    except (KeyError, ValueError, TypeError, OSError, SyntaxError):
        return None
    shape, own = preview.width / preview.height, image.width / image.height
    return upright(preview, orientation(image)) if abs(shape / own - 1) < _ALIKE else None


def draw_bytes(data: bytes, longest: int) -> Image.Image:
    """A picture that lies inside of another file."""
    return draw_picture(Memory(data), longest)
