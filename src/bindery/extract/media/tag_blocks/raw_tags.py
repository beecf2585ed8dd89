"""What the readers of tag blocks find: keys as the format has them, with values as text or as bytes."""

from __future__ import annotations

import enum
from typing import NamedTuple

MOST_TAGS = 2_000
"""Tags that are read of one file; an honest one has some dozens."""
MOST_BYTES = 1024 * 1024
"""Bytes of values that are read of one file."""
LONGEST_VALUE = 128 * 1024
"""Bytes that are read of one value."""


class Family(enum.Enum):
    """The kinds of tag blocks. Keys of one kind mean the same in every container."""

    ID3 = "ID3"
    ID3V1 = "ID3v1"
    APE = "APE"
    VORBIS = "Vorbis"
    MP4 = "MP4"
    ASF = "ASF"
    RIFF = "RIFF"
    AIFF = "AIFF"
    MATROSKA = "Matroska"
    FLASH = "Flash"
    REAL = "RealMedia"
    CHUNKS = "Chunks"
    """Of CAF, 8SVX, VQF and AU."""
    MODULE = "Module"
    LIBAV = "libav"


class RawTag(NamedTuple):
    """One value of one key. Bytes are in a charset that the format does not tell for sure."""

    key: str
    value: str | bytes


class Block(NamedTuple):
    """The tags that stand together. ``charset`` is that of the format for bytes whose charset is not told."""

    family: Family
    tags: list[RawTag]
    charset: str = "cp1252"


def utf8_or_bytes(data: bytes) -> str | bytes:
    """The text, if it is in UTF-8 as its format asks for."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


class RawTags:
    """Collects blocks within bounds, the more trusted first; what does not fit is counted."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.xmp = b""
        self.covers: list[tuple[int, int]] = []
        """Pictures: where they begin, and how long they are."""
        self.left_out = 0
        self._left = MOST_BYTES
        self._count = 0

    def block(self, family: Family, charset: str = "cp1252") -> Block:
        """A new block, behind those that are there."""
        made = Block(family, [], charset)
        self.blocks.append(made)
        return made

    def add(self, block: Block, key: str, *values: str | bytes) -> None:
        """Values of a key; blank ones are passed over."""
        for value in values:
            kept = value[:LONGEST_VALUE]
            blank = kept.strip(b"\0 ") if isinstance(kept, bytes) else kept.strip("\0 \t\r\n\ufeff")
            if not key or not blank:
                continue
            if self._count == MOST_TAGS or len(kept) > self._left:
                self.left_out += 1
                continue
            self._count += 1
            self._left -= len(kept)
            block.tags.append(RawTag(key, kept))

    @property
    def full(self) -> bool:
        """Whether nothing more is taken, so that reading on is in vain."""
        return self._count == MOST_TAGS or self._left == 0
