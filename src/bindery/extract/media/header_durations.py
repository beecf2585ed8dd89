"""Durations by the headers of sound that libav does not open, or of which it tells no length.

Source: RFC 9639, 8.2 (FLAC's streaminfo); Microsoft's Advanced Systems Format 1.2, 3.2 (play duration, preroll); the
headers of Monkey's Audio (MAC_DESCRIPTOR, APE_HEADER and those before 3.98), Musepack SV7 and OptimFROG; Philips'
DSDIFF 1.5; RFC 3533 and RFC 7845, 4 (granule positions).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import islice

from bindery.extract.media.chunk_tags import ASF_HEAD, ASF_OBJECT_BYTES, chunks
from bindery.extract.media.durations import movie_duration, musepack_duration
from bindery.extract.media.frame_counts import mpeg_length
from bindery.extract.media.id3_tags import id3_end
from bindery.extract.media.last_parts import LONGEST_PAGE, end_of
from bindery.extract.tags.tiff import Part, Source

_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_PROPERTY_BYTES, _ASF_FLAGS, _ASF_BROADCAST = 80, 64, 1
_MOST_OBJECTS = 64
_MUSEPACK_RATES = (44_100, 48_000, 37_800, 32_000)
_MUSEPACK_SAMPLES = 1_152
_LONGEST_YEARS = 100 * 366 * 86_400


def header_duration(source: Source) -> float | None:
    """Seconds by the header of a file, behind ID3 tags; None when it does not tell them."""
    start = id3_end(source)
    part = Part(source, start, source.size - start)
    head = part.peek_at(0, 80)
    if head[4:8] in (b"ftyp", b"moov"):
        return movie_duration(part)
    read = next((read for sign, read in _BY_SIGN if head.startswith(sign)), None)
    try:
        seconds = read(part, head) if read else None
    except (IndexError, struct.error, ZeroDivisionError):
        return None
    return round(seconds, 6) if seconds and 0 < seconds < _LONGEST_YEARS else None


def _flac(source: Source, head: bytes) -> float | None:
    if head[4] & 0x7F:
        return None
    rate = int.from_bytes(head[18:21], "big") >> 4
    return (int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF) / rate


def asf_duration(source: Source) -> float | None:
    """Seconds of a file whose tags grew, so that libav does not believe its header, and guesses."""
    properties = _asf_properties(source)
    if len(properties) < _ASF_PROPERTY_BYTES or properties[_ASF_FLAGS] & _ASF_BROADCAST:
        return None
    told = int.from_bytes(properties[16:24], "little")
    return _asf(source, b"") if 0 < told < source.size else None


def _asf(source: Source, head: bytes) -> float | None:
    """Seconds by the file properties, without the time that is buffered before."""
    play, _, preroll = struct.unpack_from("<QQQ", _asf_properties(source), 40)
    seconds = float(play / 10_000_000 - preroll / 1_000)
    return round(seconds, 6) if seconds > 0 else None


def _asf_properties(source: Source) -> bytes:
    """The file properties object behind its head."""
    at = 30
    for _ in range(_MOST_OBJECTS):
        head = source.peek_at(at, ASF_OBJECT_BYTES)
        if len(head) < ASF_OBJECT_BYTES:
            break
        kind, size = struct.unpack("<16sQ", head)
        if kind == _ASF_PROPERTIES:
            return source.peek_at(at + ASF_OBJECT_BYTES, _ASF_PROPERTY_BYTES)
        at += max(size, ASF_OBJECT_BYTES)
    return b""


def dsdiff_duration(source: Source) -> float | None:
    """Seconds of a DSDIFF file by the size of its sound, beside which libav counts tags too."""
    if source.peek_at(0, 4) != b"FRM8" or source.peek_at(12, 4) != b"DSD ":
        return None
    rate = channels = 0
    for chunk in islice(chunks(source, 16, source.size, ">4sQ"), _MOST_OBJECTS):
        if chunk.kind == b"PROP":
            for part in islice(chunks(source, chunk.start + 4, chunk.end, ">4sQ"), _MOST_OBJECTS):
                value = source.peek_at(part.start, 4)
                rate = int.from_bytes(value, "big") if part.kind == b"FS  " else rate
                channels = int.from_bytes(value[:2], "big") if part.kind == b"CHNL" else channels
        elif chunk.kind == b"DSD " and rate and channels:
            return round((chunk.end - chunk.start) * 8 / channels / rate, 6)
    return None


def _monkey(source: Source, head: bytes) -> float | None:
    (version,) = struct.unpack_from("<H", head, 4)
    if version >= 3_980:
        blocks, last, frames, _, _, rate = struct.unpack_from("<IIIHHI", head, 56)
    else:
        level, rate = *struct.unpack_from("<H", head, 6), *struct.unpack_from("<I", head, 12)
        frames, last = struct.unpack_from("<II", head, 24)
        small = version < 3_800 or (version < 3_900 and level != 4_000)
        blocks = 73_728 * 4 if version >= 3_950 else 9_216 if small else 73_728
    return float(((frames - 1) * blocks + last) / rate) if frames else None


def _musepack(source: Source, head: bytes) -> float | None:
    if head[3] & 15 != 7:
        return None
    (frames,) = struct.unpack_from("<I", head, 4)
    return float(frames * _MUSEPACK_SAMPLES / _MUSEPACK_RATES[head[10] & 3])


def _optim_frog(source: Source, head: bytes) -> float | None:
    low, high, _, channels, rate = struct.unpack_from("<IHBBI", head, 8)
    return float((high << 32 | low) / (channels + 1) / rate)


def _ogg(source: Source, head: bytes) -> float | None:
    """By the position of the last page, which Opus counts at 48 kHz and from before its first sample."""
    first = source.peek_at(28, 64)
    tail = end_of(source, source.size, LONGEST_PAGE)
    last = tail.rfind(b"OggS")
    (position,) = struct.unpack_from("<q", tail, last + 6)
    if first.startswith(b"\x01vorbis"):
        return float(position / int.from_bytes(first[12:16], "little"))
    if first.startswith(b"OpusHead"):
        return float((position - int.from_bytes(first[10:12], "little")) / 48_000)
    return None


def _mpeg(source: Source, head: bytes) -> float | None:
    length = mpeg_length(source)
    return length.seconds if length and length.declared else None


_BY_SIGN: tuple[tuple[bytes, Callable[[Source, bytes], float | None]], ...] = (
    (b"fLaC", _flac),
    (ASF_HEAD, _asf),
    (b"MAC ", _monkey),
    (b"MP+", _musepack),
    (b"MPCK", lambda source, _: musepack_duration(source)),
    (b"OFR ", _optim_frog),
    (b"OggS", _ogg),
    (b"\xff", _mpeg),
)
