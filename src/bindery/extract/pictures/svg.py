"""SVG: the size that browsers give the picture, its title, and its metadata.

Source: SVG 2 sections 5.1.2 and 8.12; CSS Images 3 section 4.3 (default sizing); CSS Values 3 section 6 (lengths);
CSS 2.1 section 10.3.2 (300 by 150 where nothing is told); SVG 1.1 section 1.2 (files compressed by gzip).
"""

from __future__ import annotations

import re
from xml.parsers import expat

from bindery.extract.inflating import GZIP, inflate
from bindery.extract.pictures.picture import NotPicture, Picture
from bindery.extract.pictures.svg_doctype import DoctypeLimits
from bindery.extract.tags.tiff import Source
from bindery.extract.text.charset_names import known_codec
from bindery.extract.text.decode import decode_in

_MOST_BYTES = 1024 * 1024
"""Where the root element must begin and end its attributes, also of a compressed file."""
_DEFAULT = (300.0, 150.0)
_LONGEST_LENGTH = 64
_LENGTH = re.compile(r"\+?((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*)")
_STYLE = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*([^;!]{1,64})")
_FONT = 16.0
_PIXELS_PER_UNIT = {
    "": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "q": 96 / 101.6, "in": 96.0,
    "em": _FONT, "rem": _FONT, "ex": _FONT / 2, "ch": _FONT / 2,
}  # fmt: skip
_MAY_PRECEDE = frozenset(("title", "desc", "metadata", "defs", "style", "namedview"))
"""Children of the root behind which its title is still looked for."""
_DECLARED = re.compile(
    rb"\s{0,64}<\?xml\s[^>]{0,128}encoding\s{0,8}=\s{0,8}[\"']([\w.:-]{1,40})[\"'][^>]{0,64}\?>"
)
_KNOWN_TO_EXPAT = frozenset(("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be"))
_METADATA = re.compile(rb"<(?:x:xmpmeta|rdf:RDF)[\s>]")


def read_svg(source: Source, picture: Picture) -> None:
    """Fill the picture; raises NotPicture when the root element is no ``svg``."""
    data = source.peek_at(0, _MOST_BYTES)
    if data.startswith(b"\x1f\x8b"):
        data = inflate(data, _MOST_BYTES, GZIP)
    root = _Root()
    root.read(_readable(data))
    if root.attributes is None:
        raise NotPicture
    picture.format = "svg"
    across, up = _size(root.attributes)
    if across and up:
        picture.resize((max(round(across), 1), max(round(up), 1)))
    picture.sizeless = picture.width is None
    picture.title = "".join(root.title).strip() or None
    found = _METADATA.search(data)
    if found is not None:
        picture.add_xmp(data[found.start() :])


def _readable(data: bytes) -> bytes:
    """In UTF-8 when it is declared to be in a charset of which the parser may know nothing, such as GBK."""
    declared = _DECLARED.match(data)
    codec = known_codec(declared[1].decode("ascii")) if declared else None
    if declared is None or codec is None or codec in _KNOWN_TO_EXPAT:
        return data
    return decode_in(data[declared.end() :], codec).encode("utf-8", "replace")


def _size(attributes: dict[str, str]) -> tuple[float, float]:
    """Width and height; a side of zero, which draws nothing, stays zero."""
    told = attributes | dict(_STYLE.findall(attributes.get("style", "")[:4096]))
    across, up = _pixels(told.get("width")), _pixels(told.get("height"))
    box = [_pixels(part) for part in re.split(r"[\s,]+", told.get("viewBox", "")[:256].strip())[2:]]
    wide, high = box if len(box) == 2 else (None, None)
    if wide and high:
        if across is None and up is None:
            return wide, high
        across = up * wide / high if across is None and up is not None else across
        up = across * high / wide if up is None and across is not None else up
    return _DEFAULT[0] if across is None else across, _DEFAULT[1] if up is None else up


def _pixels(text: str | None) -> float | None:
    """A length in pixels; None for none, and for one that depends on where the picture is shown."""
    text = (text or "").strip()
    match = _LENGTH.fullmatch(text) if len(text) <= _LONGEST_LENGTH else None
    unit = _PIXELS_PER_UNIT.get(match[2].lower()) if match else None
    return float(match[1]) * unit if match and unit is not None else None


class _Enough(Exception):
    """What is looked for was found."""


class _Root:
    """The attributes of the root element and its title; entities are known as far as they are plain texts."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] | None = None
        self.title: list[str] = []
        self._depth = 0
        self._in_title = False

    def read(self, data: bytes) -> None:
        """Parse as far as needed; damage ends it."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        DoctypeLimits(parser, _Enough)
        try:
            parser.Parse(data, False)
        except (_Enough, expat.ExpatError):
            return

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        self._depth += 1
        if self._depth == 1:
            if local != "svg":
                raise _Enough
            self.attributes = attributes
        elif self._depth == 2:
            self._in_title = local == "title" and not self.title
            if local not in _MAY_PRECEDE:
                raise _Enough

    def _end(self, _name: str) -> None:
        self._depth -= 1
        self._in_title = False

    def _text(self, text: str) -> None:
        if self._in_title:
            self.title.append(text)
