"""Hides from libav the tags of a file that has too many of them, so that all the rest of it is read.

The few bytes that say "tags" are shown to libav as another name that every reader of the format passes over:
padding, junk, free space, a void element. The places are those that ``tag_counts`` counts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from bindery.extract.media.chunk_tags import ASF_EXTENSION, ASF_HEAD, ASF_OBJECT_BYTES, chunks
from bindery.extract.media.id3_tags import id3_end
from bindery.extract.media.matroska_tags import tag_parts
from bindery.extract.media.ogg_tags import comment_counts
from bindery.extract.media.tag_blocks.ape import ape_end
from bindery.extract.pictures.boxes import Box, boxes
from bindery.extract.tags.tiff import Part, Source

Patch = tuple[int, bytes]
"""An offset, and what stands there instead."""

_MOST_PARTS = 1_000
_FLAC_PADDING, _FLAC_COMMENT = 1, 4
_ASF_PADDING = bytes.fromhex("74d40618dfca0945a4ba9aabcb96aae8")
_ASF_TAGS = frozenset(
    bytes.fromhex(kind)
    for kind in (
        "40a4d0d207e3d21197f000a0c95ea850", "eacbf8c5af5b48778467aa8c44fa4cca",
        "941c23449894d149a1411d134e457054", "01cd87f451a9cf118ee600c00c205365",
    )
)  # fmt: skip
_HEAD_OF_VOID = 0xEC
_SCRIPT, _NO_TAG = 18, 15
_MOST_FLV_TAGS = 64
_CHUNKED = frozenset({b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM"})


class Hidden(msgspec.Struct, frozen=True):
    """Where the file begins for libav, and what it sees otherwise."""

    start: int
    patches: tuple[Patch, ...]


def hide_tags(source: Source) -> Hidden:
    """What libav is to see of a file so that it meets no tags."""
    start = id3_end(source)
    part = Part(source, start, source.size - start)
    head = part.peek_at(0, 16)
    found = list(islice(_patches(part, head), _MOST_PARTS))
    footer = ape_end(source)
    if footer is not None and footer >= start:
        found.append((footer - start, bytes(8)))
    return Hidden(start, tuple(found))


def _patches(source: Source, head: bytes) -> Iterator[Patch]:
    if head[4:8] == b"ftyp":
        yield from _mp4(source)
    elif head[:4] in _CHUNKED:
        yield from _chunked(source, head)
    for sign, find in _BY_SIGN:
        if head.startswith(sign):
            yield from find(source)


def _flac(source: Source) -> Iterator[Patch]:
    at = 4
    for _ in range(_MOST_PARTS):
        head = source.peek_at(at, 4)
        if len(head) < 4:
            return
        if head[0] & 0x7F == _FLAC_COMMENT:
            yield at, bytes((head[0] & 0x80 | _FLAC_PADDING,))
        if head[0] & 0x80:
            return
        at += 4 + int.from_bytes(head[1:], "big")


def _chunked(source: Source, head: bytes) -> Iterator[Patch]:
    big = head[:4] in (b"FORM", b"RIFX")
    at = 12
    for _ in range(_MOST_PARTS):
        chunk = next(chunks(source, at, source.size, ">4sI" if big else "<4sI"), None)
        if chunk is None:
            return
        at = chunk.end + chunk.end % 2
        kind = source.peek_at(chunk.start, 4) if chunk.kind in (b"LIST", b"RIFF") else b""
        if kind == b"movi":
            return
        if kind in (b"hdrl", b"AVIX"):
            at = chunk.start + 4
        elif chunk.kind.lower().startswith((b"id3", b"tag ")) or kind == b"INFO":
            yield chunk.start - 8, b"JUNK"


def _caf(source: Source) -> Iterator[Patch]:
    for chunk in islice(chunks(source, 8, source.size, ">4sq", even=False), _MOST_PARTS):
        if chunk.kind == b"info":
            yield chunk.start - 12, b"free"


def _dsf(source: Source) -> Iterator[Patch]:
    yield 20, bytes(8)


def _asf(source: Source) -> Iterator[Patch]:
    at = 30
    for _ in range(_MOST_PARTS):
        head = source.peek_at(at, ASF_OBJECT_BYTES)
        if len(head) < ASF_OBJECT_BYTES:
            return
        kind, size = struct.unpack("<16sQ", head)
        if kind in _ASF_TAGS:
            yield at, _ASF_PADDING
        at += 46 if kind == ASF_EXTENSION else max(size, ASF_OBJECT_BYTES)


def _mp4(source: Source) -> Iterator[Patch]:
    """The user data and the metadata of the movie and of its tracks."""
    for movie in islice(boxes(source), 64):
        for box in _inside(source, movie) if movie.kind == b"moov" else (movie,):
            if box.kind in (b"udta", b"meta"):
                yield box.start - 4, b"free"
            elif box.kind == b"trak":
                for part in _inside(source, box):
                    if part.kind in (b"udta", b"meta"):
                        yield part.start - 4, b"free"


def _inside(source: Source, box: Box) -> Iterator[Box]:
    return boxes(source, box.start, box.start + box.length)


def _matroska(source: Source) -> Iterator[Patch]:
    """A void element of the same length: its own number is shorter, so its size is written longer."""
    for part in tag_parts(source):
        width = min(part.start - part.begin - 1, 8)
        size = part.end - (part.begin + 1 + width)
        if 0 <= size < (1 << 7 * width) - 1:
            yield part.begin, bytes((_HEAD_OF_VOID,)) + (1 << 7 * width | size).to_bytes(width, "big")


def _flv(source: Source) -> Iterator[Patch]:
    at = int.from_bytes(source.peek_at(5, 4), "big") + 4
    for _ in range(_MOST_FLV_TAGS):
        head = source.peek_at(at, 4)
        if len(head) < 4:
            return
        if head[0] & 0x1F == _SCRIPT:
            yield at, bytes((head[0] & 0xE0 | _NO_TAG,))
        at += 11 + int.from_bytes(head[1:], "big") + 4


def _ogg(source: Source) -> Iterator[Patch]:
    """Comment headers that count none, with the checksums of their pages made anew."""
    for page, size, place in comment_counts(source):
        data = bytearray(source.peek_at(page, size))
        if place + 4 > size or len(data) < size:
            continue
        data[place : place + 4] = bytes(4)
        data[22:26] = bytes(4)
        yield page + place, bytes(4)
        yield page + 22, _checksum(data).to_bytes(4, "little")


def _checksum(data: bytes | bytearray) -> int:
    """CRC-32 with the polynomial 04C11DB7, not reflected, from zero on (RFC 3533, 6)."""
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ byte]
    return value


def _entry(number: int) -> int:
    value = number << 24
    for _ in range(8):
        value = (value << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value


_TABLE = tuple(map(_entry, range(256)))
_BY_SIGN: tuple[tuple[bytes, Callable[[Source], Iterator[Patch]]], ...] = (
    (b"fLaC", _flac),
    (b"OggS", _ogg),
    (b"\x1a\x45\xdf\xa3", _matroska),
    (b"caff", _caf),
    (b"DSD ", _dsf),
    (b"FLV", _flv),
    (ASF_HEAD, _asf),
)
