"""Counts the tags of media files that are made of chunks: WAV, AVI, AIFF, CAF, DSF, ASF and FLV.

Source: Microsoft's Multimedia Programming Interface and Data Specifications 1.0 (RIFF, INFO), Apple's Audio
Interchange File Format 1.3 and Core Audio Format (information chunk), Sony's DSF 1.01, Microsoft's Advanced
Systems Format (3.10 to 4.8), Adobe's Flash Video File Format 10.1 (script data).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from bindery.extract.media.id3_tags import id3_tags
from bindery.extract.tags.tiff import Source

_MOST_CHUNKS = 1_000
"""Chunks looked at that hold no tags."""
_ID3 = frozenset({b"ID3 ", b"id3 ", b"ID3\0", b"tag "})
_LISTS = frozenset({b"LIST", b"RIFF"})
_PICTURES = b"movi"


class Chunk(NamedTuple):
    """The name of a chunk and the stretch of its content."""

    kind: bytes
    start: int
    end: int


def riff_tags(source: Source, most: int) -> int:
    """Entries of INFO lists and ID3 frames of a WAV or AVI file, those before the pictures of an AVI."""
    at, count, looked = 12, 0, 0
    while count <= most and looked < _MOST_CHUNKS:
        chunk = next(chunks(source, at, source.size, "<4sI"), None)
        if chunk is None:
            break
        at = chunk.end + chunk.end % 2
        looked += 1
        if chunk.kind in _ID3:
            count += id3_tags(source, chunk.start, most - count).frames
        elif chunk.kind in _LISTS:
            kind = source.peek_at(chunk.start, 4)
            if kind == _PICTURES:
                break
            if kind == b"INFO":
                inner = chunks(source, chunk.start + 4, chunk.end, "<4sI")
                count += 1 + sum(1 for _ in islice(inner, most + 1 - count))
            elif kind != b"adtl":
                at = chunk.start + 4
    return count


def aiff_tags(source: Source, most: int) -> int:
    """ID3 frames of an AIFF file."""
    return sum(
        id3_tags(source, chunk.start, most).frames
        for chunk in islice(chunks(source, 12, source.size, ">4sI"), _MOST_CHUNKS)
        if chunk.kind in _ID3
    )


def caf_tags(source: Source) -> int:
    """Entries that the information chunks of a CAF file declare."""
    return sum(
        int.from_bytes(source.peek_at(chunk.start, 4), "big")
        for chunk in islice(chunks(source, 8, source.size, ">4sq", even=False), _MOST_CHUNKS)
        if chunk.kind == b"info"
    )


def dsf_tags(source: Source, most: int) -> int:
    """ID3 frames at the end of a DSF file."""
    (at,) = struct.unpack("<Q", source.peek_at(20, 8).ljust(8, b"\0"))
    return id3_tags(source, at, most).frames if 0 < at < source.size else 0


def chunks(source: Source, at: int, end: int, layout: str, *, even: bool = True) -> Iterator[Chunk]:
    """The chunks between two offsets; one that is longer than the rest ends there."""
    header = struct.calcsize(layout)
    while at + header <= end:
        head = source.peek_at(at, header)
        if len(head) < header:
            return
        kind, size = struct.unpack(layout, head)
        start = at + header
        chunk = Chunk(kind, start, min(start + size, end) if size >= 0 else end)
        yield chunk
        at = chunk.end + (chunk.end % 2 if even else 0)


ASF_HEAD = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_ASF_COUNTS = {
    bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850"): (0, 2),
    bytes.fromhex("eacbf8c5af5b48778467aa8c44fa4cca"): (0, 2),
    bytes.fromhex("941c23449894d149a1411d134e457054"): (0, 2),
    bytes.fromhex("01cd87f451a9cf118ee600c00c205365"): (16, 4),
}
"""Extended Content Description, Metadata, Metadata Library, Marker: where their number stands and how long it is."""
ASF_OBJECT_BYTES = 24


def asf_tags(source: Source) -> int:
    """Descriptions and markers that the objects of an ASF header declare."""
    at, count = 30, 0
    for _ in range(_MOST_CHUNKS):
        head = source.peek_at(at, ASF_OBJECT_BYTES)
        if len(head) < ASF_OBJECT_BYTES:
            break
        kind, size = struct.unpack("<16sQ", head)
        place = _ASF_COUNTS.get(kind)
        if place is not None:
            start = at + ASF_OBJECT_BYTES + place[0]
            count += int.from_bytes(source.peek_at(start, place[1]), "little")
        # The extension of the header holds objects as the header does.
        at += 46 if kind == ASF_EXTENSION else max(size, ASF_OBJECT_BYTES)
    return count
