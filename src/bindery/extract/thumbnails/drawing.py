"""One file in, a small picture of it out: the preview that it carries, else the file decoded within limits.

Pictures that are ours are always encoded anew, so nothing of a file but its pixels reaches a browser.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageCms

from bindery.extract.reader import RangeReader
from bindery.extract.thumbnails.no_picture import NoPicture
from bindery.extract.thumbnails.pictures import draw_heif, draw_picture

_QUALITY = 80
_HEIF = ("image/heic", "image/heif")
_SVG = "image/svg+xml"
_PLAIN_X_IMAGES = (
    "image/x-tga", "image/x-pcx", "image/x-portable-", "image/x-jp2-codestream", "image/x-icon", "image/x-ms-bmp",
)  # fmt: skip
_PACKAGES = (
    "application/vnd.openxmlformats",
    "application/vnd.ms-",
    "application/vnd.oasis",
    "application/epub",
    "application/vnd.apple.keynote",
    "application/vnd.apple.numbers",
    "application/vnd.apple.pages",
)
_ZIP = "application/zip"
_IWORK = (".key", ".numbers", ".pages")
"""Documents of iWork are known by their names alone, and look like any archive."""
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")
_OF_ALL_COLOURS = ("P", "PA", "1")


def draw(reader: RangeReader, content_type: str, longest: int, page: int = 0) -> bytes:
    """A WebP picture of at most ``longest`` pixels a side; ``page`` of a PDF, from 0. Raises NoPicture, and whatever
    decoders raise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _encode(_picture(reader, content_type, longest, page), longest)


def _picture(reader: RangeReader, content_type: str, longest: int, page: int) -> Image.Image:
    # Whoever looks at photos alone should not load the libraries of all others.
    if content_type == "application/pdf":
        from bindery.extract.thumbnails.pages import draw_page  # noqa: PLC0415

        return draw_page(reader, longest, page)
    is_iwork = content_type == _ZIP and reader.info.key.lower().endswith(_IWORK)
    if is_iwork or content_type.startswith(_PACKAGES):
        from bindery.extract.thumbnails.pages import draw_cover  # noqa: PLC0415

        return draw_cover(reader, longest)
    if content_type.startswith(("video/", "audio/")):
        from bindery.extract.thumbnails.frames import draw_frame  # noqa: PLC0415

        return draw_frame(reader, longest)
    if content_type.startswith("image/x-") and not content_type.startswith(_PLAIN_X_IMAGES):
        from bindery.extract.thumbnails.raws import draw_raw  # noqa: PLC0415

        return draw_raw(reader, longest)
    if content_type == _SVG:
        from bindery.extract.thumbnails.drawn_svg import draw_svg  # noqa: PLC0415

        return draw_svg(reader, longest)
    if content_type.startswith("image/"):
        is_heif = content_type.startswith(_HEIF) and reader.peek_at(4, 4) == b"ftyp"
        return draw_heif(reader) if is_heif else draw_picture(reader, longest)
    raise NoPicture


def _encode(picture: Image.Image, longest: int) -> bytes:
    if picture.mode in _DEEP:
        picture = _in_eight_bits(picture)
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if picture.mode in _OF_ALL_COLOURS:
        # Colours of a palette cannot be mixed, so it would be scaled without any smoothing.
        picture = picture.convert("RGBA" if has_alpha else "RGB")
    picture.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    plain = _in_srgb(picture).convert("RGBA" if has_alpha else "RGB")
    plain.info.clear()
    encoded = io.BytesIO()
    plain.save(encoded, "WEBP", quality=_QUALITY, method=3)
    return encoded.getvalue()


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    """Greys of 16 bits, or of any numbers, between black and white."""
    if picture.mode.startswith("I;16"):
        low, high = 0.0, 65_535.0
    else:
        low, high = (float(each) for each in picture.getextrema())  # type: ignore[arg-type]
    scale = 255 / (high - low) if high > low else 0.0
    return picture.convert("F").point(lambda grey: grey * scale - low * scale).convert("L")


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Colours as browsers take those of a picture that says nothing."""
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or picture.mode not in ("RGB", "CMYK"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        shown = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return shown or picture
