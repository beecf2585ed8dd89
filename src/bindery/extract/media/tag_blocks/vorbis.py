"""Reads Vorbis comments: of FLAC files, and of what Ogg carries.

Source: the Vorbis comment header (xiph.org/vorbis/doc/v-comment.html), RFC 9639, 8.6 (FLAC).
"""

from __future__ import annotations

import struct

from bindery.extract.media.ogg_tags import comment_packets
from bindery.extract.media.tag_blocks.raw_tags import (
    LONGEST_VALUE,
    MOST_TAGS,
    Family,
    RawTags,
    utf8_or_bytes,
)
from bindery.extract.tags.tiff import Memory, Part, Source

_COMMENT = 4
_MOST_BLOCKS = 128
_PICTURES = frozenset({"METADATA_BLOCK_PICTURE", "COVERART"})
_LONGEST_KEY = 1_024


def read_flac(source: Source, raw: RawTags, at: int = 0) -> None:
    """The comment blocks of a FLAC file whose sign stands at an offset."""
    at += 4
    for _ in range(_MOST_BLOCKS):
        head = source.peek_at(at, 4)
        if len(head) < 4:
            return
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == _COMMENT:
            # Their own lengths count: some writers left that of the block as it was.
            read_comments(Part(source, at + 4), raw)
        if head[0] & 0x80:
            return
        at += 4 + size


def read_ogg(source: Source, raw: RawTags) -> None:
    """The comments of the streams of an Ogg file."""
    for packet in comment_packets(source):
        read_comments(Memory(packet), raw)


def read_comments(source: Source, raw: RawTags) -> None:
    """A comment header, from the name of its program on."""
    block = raw.block(Family.VORBIS)
    vendor = _length(source, 0)
    at = 4 + vendor
    count = _length(source, at)
    at += 4
    for _ in range(min(count, MOST_TAGS + 1)):
        if at + 4 > source.size or raw.full:
            break
        size = _length(source, at)
        data = source.peek_at(at + 4, min(size, LONGEST_VALUE))
        key, found, value = data.partition(b"=")
        name = key[:_LONGEST_KEY].decode("utf-8", "replace").upper()
        if found and name not in _PICTURES:
            raw.add(block, name, utf8_or_bytes(value))
        at += 4 + size
    raw.left_out += count > MOST_TAGS
    if 0 < vendor < _LONGEST_KEY:
        raw.add(block, "VENDOR", utf8_or_bytes(source.peek_at(4, vendor)))


def _length(source: Source, at: int) -> int:
    data = source.peek_at(at, 4)
    return int(struct.unpack("<I", data)[0]) if len(data) == 4 else 0
