"""Which tag blocks a media file has, by its first bytes, and in which order they count."""

from __future__ import annotations

from collections.abc import Callable

from bindery.extract.media.chunk_tags import ASF_HEAD
from bindery.extract.media.tag_blocks.ape import read_ape
from bindery.extract.media.tag_blocks.asf import read_asf
from bindery.extract.media.tag_blocks.id3 import read_id3, read_id3v1
from bindery.extract.media.tag_blocks.matroska import read_matroska
from bindery.extract.media.tag_blocks.mp4 import read_mp4
from bindery.extract.media.tag_blocks.raw_tags import RawTags
from bindery.extract.media.tag_blocks.riff import read_aiff, read_dsdiff, read_dsf, read_riff
from bindery.extract.media.tag_blocks.vorbis import read_flac, read_ogg
from bindery.extract.tags.tiff import Part, Source

_RIFF = frozenset({b"RIFF", b"RIFX", b"RF64", b"BW64"})
_ATOMS = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid"})
_APE_FIRST = (b"MAC ", b"wvpk", b"MPCK", b"MP+", b"OFR ", b"tBaK")
"""Formats whose own tag is that of APE."""
_TAGGED_AT_END = (b"TTA1", b"TTA2", b"\xff")
_BY_SIGN: tuple[tuple[bytes, Callable[[Source, RawTags], None]], ...] = (
    (b"fLaC", read_flac),
    (b"OggS", read_ogg),
    (b"\x1a\x45\xdf\xa3", read_matroska),
    (b"DSD ", read_dsf),
    (b"FRM8", read_dsdiff),
    (ASF_HEAD, read_asf),
)


def read_tags(source: Source) -> RawTags:
    """The tags of a file, block by block; of those that say the same the first counts."""
    raw = RawTags()
    front = RawTags()
    start = read_id3(source, front)
    head = source.peek_at(start, 16)
    _read_own(Part(source, start, source.size - start), head, raw)
    if head.startswith(_APE_FIRST):
        read_ape(source, raw)
    raw.blocks += front.blocks
    raw.xmp = raw.xmp or front.xmp
    raw.left_out += front.left_out
    if start or head.startswith(_TAGGED_AT_END):
        read_ape(source, raw)
    if start or head.startswith(_APE_FIRST + _TAGGED_AT_END):
        read_id3v1(source, raw)
    return raw


def _read_own(source: Source, head: bytes, raw: RawTags) -> None:
    if head[4:8] in _ATOMS:
        read_mp4(source, raw)
    elif head[:4] in _RIFF:
        read_riff(source, raw)
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        read_aiff(source, raw)
    for sign, read in _BY_SIGN:
        if head.startswith(sign):
            read(source, raw)
