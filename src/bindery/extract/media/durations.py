"""Durations as a file's own header states them.

libav now cuts the padding of encoders off the durations it tells, and derives that of a movie from its
tracks. exiftool, and ffprobe up to 5, print what the header says; so does this.

Source: ISO/IEC 14496-12 section 8.2.2 (mvhd); ISO/IEC 11172-3 section 2.4.1.3 and ISO/IEC 13818-3
(frame header of MPEG audio); the Xing and Info header as LAME writes it.
"""

from __future__ import annotations

import struct
from itertools import islice

from bindery.extract.pictures.boxes import boxes
from bindery.extract.tags.tiff import Source

_MOST_BOXES = 32
"""Boxes looked at for the movie header, so that a fragmented file is not walked to its end."""
_MOST_TAGS = 8
_LONGEST_PADDING = 2 * 4095 + 1105
"""Samples an encoder may declare as padding (two fields of 12 bits), and the delay of a decoder."""
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


def _after_tags(source: Source) -> int:
    """Where the sound begins behind ID3 tags (ID3v2.4 structure, section 3.1)."""
    at = 0
    for _ in range(_MOST_TAGS):
        head = source.peek_at(at, 10)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if head[5] & 0x10 else 0)
    return at
