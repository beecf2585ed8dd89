"""Durations as a file's own header states them.

libav now cuts the padding of encoders off the durations it tells, and derives that of a movie from its
tracks. exiftool, and ffprobe up to 5, print what the header says; so does this.

Source: ISO/IEC 14496-12 section 8.2.2 (mvhd); ISO/IEC 11172-3 section 2.4.1.3 and ISO/IEC 13818-3
(frame header of MPEG audio); the Xing and Info header as LAME writes it; Musepack's stream
version 8; Sony's DSF 1.01; the Speex manual (granule positions); ISO/IEC 14496-3, 1.7.2 (AudioSyncStream).
"""

from __future__ import annotations

import struct
from itertools import islice

from bindery.extract.media.id3_tags import synchsafe
from bindery.extract.pictures.boxes import boxes
from bindery.extract.tags.tiff import Source

_MOST_BOXES = 32
"""Boxes looked at for the movie header, so that a fragmented file is not walked to its end."""
_MOST_TAGS = 8
_LONGEST_PADDING = 2 * 4095 + 1105
"""Samples an encoder may declare as padding (two fields of 12 bits), and the delay of a decoder."""
_MUSEPACK_RATES = (44100, 48000, 37800, 32000)
_TAIL_BYTES = 64 * 1024
_MOST_LATM_FRAMES = 2_000
_AAC_SAMPLES = 1024
_SAMPLE_RATES = (44100, 48000, 32000)


def movie_duration(source: Source) -> float | None:
    """Seconds by the movie header of an MP4 or QuickTime file; None when it leaves them open."""
    moov = next((box for box in islice(boxes(source), _MOST_BOXES) if box.kind == b"moov"), None)
    if moov is None:
        return None
    parts = {box.kind: box for box in boxes(source, moov.start, moov.start + moov.length)}
    header = parts.get(b"mvhd")
    data = source.peek_at(header.start, 32) if header else b""
    # In front of fragments (mvex) it is the duration of what the movie box itself holds, often nothing.
    if len(data) < 32 or b"mvex" in parts:
        return None
    if data[0] == 1:
        (scale, ticks), unknown = struct.unpack_from(">IQ", data, 20), 2**64 - 1
    else:
        (scale, ticks), unknown = struct.unpack_from(">II", data, 12), 2**32 - 1
    return round(int(ticks) / int(scale), 6) if scale and 0 < ticks < unknown else None


def untrimmed_duration(source: Source, trimmed: float | None) -> float | None:
    """Seconds of an MP3 with the padding of its encoder, when ``trimmed`` are those without it."""
    start = _after_tags(source)
    head = source.peek_at(start, 48)
    if len(head) < 48 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[2] >> 2 & 3 == 3:
        return trimmed
    version, mono = head[1] >> 3 & 3, head[3] >> 6 == 3
    at = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    if head[at : at + 4] not in (b"Xing", b"Info") or not head[at + 7] & 1 or version == 1:
        return trimmed
    rate = _SAMPLE_RATES[head[2] >> 2 & 3] >> {3: 0, 2: 1, 0: 2}[version]
    samples = int.from_bytes(head[at + 8 : at + 12], "big") * (1152 if version == 3 else 576)
    padding = samples - (trimmed or 0) * rate
    return round(samples / rate, 6) if 0 < padding <= _LONGEST_PADDING else trimmed


def musepack_duration(source: Source) -> float | None:
    """Seconds by the stream header of Musepack SV8, without the silence at its start."""
    head = source.peek_at(4, 64)
    if source.peek_at(0, 4) != b"MPCK" or head[:2] != b"SH":
        return None
    _, at = _varying(head, 2)
    samples, at = _varying(head, at + 5)
    silence, at = _varying(head, at)
    rate = _MUSEPACK_RATES[head[at] >> 5] if at < len(head) and head[at] >> 5 < 4 else 0
    return round((samples - silence) / rate, 6) if rate and samples > silence else None


def _varying(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits to a byte, the highest first."""
    value = 0
    while at < len(data):
        byte = data[at]
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            break
    return value, at


def dsf_duration(source: Source) -> float | None:
    """Seconds by the samples that the format chunk of a DSF file counts for each channel."""
    data = source.peek_at(28, 44)
    if len(data) < 44 or data[:4] != b"fmt ":
        return None
    rate, _, samples = struct.unpack_from("<IIQ", data, 28)
    return round(samples / rate, 6) if rate and samples else None


def speex_duration(source: Source) -> float | None:
    """Seconds by the position of the last page of an Ogg file that begins with Speex."""
    head = source.peek_at(0, 128)
    mark = head.find(b"Speex   ")
    tail = source.peek_at(max(source.size - _TAIL_BYTES, 0), _TAIL_BYTES)
    last = tail.rfind(b"OggS")
    if mark < 0 or len(head) < mark + 40 or last < 0 or len(tail) < last + 14:
        return None
    rate = int.from_bytes(head[mark + 36 : mark + 40], "little")
    position = int.from_bytes(tail[last + 6 : last + 14], "little", signed=True)
    return round(position / rate, 6) if rate and position > 0 else None


def latm_duration(source: Source, rate: int | None) -> float | None:
    """Seconds of a LOAS stream by its frames; of a long one by the size of the first."""
    at = frames = 0
    for _ in range(_MOST_LATM_FRAMES):
        head = source.peek_at(at, 3)
        if len(head) < 3 or head[0] != 0x56 or head[1] & 0xE0 != 0xE0:
            break
        at += 3 + (int.from_bytes(head[1:], "big") & 0x1FFF)
        frames += 1
    if not rate or not frames:
        return None
    seconds = frames * _AAC_SAMPLES / rate
    return round(seconds * source.size / at if frames == _MOST_LATM_FRAMES else seconds, 6)


def _after_tags(source: Source) -> int:
    """Where the sound begins behind ID3 tags (ID3v2.4 structure, section 3.1)."""
    at = 0
    for _ in range(_MOST_TAGS):
        head = source.peek_at(at, 10)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        at += 10 + synchsafe(head[6:]) + (10 if head[5] & 0x10 else 0)
    return at
