"""Durations as a file's own header states them.

libav now cuts the padding of encoders off the durations it tells, and derives that of a movie from its
tracks. exiftool, and ffprobe up to 5, print what the header says; so does this.

Source: ISO/IEC 14496-12 section 8.2.2 (mvhd); the Xing and Info header as LAME writes it; Musepack's stream
version 8; Sony's DSF 1.01; the Speex manual and RFC 7845, 4 (granule
positions); ISO/IEC 14496-3, 1.7.2 (AudioSyncStream).
"""

from __future__ import annotations

import struct
from itertools import islice

from bindery.extract.media.frame_counts import Length, adts_length, counted_length, mpeg_length
from bindery.extract.pictures.boxes import boxes
from bindery.extract.seven_bits import seven_bit_number
from bindery.extract.tags.tiff import Source

_MOST_BOXES = 32
"""Boxes looked at for the movie header, so that a fragmented file is not walked to its end."""
_LONGEST_PADDING = 2 * 4095 + 1105
"""Samples an encoder may declare as padding (two fields of 12 bits), and the delay of a decoder."""
_MUSEPACK_RATES = (44100, 48000, 37800, 32000)
_TAIL_BYTES = 64 * 1024
_OPUS_RATE = 48_000
_USUAL_SKIP = 3_840 // 2
"""Samples that Opus skips at its start and libav counts: as good as nothing up to here."""
_MOST_LATM_FRAMES = 2_000
_AAC_SAMPLES = 1024
_FRAME_SECONDS = 0.036
"""Of most MP3 files; two of them are what an estimate by the bit rate may be wrong."""


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


def mpeg_duration(source: Source, told: float | None) -> Length | None:
    """Seconds of an MP3 with the padding of its encoder, where libav has ``told`` those without it or its guess."""
    length = mpeg_length(source)
    if length is None:
        return None
    if length.declared:
        padding = length.seconds - (told or 0)
        if told is None or -_FRAME_SECONDS < padding <= _LONGEST_PADDING / length.rate:
            return length
        # libav does not believe a header that the size of the file belies, but it guesses instead.
        length = counted_length(source) or length
    return _if_better(length, told)


def aac_duration(source: Source, told: float | None) -> Length | None:
    """Seconds of AAC in ADTS by its frames, where libav has ``told`` its guess by the bit rate."""
    length = adts_length(source)
    return _if_better(length, told) if length else None


def _if_better(length: Length, told: float | None) -> Length | None:
    """None where a guess by the bit rate is as good."""
    return None if told and abs(length.seconds - told) <= 2 * _FRAME_SECONDS else length


def musepack_duration(source: Source) -> float | None:
    """Seconds by the stream header of Musepack SV8, without the silence at its start."""
    head = source.peek_at(4, 64)
    if source.peek_at(0, 4) != b"MPCK" or head[:2] != b"SH":
        return None
    try:
        _, at = seven_bit_number(head, 2)
        samples, at = seven_bit_number(head, at + 5)
        silence, at = seven_bit_number(head, at)
    except ValueError:
        return None
    rate = _MUSEPACK_RATES[head[at] >> 5] if at < len(head) and head[at] >> 5 < 4 else 0
    return round((samples - silence) / rate, 6) if rate and samples > silence else None


def dsf_duration(source: Source) -> float | None:
    """Seconds by the samples that the format chunk of a DSF file counts for each channel."""
    data = source.peek_at(28, 44)
    if len(data) < 44 or data[:4] != b"fmt ":
        return None
    rate, _, samples = struct.unpack_from("<IIQ", data, 28)
    return round(samples / rate, 6) if rate and samples else None


def ogg_duration(source: Source) -> float | None:
    """Seconds by the position of the last page of an Ogg file that begins with Speex, or with Opus that skips much."""
    head = source.peek_at(0, 128)
    speex, opus = head.find(b"Speex   "), head.find(b"OpusHead")
    if 0 <= speex <= len(head) - 40:
        rate, skipped = int.from_bytes(head[speex + 36 : speex + 40], "little"), 0
    else:
        rate, skipped = (
            _OPUS_RATE,
            int.from_bytes(head[opus + 10 : opus + 12], "little") if opus >= 0 else 0,
        )
        if skipped <= _USUAL_SKIP:
            return None
    tail = source.peek_at(max(source.size - _TAIL_BYTES, 0), _TAIL_BYTES)
    last = tail.rfind(b"OggS")
    if last < 0 or len(tail) < last + 14:
        return None
    position = int.from_bytes(tail[last + 6 : last + 14], "little", signed=True) - skipped
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
