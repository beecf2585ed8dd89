"""Sigma and Foveon X3F: size, EXIF, camera and date.

Source: public descriptions of X3F (header, directory SECd, properties SECp, images SECi).
"""

from __future__ import annotations

import struct
from collections import Counter

from bindery.extract.pictures.headers import read_jpeg
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.date_forms import unix_date
from bindery.extract.tags.tiff import Part, Source

_MOST_SECTIONS = 256
_MOST_PROPERTIES = 1000
_MOST_OF_A_KIND = 8
"""Sections of one kind that are looked into: many may name the same bytes."""
_NAMES = {"CAMMANUF": "Make", "CAMMODEL": "Model", "ISO": "ISOSpeedRatings"}


def read_x3f(source: Source, picture: Picture) -> None:
    """The size in the header, or that of the full-size JPEG inside, which also has the EXIF."""
    head = source.peek_at(0, 36)
    version = int(struct.unpack_from("<I", head, 4)[0]) >> 16
    if version < 4:
        picture.resize(struct.unpack_from("<II", head, 28))
    start = int(struct.unpack("<I", source.peek_at(source.size - 4, 4))[0])
    count = int(struct.unpack("<I", source.peek_at(start + 8, 4))[0])
    data = source.peek_at(start + 12, 12 * min(count, _MOST_SECTIONS))
    looked: Counter[bytes] = Counter()
    for offset, length, kind in struct.iter_unpack("<II4s", data[: len(data) // 12 * 12]):
        looked[kind] += 1
        if looked[kind] > _MOST_OF_A_KIND:
            continue
        section = Part(source, offset, length)
        if kind in (b"IMA2", b"IMAG") and section.peek_at(28, 2) == b"\xff\xd8":
            _read_preview(Part(section, 28), picture)
        elif kind == b"PROP":
            _read_properties(section, picture)


def _read_preview(jpeg: Part, picture: Picture) -> None:
    inner = Picture()
    read_jpeg(jpeg, inner)
    if inner.directories and inner.width and inner.height:
        picture.directories = inner.directories
        picture.resize((inner.width, inner.height))


def _read_properties(section: Part, picture: Picture) -> None:
    """Pairs of offsets, in characters, into a block of UTF-16 texts."""
    count = min(int(struct.unpack("<I", section.peek_at(8, 4))[0]), _MOST_PROPERTIES)
    pairs = section.peek_at(24, 8 * count)
    for name_at, value_at in struct.iter_unpack("<II", pairs[: len(pairs) // 8 * 8]):
        name, value = (_text(section, 24 + 8 * count + 2 * at) for at in (name_at, value_at))
        if name in _NAMES and value:
            picture.texts[_NAMES[name]] = value
        elif name == "TIME" and value.isdecimal() and len(value) <= 10:
            picture.texts["DateTimeOriginal"] = unix_date(int(value))


def _text(section: Part, at: int) -> str:
    return section.peek_at(at, 128).decode("utf-16-le", "replace").partition("\0")[0]
