"""SVG drawn by resvg, from a text written anew: of a stranger's file only shapes reach it, and nothing from elsewhere.

resvg runs no scripts, but it draws any picture of this machine that an ``href`` names, follows elements as deep as its
stack is, and decodes pictures of any size. So the file is parsed here within limits, and what is left is written out.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from urllib.parse import unquote_to_bytes
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

from bindery.extract.pictures.svg_doctype import DoctypeLimits
from bindery.extract.reader import RangeReader
from bindery.extract.tags.tiff import Memory
from bindery.extract.thumbnails.no_picture import NoPicture
from bindery.extract.thumbnails.pictures import open_picture

_MOST_BYTES = 8 * 1024 * 1024
"""Of the file, of what it is when unpacked, and of what is written."""
_MOST_ELEMENTS = 200_000
_DEEPEST = 250
_MOST_PIXELS = 20_000_000
"""Of all pictures that lie in the file together."""
_EMBEDDED = ("PNG", "JPEG", "GIF", "WEBP")
_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp)((?:;[^,;]*)*),(.*)", re.IGNORECASE | re.DOTALL)
_LEFT_OUT = frozenset(("script", "foreignObject", "metadata", "iframe", "audio", "video"))
_WITH_TEXT = frozenset(("text", "tspan", "textPath"))


def draw_svg(reader: RangeReader, longest: int) -> Image.Image:
    """The picture on white, with ``longest`` pixels on its longer side. Raises NoPicture, and ValueError of resvg."""
    import resvg_py  # noqa: PLC0415

    if reader.size > _MOST_BYTES:
        raise NoPicture
    data = reader.peek_at(0, _MOST_BYTES)
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data)
    shapes = Shapes()
    text = shapes.read(data)
    drawn = resvg_py.svg_to_bytes(
        svg_string=text,
        width=longest,
        height=longest,
        background="#ffffff",
        # To look for fonts takes longer than to draw most pictures.
        skip_system_fonts=not shapes.has_text,
    )
    return Image.open(io.BytesIO(drawn), formats=("PNG",))


def _unpacked(data: bytes) -> bytes:
    unpacking = zlib.decompressobj(31)
    try:
        unpacked = unpacking.decompress(data, _MOST_BYTES)
    except zlib.error:
        raise NoPicture from None
    if unpacking.unconsumed_tail:
        raise NoPicture
    return unpacked


class Shapes:
    """Reads an SVG, and writes it without DTD, entities, programs and references to what lies outside of it."""

    def __init__(self) -> None:
        self.has_text = False
        self._written: list[str] = []
        self._bytes_left = _MOST_BYTES
        self._pixels_left = _MOST_PIXELS
        self._elements = 0
        self._depth = 0
        self._hidden_at = 0
        """The depth of the element that is left out with all in it; 0 when none is."""

    def read(self, data: bytes) -> str:
        """The text for the drawer. Raises NoPicture for what is no SVG, broken, or more than a picture needs."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        DoctypeLimits(parser, NoPicture)
        try:
            parser.Parse(data, True)
        except expat.ExpatError:
            raise NoPicture from None
        return "".join(self._written)

    def _start(self, name: str, attributes: list[str]) -> None:
        local = name.rpartition(":")[2]
        self._depth += 1
        self._elements += 1
        if (
            self._depth > _DEEPEST
            or self._elements > _MOST_ELEMENTS
            or (self._depth == 1 and local != "svg")
        ):
            raise NoPicture
        if self._hidden_at or local in _LEFT_OUT:
            self._hidden_at = self._hidden_at or self._depth
            return
        self.has_text |= local in _WITH_TEXT
        kept = [
            f" {key}={quoteattr(value)}"
            for key, value in zip(attributes[::2], attributes[1::2], strict=True)
            if key.rpartition(":")[2] != "href" or self._may_be_drawn(value.strip())
        ]
        self._write(f"<{name}{''.join(kept)}>")

    def _end(self, name: str) -> None:
        if not self._hidden_at:
            self._write(f"</{name}>")
        elif self._hidden_at == self._depth:
            self._hidden_at = 0
        self._depth -= 1

    def _text(self, text: str) -> None:
        if not self._hidden_at:
            self._write(escape(text))

    def _write(self, text: str) -> None:
        self._bytes_left -= len(text)
        if self._bytes_left < 0:
            raise NoPicture
        self._written.append(text)

    def _may_be_drawn(self, reference: str) -> bool:
        """A place in the file itself, or a picture in it that is small enough; its header says how large it is."""
        if reference.startswith("#"):
            return True
        found = _DATA.fullmatch(reference)
        if found is None:
            return False
        data = unquote_to_bytes(found[2])
        try:
            data = base64.b64decode(data) if "base64" in found[1].lower() else data
            width, height = open_picture(Memory(data), _EMBEDDED).size
        except (OSError, ValueError, SyntaxError, binascii.Error):
            return False
        self._pixels_left -= width * height
        return self._pixels_left >= 0
