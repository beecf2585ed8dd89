"""One file in, a small picture of it out: the preview that it carries, else the file decoded within limits.

Pictures that are ours are always encoded anew, so nothing of a file but its pixels reaches a browser.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import IO, cast

from PIL import ExifTags, Image

from bindery.extract.reader import RangeReader

LONGEST = 640
"""Pixels of the longer side of the largest thumbnail."""
_FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO", "JPEG2000", "PPM", "TGA", "QOI", "PCX",
)  # fmt: skip
"""What Pillow may decode; no format that runs other programs, such as EPS."""
_MOST_PIXELS = 120_000_000
"""Of what is decoded: a JPEG may be larger, since it is decoded to a part of its size."""
_ENOUGH = 240
"""Pixels of the longer side from which on an embedded preview will do."""
_ALIKE = 0.03
"""How far the shape of a preview may be from that of its picture: cameras put black bars around some."""
_START, _LENGTH = 513, 514
_QUALITY = 80


class NoPicture(Exception):
    """Nothing can be shown of the file."""


def draw(reader: RangeReader, content_type: str, longest: int) -> bytes:
    """A WebP picture of at most ``longest`` pixels a side. Raises NoPicture, and whatever decoders raise."""
    kind = content_type.partition("/")[0]
    open_picture: Callable[[RangeReader, int], Image.Image]
    if content_type == "application/pdf":
        open_picture = _first_page
    elif kind in ("video", "audio"):
        open_picture = _first_frame
    elif kind == "image":
        open_picture = _picture
    else:
        raise NoPicture
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _encode(open_picture(reader, longest), longest)


def _encode(picture: Image.Image, longest: int) -> bytes:
    picture.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    plain = picture.convert("RGBA" if has_alpha else "RGB")
    plain.info.clear()
    encoded = io.BytesIO()
    plain.save(encoded, "WEBP", quality=_QUALITY, method=3)
    return encoded.getvalue()


def _picture(reader: RangeReader, longest: int) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # limited below, by what is really decoded
    reader.seek(0)
    image = Image.open(cast(IO[bytes], reader), formats=_FORMATS)
    embedded = _embedded(image)
    if embedded is not None and (max(embedded.size) >= min(_ENOUGH, longest)):
        return embedded
    image.draft("RGB", (longest, longest))
    if image.width * image.height > _MOST_PIXELS:
        if embedded is not None:
            return embedded
        raise NoPicture
    image.load()
    return _upright(image, image)


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
        if preview.width * preview.height > _ENOUGH * _ENOUGH * 100:
            return None
        preview.load()
    except (KeyError, ValueError, TypeError, OSError, SyntaxError):
        return None
    shape, own = preview.width / preview.height, image.width / image.height
    return _upright(preview, image) if abs(shape / own - 1) < _ALIKE else None


def _upright(picture: Image.Image, told_by: Image.Image) -> Image.Image:
    """Turned as the Orientation of ``told_by`` says."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    turn = turns.get(told_by.getexif().get(ExifTags.Base.Orientation, 1))
    return picture if turn is None else picture.transpose(turn)


def _first_frame(reader: RangeReader, longest: int) -> Image.Image:
    """The poster of a video, the cover of a sound."""
    from bindery.extract.media.container import open_container  # noqa: PLC0415

    with open_container(reader) as container:
        for stream in container.streams.video:
            size = stream.width * stream.height
            if not 0 < size <= _MOST_PIXELS:
                continue
            stream.codec_context.thread_count = 1
            for frame in container.decode(stream):
                shown: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
                return shown
    raise NoPicture


def _first_page(reader: RangeReader, longest: int) -> Image.Image:
    import pypdfium2  # noqa: PLC0415

    reader.seek(0)
    document = pypdfium2.PdfDocument(cast(IO[bytes], reader))
    page = document[0]
    across, up = page.get_size()
    scale = longest / max(across, up, 1.0)
    shown: Image.Image = page.render(scale=min(scale, 4.0)).to_pil()
    return shown
