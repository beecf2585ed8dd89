"""MIE, exiftool's format for metadata: EXIF, XMP, IPTC, camera and dates; and the picture, when it holds one.

Source: MIE Format Specification 1.1 (elements, groups, format codes) and exiftool's table Image::ExifTool::MIE.
"""

from __future__ import annotations

from bindery.extract.inflating import ZLIB, inflate
from bindery.extract.pictures.picture import Picture
from bindery.extract.pictures.profiles import add_profile
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.tiff import Part, Source

_SYNC = 0x7E
_GROUP, _TEXTS = 0x10, (0x20, 0x28)
_LITTLE, _COMPRESSED = 0x08, 0x04
_MOST_ELEMENTS = 2000
_MOST_PACKED = 32
"""Compressed values that are unpacked, each of which may swell to a megabyte."""
_MOST_DEPTH = 8
_MOST_BLOCK = 1024 * 1024
_LENGTH_BYTES = {253: 2, 254: 4, 255: 8}
_TEXT_NAMES = {
    b"Make": "Make", b"Model": "Model", b"Author": "Artist", b"Copyright": "Copyright", b"Comment": "ImageDescription",
    b"Software": "Software",
}  # fmt: skip
_DATES = {b"OriginalDate": Rank.TAKEN, b"CreateDate": Rank.DIGITIZED, b"ModifyDate": Rank.CHANGED}
_BLOCKS = {b"EXIF": "exif", b"XMP": "xmp", b"IPTC": "iptc"}


def read_mie(source: Source, picture: Picture) -> None:
    """Walk through all elements; what has no size of its own is metadata of another file."""
    picture.format = "mie"
    picture.sizeless = True
    _Walk(picture).read(source, 0, 0)


class _Walk:
    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._left = _MOST_ELEMENTS
        self._packed_left = _MOST_PACKED

    def read(self, source: Source, at: int, depth: int) -> int:
        """The elements of a group up to its terminator; where that ends."""
        while self._left:
            self._left -= 1
            head = source.peek_at(at, 4)
            if len(head) < 4 or head[0] != _SYNC:
                return source.size
            code, length, size = head[1], head[2], head[3]
            little = code & _LITTLE and code & 0xF0 == _GROUP
            name = source.peek_at(at + 4, length)
            at += 4 + length
            if size in _LENGTH_BYTES:
                width = _LENGTH_BYTES[size]
                size = int.from_bytes(source.peek_at(at, width), "little" if little else "big")
                at += width
            if not length:
                return at + size
            if code & 0xF0 == _GROUP:
                at = self._group(source, at, size, depth)
                continue
            self._element(code, name, Part(source, at, size))
            at += size
        return source.size

    def _group(self, source: Source, at: int, size: int, depth: int) -> int:
        """A group of a length is passed over by it, one without ends with its terminator."""
        if depth >= _MOST_DEPTH:
            return source.size
        end = self.read(source, at, depth + 1)
        return at + size if size else end

    def _element(self, code: int, name: bytes, content: Part) -> None:
        if code & _COMPRESSED:
            self._packed_left -= 1
            if self._packed_left < 0:
                return
        if name in _BLOCKS:
            data = content.peek_at(0, _MOST_BLOCK)
            add_profile(self._picture, _BLOCKS[name], _unpacked(code, data))
        elif name == b"data":
            self._subfile(content)
        elif name == b"ImageSize" and content.size in (4, 6, 8, 12):
            width = 2 if content.size < 8 else 4
            sides = content.peek_at(0, 2 * width)
            self._picture.resize(
                (int.from_bytes(sides[:width], "big"), int.from_bytes(sides[width:], "big"))
            )
        elif code & ~_COMPRESSED in _TEXTS:
            self._text(name, _unpacked(code, content.peek_at(0, _MOST_BLOCK)))

    def _text(self, name: bytes, data: bytes) -> None:
        picture = self._picture
        if name == b"Title":
            picture.title = picture.title or data[:_MOST_BLOCK].decode("utf-8", "replace").strip() or None
        elif name in _TEXT_NAMES:
            picture.add_text(_TEXT_NAMES[name], data)
        elif name in _DATES:
            picture.add_date(f"Header:{name.decode()}", data.decode("ascii", "replace"), _DATES[name])

    def _subfile(self, content: Part) -> None:
        """The file that the metadata belongs to; its own are older."""
        from bindery.extract.pictures.headers import header_reader  # noqa: PLC0415  (which leads here)

        read = header_reader(content.peek_at(0, 64))
        if read is not None and self._picture.width is None:
            inner = Picture()
            read(content, inner)
            if inner.width and inner.height:
                self._picture.resize((inner.width, inner.height))


def _unpacked(code: int, data: bytes) -> bytes:
    return inflate(data, _MOST_BLOCK, ZLIB) if code & _COMPRESSED else data
