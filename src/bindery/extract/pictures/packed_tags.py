"""Formats that keep EXIF, XMP or IPTC in blocks of their own making: BPG, FLIF, MIFF, XCF, PGF, Paint Shop Pro, Exiv2's
.exv.

Source: BPG 0.9.8 section 3; FLIF16 (chunks eXif and eXmp); ImageMagick's MIFF page (profiles); the GIMP's XCF document
(parasites) and its plug-in-metadata (their names); digiKam's libpgf (a PNG behind the header); Jasc's PSP 5 to 8 as
exiftool's table Image::ExifTool::PSP; Exiv2's exvimage.hpp.
"""

from __future__ import annotations

import re
import struct

from bindery.extract.inflating import DEFLATE, inflate
from bindery.extract.pictures.picture import Picture
from bindery.extract.pictures.png import read_png
from bindery.extract.pictures.profiles import add_profile
from bindery.extract.seven_bits import LONGEST, seven_bit_number
from bindery.extract.tags.date_forms import unix_date
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.tiff import Part, Source

_MOST_BLOCKS = 256
_MOST_BLOCK = 1024 * 1024
_HEADER_BYTES = 64 * 1024


class _Groups:
    """Numbers of seven bits to a byte, one behind the other."""

    def __init__(self, source: Source, at: int) -> None:
        self.at = at
        self._source = source

    def take(self) -> int:
        """The next number; raises ValueError when there is none."""
        value, length = seven_bit_number(self._source.peek_at(self.at, LONGEST), 0)
        self.at += length
        return value


def read_bpg(source: Source, picture: Picture) -> None:
    """Width and height behind six bytes of sign and flags; extensions when a flag tells of them."""
    picture.format = "bpg"
    flags = source.peek_at(5, 1)[0]
    numbers = _Groups(source, 6)
    picture.resize((numbers.take(), numbers.take()))
    picture.frames = None if flags & 1 else 1
    numbers.take()
    if not flags & 8:
        return
    end = numbers.take() + numbers.at
    for _ in range(_MOST_BLOCKS):
        if numbers.at >= end:
            return
        kind, length = numbers.take(), numbers.take()
        if kind in (1, 3):
            data = source.peek_at(numbers.at, min(length, _MOST_BLOCK))
            # libbpg puts a zero before the EXIF block.
            add_profile(picture, "exif" if kind == 1 else "xmp", data.lstrip(b"\0"))
        numbers.at += length


def read_flif(source: Source, picture: Picture) -> None:
    """Width and height, each less one; how many pictures; and packed chunks before the pixels."""
    picture.format = "flif"
    numbers = _Groups(source, 6)
    picture.resize((numbers.take() + 1, numbers.take() + 1))
    if source.peek_at(4, 1) >= b"Q":
        picture.frames = numbers.take() + 2
    for _ in range(_MOST_BLOCKS):
        kind = source.peek_at(numbers.at, 4)
        if kind[:1] < b" ":
            return
        numbers.at += 4
        length = numbers.take()
        if kind in (b"eXif", b"eXmp"):
            packed = source.peek_at(numbers.at, min(length, _MOST_BLOCK))
            add_profile(picture, kind[1:].decode().lower(), inflate(packed, _MOST_BLOCK, DEFLATE))
        numbers.at += length


_MIFF_SIDE = re.compile(rb"\b(columns|rows)=(\d{1,10})", re.I)
_MIFF_PROFILE = re.compile(rb"(?<=\s)profile[-:](\w{1,16})=(\d{1,9})(?=\s)", re.I)
_MIFF_END = b":\x1a"


def read_miff(source: Source, picture: Picture) -> None:
    """Words up to a colon, then the profiles that they name, in their order."""
    picture.format = "miff"
    header, ended, _ = source.peek_at(0, _HEADER_BYTES).partition(_MIFF_END)
    told = {name.lower(): int(value) for name, value in reversed(_MIFF_SIDE.findall(header))}
    picture.resize((told.get(b"columns", 0), told.get(b"rows", 0)))
    at = len(header) + len(_MIFF_END)
    if ended and b"montage=" not in header:
        for kind, length in _MIFF_PROFILE.findall(header)[:_MOST_BLOCKS]:
            if kind.lower() != b"icc":
                data = source.peek_at(at, min(int(length), _MOST_BLOCK))
                add_profile(picture, kind.decode().lower(), data)
            at += int(length)


