"""Whether a media file ends before its own header says, as after a broken upload. Headers alone are looked at.

Source: ISO/IEC 14496-12, 4.2 (boxes); RIFF and AIFF (sizes of the form and of its data); RFC 8794 (known sizes);
Advanced Systems Format 3.2 (file size); Sony's DSF 1.01; the Xing and Info header as LAME writes it (bytes); Apple's
Core Audio Format; the header of AU; ISO/IEC 13818-1, 2.4.3.2 (packets of 188 bytes); for Ogg, FLAC and FLV, whose ends
are looked at, see ``last_parts``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from bindery.extract.media.chunk_tags import ASF_HEAD, ASF_OBJECT_BYTES
from bindery.extract.media.id3_tags import id3_end
from bindery.extract.media.last_parts import flac_ends_late, flv_ends_late, ogg_ends_late
from bindery.extract.tags.tiff import Source

_MOST_PARTS = 64
_ATOMS = frozenset(
    {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"moof", b"sidx", b"uuid", b"pnot"}
)
_UNKNOWN_SIZES = 0xFFFF0000
"""Sizes from here on are those of writers that did not know."""
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_BROADCAST = 1
_SEGMENT = b"\x18\x53\x80\x67"
_XING_HAS_FRAMES, _XING_HAS_BYTES = 1, 2
_XING_TOLERANCE = 4_096
"""Some writers count the tags behind the sound."""


def is_cut_short(source: Source) -> bool:
    """Whether something that the file announces lies beyond its end."""
    head = source.peek_at(0, 16)
    if head[4:8] in _ATOMS:
        return _boxes_end_late(source)
    if head[:1] == b"\x47" or head[4:5] == b"\x47":
        return _packet_is_cut(source)
    for sign, test in _TESTS:
        if head.startswith(sign):
            return test(source)
    return False


def _boxes_end_late(source: Source) -> bool:
    at = 0
    for _ in range(_MOST_PARTS):
        head = source.peek_at(at, 16)
        if len(head) < 8 or not head[4:8].strip(b"\0"):
            return False
        size = int.from_bytes(head[:4], "big")
        if size == 1 and len(head) == 16:
            size = int.from_bytes(head[8:], "big")
        if size < 8:
            return False
        at += size
        if at > source.size:
            return True
    return False


def _chunks_end_late(source: Source, order: str) -> bool:
    """The form and one of its chunks: a size that is wrong in one place only is the writer's fault."""
    form = struct.unpack(f"{order}I", source.peek_at(4, 4).ljust(4, b"\0"))[0]
    if not source.size + 1 < form + 8 < _UNKNOWN_SIZES:
        return False
    at = 12
    for _ in range(_MOST_PARTS):
        head = source.peek_at(at, 8)
        if len(head) < 8:
            return True
        size = struct.unpack(f"{order}I", head[4:])[0]
        at += 8 + size + size % 2
        if at > source.size + 1:
            return bool(size < _UNKNOWN_SIZES)
    return False


def _segment_ends_late(source: Source) -> bool:
    head = source.peek_at(0, 4_096)
    at = head.find(_SEGMENT)
    if at < 0 or at + 5 > len(head) or not head[at + 4]:
        return False
    width = 9 - head[at + 4].bit_length()
    value = int.from_bytes(head[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
    return value != (1 << 7 * width) - 1 and at + 4 + width + value > source.size


def _asf_ends_late(source: Source) -> bool:
    at = 30
    for _ in range(_MOST_PARTS):
        head = source.peek_at(at, ASF_OBJECT_BYTES)
        if len(head) < ASF_OBJECT_BYTES:
            return True
        kind, size = struct.unpack("<16sQ", head)
        if kind == _ASF_PROPERTIES:
            told, flags = source.peek_at(at + 40, 8), source.peek_at(at + 88, 4)
            broadcast = bool(flags) and bool(flags[0] & _ASF_BROADCAST)
            return not broadcast and int.from_bytes(told, "little") > source.size
        at += max(size, ASF_OBJECT_BYTES)
    return False


def _dsf_ends_late(source: Source) -> bool:
    return int.from_bytes(source.peek_at(12, 8), "little") > source.size


def _core_audio_ends_late(source: Source) -> bool:
    at = 8
    for _ in range(_MOST_PARTS):
        head = source.peek_at(at, 12)
        if len(head) < 12:
            return bool(head)
        (size,) = struct.unpack(">q", head[4:])
        if size < 0:
            return False
        at += 12 + size
        if at > source.size:
            return True
    return False


def _au_ends_late(source: Source, order: str) -> bool:
    head = source.peek_at(4, 8)
    if len(head) < 8:
        return True
    start, size = struct.unpack(f"{order}II", head)
    return bool(size < _UNKNOWN_SIZES and start + size > source.size)


def _packet_is_cut(source: Source) -> bool:
    """Whether a transport stream ends within a packet; where it ends between two nobody can tell."""
    for size, sync in ((188, 0), (192, 4), (204, 0)):
        over = source.size % size
        firsts = (source.peek_at(at + sync, 1) for at in range(0, 4 * size, size))
        if source.size >= 4 * size and all(first == b"\x47" for first in firsts):
            return over > sync and source.peek_at(source.size - over + sync, 1) == b"\x47"
    return False


def _mpeg_ends_late(source: Source) -> bool:
    start = id3_end(source)
    frame = source.peek_at(start, 64)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if start > source.size:
        return True
    if at < 0 or len(frame) < at + 16 or frame[:1] != b"\xff":
        return False
    flags = frame[at + 7]
    place = at + 8 + (4 if flags & _XING_HAS_FRAMES else 0)
    told = int.from_bytes(frame[place : place + 4], "big") if flags & _XING_HAS_BYTES else 0
    return told > source.size - start + _XING_TOLERANCE


_TESTS: tuple[tuple[bytes, Callable[[Source], bool]], ...] = (
    (b"RIFF", lambda source: _chunks_end_late(source, "<")),
    (b"RIFX", lambda source: _chunks_end_late(source, ">")),
    (b"FORM", lambda source: _chunks_end_late(source, ">")),
    (b"\x1a\x45\xdf\xa3", _segment_ends_late),
    (ASF_HEAD, _asf_ends_late),
    (b"DSD ", _dsf_ends_late),
    (b"OggS", ogg_ends_late),
    (b"fLaC", flac_ends_late),
    (b"FLV", flv_ends_late),
    (b"caff", _core_audio_ends_late),
    (b".snd", lambda source: _au_ends_late(source, ">")),
    (b"dns.", lambda source: _au_ends_late(source, "<")),
    (b"ID3", _mpeg_ends_late),
    (b"\xff", _mpeg_ends_late),
)
