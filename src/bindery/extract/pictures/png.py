"""PNG: size, frames, resolution, EXIF and XMP, without touching the pixels.

Source: PNG specification, third edition (IHDR, acTL, pHYs, eXIf, tEXt, zTXt, iTXt); the keywords
``Raw profile type …`` are ImageMagick's, ``XML:com.adobe.xmp`` is that of the XMP specification part 3.
"""

from __future__ import annotations

import re
import struct

from bindery.extract.inflating import inflate
from bindery.extract.notes import Note, note
from bindery.extract.pictures.picture import Picture
from bindery.extract.pictures.profiles import add_profile
from bindery.extract.tags.date_forms import LONGEST
from bindery.extract.tags.dates import FoundDate, Rank
from bindery.extract.tags.tag_set import LONGEST_VALUE
from bindery.extract.tags.tiff import Part, Source, decode_text

_MOST_CHUNKS = 4000
_BEHIND_PIXELS = re.compile(rb"eXIf|tEXt|zTXt|iTXt|tIME|IEND")
_TAIL_BYTES = 64 * 1024
_LONG_TAIL_BYTES = 1024 * 1024
_WORDS = re.compile(rb"[\t\n\r\x20-\x7e]+")
_MOST_TEXT = 1024 * 1024
_LONGEST_KEYWORD = 80
_MOST_PROFILES = 16
"""Texts looked into: a file may hold thousands that are no profile after all."""
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_PROFILE = b"Raw profile type "
_CREATED = {b"Creation Time": "PNG:CreationTime", b"create-date": "PNG:create-date"}
"""The specification's keyword, and that of ImageMagick before version 6.6."""
_KEYWORDS = frozenset(
    (_XMP_KEYWORD, *_CREATED, *(_PROFILE + kind for kind in (b"exif", b"APP1", b"xmp", b"iptc", b"8bim")))
)
_NAMES = {
    b"Author": "Creator", b"Description": "Description", b"Copyright": "Copyright", b"Software": "Software",
    b"Comment": "Comment",
}  # fmt: skip
"""Tags by the keywords of the specification (11.3.3.1); any other keyword stands behind ``PNG:``."""
_MOST_WORDS = 64
_MOST_WORD_BYTES = LONGEST_VALUE + 256
"""With the keyword, and the language before it."""
_PROFILE_HEAD = re.compile(rb"\s*\w{1,32}(?: \w{1,32})?\s+(\d{1,9})\s")
"""A name, which ImageMagick may write in two words, and the length."""
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")


def read_png(source: Source, picture: Picture) -> None:
    """Chunks before the pixels, and those after them as far as they are near the end of the file."""
    picture.format = "png"
    chunks = _Chunks(picture)
    pixels = chunks.read(source, 8)
    if pixels is None:
        if not chunks.ended and picture.width is not None:
            picture.notes.append(note(Note.CUT_SHORT, "the pixels of the PNG are missing"))
        return
    after = _after_pixels(source, pixels)
    if after is not None:
        chunks.read(source, after)
    else:
        picture.notes.append(note(Note.CUT_SHORT, "the end of the PNG is missing"))


class _Chunks:
    """Reads chunks into a picture, and remembers how many texts it has looked into."""

    def __init__(self, picture: Picture) -> None:
        self.ended = False
        """The last chunk was met, or is not looked for any more."""
        self._picture = picture
        self._profiles = 0
        self._words = 0

    def read(self, source: Source, at: int) -> int | None:
        """Chunks up to the pixels; where those begin, None when the file ends first."""
        for _ in range(_MOST_CHUNKS):
            head = source.peek_at(at, 8)
            if len(head) < 8:
                return None
            length, kind = struct.unpack(">I4s", head)
            if kind == b"IDAT":
                return at
            if kind == b"IEND":
                self.ended = True
                return None
            chunk = Part(source, at + 8, length)
            if kind in (b"tEXt", b"zTXt", b"iTXt"):
                self._read_text(kind, chunk)
            else:
                _read_chunk(self._picture, kind, chunk)
            at += 12 + length
        self.ended = True  # there are too many to tell whether the last is there
        return None

    def _read_text(self, kind: bytes, chunk: Part) -> None:
        keyword, ended, _ = chunk.peek_at(0, _LONGEST_KEYWORD).partition(b"\0")
        if not ended or not keyword:
            return
        if keyword not in _KEYWORDS:
            self._read_words(kind, keyword, chunk)
        elif self._profiles < _MOST_PROFILES:
            self._profiles += 1
            _read_text(self._picture, kind, chunk.peek_at(0, _MOST_TEXT))

    def _read_words(self, kind: bytes, keyword: bytes, chunk: Part) -> None:
        """Keep what a text says under any other keyword."""
        if keyword.startswith(_PROFILE) or self._words >= _MOST_WORDS:
            return
        self._words += 1
        picture = self._picture
        words = _text(kind, chunk.peek_at(0, _MOST_WORD_BYTES), LONGEST_VALUE)
        if keyword == b"Title":
            picture.title = picture.title or decode_text(words).strip() or None
        else:
            name = _NAMES.get(keyword) or f"PNG:{keyword.decode('latin-1')}"
            picture.add_comment(name, words)