_XCF_PARASITES = 21
_XCF_KINDS = {
    b"exif-data": "exif",
    b"jpeg-exif-data": "exif",
    b"iptc-data": "iptc",
    b"gimp-metadata": "xmp",
}
_XCF_TAG = re.compile(r'<tag name="Exif\.(?:Image|Photo)\.(\w{1,40})"(?![^>]*base64)[^>]*>([^<]{1,1024})<')
_XCF_NAMES = frozenset(
    ("Make", "Model", "LensModel", "DateTimeOriginal", "ExposureTime", "FNumber", "ISOSpeedRatings",
     "FocalLength", "Artist", "Copyright", "ImageDescription", "Software")
)  # fmt: skip


def read_xcf(source: Source, picture: Picture) -> None:
    """The size at a fixed place, and what the GIMP has kept of the metadata of the file it opened."""
    picture.format = "xcf"
    head = source.peek_at(0, 30)
    picture.resize(struct.unpack_from(">II", head, 14))
    version = int(head[10:13]) if head[10:13].isdigit() else 0
    at = 30 if version >= 4 else 26
    for _ in range(_MOST_BLOCKS):
        kind, length = struct.unpack(">II", source.peek_at(at, 8))
        if not kind:
            return
        if kind == _XCF_PARASITES:
            _read_parasites(Part(source, at + 8, length), picture)
        at += 8 + length


def _read_parasites(block: Part, picture: Picture) -> None:
    at = 0
    for _ in range(_MOST_BLOCKS):
        head = block.peek_at(at, 4)
        if len(head) < 4:
            return
        at += 4 + int.from_bytes(head, "big")
        name = block.peek_at(at - int.from_bytes(head, "big"), 64).split(b"\0", 1)[0]
        _, length = struct.unpack(">II", block.peek_at(at, 8))
        at += 8
        data = block.peek_at(at, min(length, _MOST_BLOCK))
        if name == b"gimp-comment":
            picture.add_text("ImageDescription", data)
        elif name == b"gimp-image-metadata":
            _read_gimp_metadata(data, picture)
        elif name in _XCF_KINDS:
            add_profile(picture, _XCF_KINDS[name], data[data.find(b"<") :] if b"metadata" in name else data)
        at += length


def _read_gimp_metadata(data: bytes, picture: Picture) -> None:
    """Since 2.9 tags stand one by one in XML, under Exiv2's names."""
    for name, value in _XCF_TAG.findall(data.decode("utf-8", "replace")):
        if name in _XCF_NAMES:
            picture.add_text(name, value.encode())


def read_pgf(source: Source, picture: Picture) -> None:
    """The size in the header; digiKam keeps metadata in a small PNG behind it."""
    picture.format = "pgf"
    head = source.peek_at(0, 24)
    picture.resize(struct.unpack_from("<II", head, 8))
    start = 24 + (1024 if head[18] == 2 else 0)  # the palette of an indexed picture
    length = int.from_bytes(head[4:8], "little") + 8 - start
    if length > 0 and source.peek_at(start, 8) == b"\x89PNG\r\n\x1a\n":
        inner = Picture()
        read_png(Part(source, start, length), inner)
        picture.directories, picture.xmp, picture.iptc = inner.directories, inner.xmp, inner.iptc


_PSP_TEXTS = {3: "Artist", 4: "Copyright", 5: "ImageDescription"}


def read_psp(source: Source, picture: Picture) -> None:
    """The block of general attributes, which comes first; title, dates and author in the block of the creator."""
    picture.format = "psp"
    # The first block's header and length have 14 bytes in every version.
    picture.resize(struct.unpack("<ii", source.peek_at(36 + 14, 8)))
    header = 10 if int.from_bytes(source.peek_at(32, 2), "little") > 3 else 14
    at = 36
    for _ in range(_MOST_BLOCKS):
        head = source.peek_at(at, header)
        if len(head) < header or head[:4] != b"~BK\0":
            return
        length = int.from_bytes(head[-4:], "little")
        if head[4] == 1:
            _read_creator(source.peek_at(at + header, min(length, _HEADER_BYTES)), picture)
        at += header + length


def _read_creator(data: bytes, picture: Picture) -> None:
    at = 0
    while data[at : at + 4] == b"~FL\0" and len(data) >= at + 10:
        kind, length = struct.unpack_from("<HI", data, at + 4)
        value = data[at + 10 : at + 10 + length]
        at += 10 + length
        if kind == 0:
            picture.title = (
                picture.title or value.split(b"\0", 1)[0].decode("cp1252", "replace").strip() or None
            )
        elif kind in _PSP_TEXTS:
            picture.add_text(_PSP_TEXTS[kind], value)
        elif kind in (1, 2) and len(value) == 4:
            whence, rank = (("Header:CreateDate", Rank.DIGITIZED), ("Header:ModifyDate", Rank.CHANGED))[
                kind - 1
            ]
            picture.add_date(whence, unix_date(int.from_bytes(value, "little")), rank, utc=True)
