"""Reads the tags of WAV, AVI, AIFF and DSF files, which are made of chunks.

Source: Microsoft's Multimedia Programming Interface and Data Specifications 1.0 (INFO), EBU Tech 3285 (bext),
Apple's Audio Interchange File Format 1.3 (text chunks), Sony's DSF 1.01, Philips' DSDIFF 1.5.
"""

from __future__ import annotations

import struct
from itertools import islice

from bindery.extract.media.chunk_tags import Chunk, chunks
from bindery.extract.media.tag_blocks.id3 import read_id3
from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Block, Family, RawTags, utf8_or_bytes
from bindery.extract.tags.tiff import Part, Source

_MOST_CHUNKS = 1_000
_ID3 = frozenset({b"ID3 ", b"id3 ", b"ID3\0", b"tag "})
_XMP = b"_PMX"
_MOST_XMP_BYTES = 1024 * 1024
_PICTURES, _INDEX = b"movi", b"idx1"
_EXIF = b"exif"
_CREATED = b"IDIT"
_BEXT_TEXTS = (
    ("bext:Description", 0, 256),
    ("bext:Originator", 256, 288),
    ("bext:OriginatorReference", 288, 320),
)
_BEXT_DATE = (slice(320, 330), slice(330, 338))
_BEXT_HISTORY = 602
_AIFF_TEXTS = frozenset({b"NAME", b"AUTH", b"(c) ", b"ANNO"})


def read_riff(source: Source, raw: RawTags) -> None:
    """INFO lists, broadcast extensions and ID3 tags of a WAV or AVI file, those before the pictures of an AVI."""
    infos = RawTags()
    _read_chunks(source, raw, infos)
    # INFO has no charset and is cut by some writers: it fills the gaps of ID3.
    raw.blocks += infos.blocks
    raw.left_out += infos.left_out


def _read_chunks(source: Source, raw: RawTags, infos: RawTags) -> None:
    order = ">4sI" if source.peek_at(0, 4) == b"RIFX" else "<4sI"
    at = 12
    for _ in range(_MOST_CHUNKS):
        chunk = next(chunks(source, at, source.size, order), None)
        if chunk is None or raw.full:
            return
        at = chunk.end + chunk.end % 2
        if chunk.kind in (b"LIST", b"RIFF"):
            kind = source.peek_at(chunk.start, 4)
            if kind in (b"INFO", _EXIF):
                _read_list(source, chunk, infos, order)
            elif kind == _PICTURES:
                # What stands behind the pictures of an AVI may be far away; the pictures are not walked.
                continue
            elif kind in (b"hdrl", b"AVIX"):
                at = chunk.start + 4
        else:
            _read_chunk(source, chunk, raw)


def _read_chunk(source: Source, chunk: Chunk, raw: RawTags) -> None:
    if chunk.kind in _ID3:
        read_id3(Part(source, chunk.start, chunk.end - chunk.start), raw)
    elif chunk.kind == b"bext":
        _read_broadcast(source.peek_at(chunk.start, min(chunk.end - chunk.start, LONGEST_VALUE)), raw)
    elif chunk.kind == _XMP:
        raw.xmp = raw.xmp or source.peek_at(chunk.start, min(chunk.end - chunk.start, _MOST_XMP_BYTES))
    elif chunk.kind == _CREATED:
        block = raw.block(Family.RIFF)
        raw.add(
            block, "IDIT", source.peek_at(chunk.start, min(chunk.end - chunk.start, 64)).rstrip(b"\0\n ")
        )


def _read_list(source: Source, chunk: Chunk, raw: RawTags, order: str) -> None:
    block = raw.block(Family.RIFF)
    for entry in islice(chunks(source, chunk.start + 4, chunk.end, order), _MOST_CHUNKS * 4):
        if raw.full:
            raw.left_out += 1
            return
        data = source.peek_at(entry.start, min(entry.end - entry.start, LONGEST_VALUE))
        raw.add(block, entry.kind.decode("latin-1"), utf8_or_bytes(data.split(b"\0")[0]))


def _read_broadcast(data: bytes, raw: RawTags) -> None:
    block = raw.block(Family.RIFF)
    for name, start, end in _BEXT_TEXTS:
        raw.add(block, name, utf8_or_bytes(data[start:end].split(b"\0")[0]))
    raw.add(
        block,
        "bext:OriginationDate",
        utf8_or_bytes(b" ".join(data[part] for part in _BEXT_DATE).rstrip(b"\0 ")),
    )
    raw.add(block, "bext:CodingHistory", utf8_or_bytes(data[_BEXT_HISTORY:].split(b"\0")[0].strip()))


def read_aiff(source: Source, raw: RawTags) -> None:
    """Text chunks and ID3 tags of an AIFF file; ID3 first."""
    texts: list[Chunk] = []
    for chunk in islice(chunks(source, 12, source.size, ">4sI"), _MOST_CHUNKS):
        if chunk.kind in _ID3:
            read_id3(Part(source, chunk.start, chunk.end - chunk.start), raw)
        elif chunk.kind in _AIFF_TEXTS:
            texts.append(chunk)
    block = raw.block(Family.AIFF)
    for chunk in texts:
        _add_text(source, chunk, raw, block)


def _add_text(source: Source, chunk: Chunk, raw: RawTags, block: Block) -> None:
    data = source.peek_at(chunk.start, min(chunk.end - chunk.start, LONGEST_VALUE))
    raw.add(block, chunk.kind.decode("ascii"), utf8_or_bytes(data.rstrip(b"\0 ")))


def read_dsf(source: Source, raw: RawTags) -> None:
    """The ID3 tag at the end of a DSF file."""
    (at,) = struct.unpack("<Q", source.peek_at(20, 8).ljust(8, b"\0"))
    if 0 < at < source.size:
        read_id3(source, raw, at)


def read_dsdiff(source: Source, raw: RawTags) -> None:
    """The ID3 tag of a DSDIFF file, and the texts of its edited master information."""
    block = raw.block(Family.AIFF)
    for chunk in islice(chunks(source, 16, source.size, ">4sQ"), _MOST_CHUNKS):
        if chunk.kind in _ID3:
            read_id3(Part(source, chunk.start, chunk.end - chunk.start), raw)
        elif chunk.kind == b"DIIN":
            for entry in islice(chunks(source, chunk.start, chunk.end, ">4sQ"), 64):
                if entry.kind in (b"DIAR", b"DITI"):
                    size = int.from_bytes(source.peek_at(entry.start, 4), "big")
                    data = source.peek_at(entry.start + 4, min(size, LONGEST_VALUE))
                    raw.add(block, entry.kind.decode("ascii"), utf8_or_bytes(data))