def _read_chunk(picture: Picture, kind: bytes, chunk: Part) -> None:
    data = chunk.peek_at(0, 16)
    if kind == b"IHDR" and len(data) >= 8:
        picture.resize(struct.unpack_from(">II", data))
    elif kind == b"acTL" and len(data) >= 4:
        picture.frames = struct.unpack_from(">I", data)[0]
    elif kind == b"pHYs" and len(data) == 9:
        across, up, unit = struct.unpack(">IIB", data)
        # Pixels per metre, told per centimetre as EXIF does.
        picture.resolution = (
            ("3", f"{across}/100", f"{up}/100") if unit else ("1", f"{across}/1", f"{up}/1")
        )
    elif kind == b"eXIf":
        picture.add_exif(chunk)
    elif kind == b"tIME" and len(data) == 7:
        year, *parts = struct.unpack(">H5B", data)
        text = f"{year:04d}-{parts[0]:02d}-{parts[1]:02d} " + ":".join(f"{part:02d}" for part in parts[2:])
        picture.dates.append(FoundDate("PNG:tIME", text, Rank.CHANGED, utc=True))


def _after_pixels(source: Source, at: int) -> int | None:
    """Where the chunks after the pixels begin, as far as they are near the end of the file.

    Found from the end, since pixels may be many chunks: a chunk counts when the next one does, or is IEND.
    Bytes of pixels that look like a chunk lead to none.
    """
    start = max(at, source.size - _TAIL_BYTES)
    if _WORDS.fullmatch(source.peek_at(start, 256)):
        start = max(at, source.size - _LONG_TAIL_BYTES)  # the end begins inside of a long text
    tail = source.peek_at(start, source.size - start)
    found: set[int] = set()
    for match in reversed(list(_BEHIND_PIXELS.finditer(tail))):
        here = match.start() - 4
        length = int.from_bytes(tail[max(here, 0) : match.start()], "big")
        if match[0] == b"IEND" or here + 12 + length in found:
            found.add(here)
    return start + min(found) if found else None


def _text(kind: bytes, data: bytes, most: int) -> bytes:
    """What a chunk says behind its keyword, up to so many bytes."""
    rest = data.partition(b"\0")[2]
    if kind == b"iTXt":
        compressed, body = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        return inflate(body, most) if compressed else body[:most]
    return inflate(rest[1:], most) if kind == b"zTXt" else rest[:most]


def _read_text(picture: Picture, kind: bytes, data: bytes) -> None:
    keyword = data.partition(b"\0")[0]
    text = _text(kind, data, _MOST_TEXT)
    if keyword in _CREATED:
        picture.dates.append(FoundDate(_CREATED[keyword], text[:LONGEST].decode("utf-8", "replace")))
    elif keyword == _XMP_KEYWORD:
        picture.add_xmp(text)
    else:
        add_profile(picture, keyword.removeprefix(_PROFILE).decode("ascii"), profile_bytes(text))


def profile_bytes(text: bytes) -> bytes:
    """The bytes of a raw profile: its name, its length, and itself in hexadecimal, on lines. What comes behind so
    many bytes is not the profile's; empty when the digits are none.
    """
    head = _PROFILE_HEAD.match(text)
    if head is None:
        return b""
    digits = b"".join(text[head.end() :].split())[: 2 * int(head[1])]
    if not _HEXADECIMAL.issuperset(digits):
        return b""
    return bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))
