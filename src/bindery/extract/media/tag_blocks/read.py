"""Which tag blocks a media file has, by its first bytes, and in which order they count."""

from __future__ import annotations

from collections.abc import Callable

from bindery.extract.media.chunk_tags import ASF_HEAD
from bindery.extract.media.tag_blocks.ape import read_ape
from bindery.extract.media.tag_blocks.asf import read_asf
from bindery.extract.media.tag_blocks.flash import read_flv
from bindery.extract.media.tag_blocks.id3 import read_id3, read_id3v1
from bindery.extract.media.tag_blocks.matroska import read_matroska
from bindery.extract.media.tag_blocks.modules import (
    read_extended_module,
    read_impulse_tracker,
    read_scream_tracker,
)
from bindery.extract.media.tag_blocks.mp4 import read_mp4
from bindery.extract.media.tag_blocks.raw_tags import RawTags
from bindery.extract.media.tag_blocks.real import read_real_audio, read_real_media
from bindery.extract.media.tag_blocks.riff import read_aiff, read_dsdiff, read_dsf, read_riff
from bindery.extract.media.tag_blocks.sound_chunks import read_au, read_caf, read_svx, read_vqf
from bindery.extract.media.tag_blocks.vorbis import read_flac, read_ogg
from bindery.extract.tags.tiff import Part, Source

_RIFF = frozenset({b"RIFF", b"RIFX", b"RF64", b"BW64"})
_ATOMS = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid"})
_SCREAM_SIGN_AT = 0x2C
_APE_FIRST = (b"MAC ", b"wvpk", b"MPCK", b"MP+", b"OFR ", b"tBaK")
"""Formats whose own tag is that of APE."""
_TAGGED_AT_END = (b"TTA1", b"TTA2", b"\xff")
_BY_SIGN: tuple[tuple[bytes, Callable[[Source, RawTags], None]], ...] = (
    (b"fLaC", read_flac),
    (b"OggS", read_ogg),
    (b"\x1a\x45\xdf\xa3", read_matroska),
    (b"DSD ", read_dsf),
    (b"FRM8", read_dsdiff),
    (b"FLV", read_flv),
    (b".RMF", read_real_media),
    (b".ra\xfd", read_real_audio),
    (b"caff", read_caf),
    (b"TWIN", read_vqf),
    (b".snd", read_au),
    (b"dns.", read_au),
    (b"IMPM", read_impulse_tracker),
    (b"Extended Module:", read_extended_module),
    (ASF_HEAD, read_asf),
)


def read_tags(source: Source, *, tagged_at_end: bool = False) -> RawTags:
    """The tags of a file, block by block; of those that say the same the first counts.

    ``tagged_at_end`` has APE and ID3v1 looked for whatever the file begins with.
    """
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
    tagged = tagged_at_end or start > 0
    if (tagged and not head.startswith(_APE_FIRST)) or head.startswith(_TAGGED_AT_END):
        read_ape(source, raw)
    if tagged or head.startswith(_APE_FIRST + _TAGGED_AT_END):
        read_id3v1(source, raw)
    return raw


def _read_own(source: Source, head: bytes, raw: RawTags) -> None:
    if head[4:8] in _ATOMS:
        read_mp4(source, raw)
    elif head[:4] in _RIFF:
        read_riff(source, raw)
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        read_aiff(source, raw)
    elif head[:4] == b"FORM" and head[8:12] in (b"8SVX", b"16SV", b"MAUD"):
        read_svx(source, raw)
    elif source.peek_at(_SCREAM_SIGN_AT, 4) == b"SCRM":
        read_scream_tracker(source, raw)
    for sign, read in _BY_SIGN:
        if head.startswith(sign):
            read(source, raw)
