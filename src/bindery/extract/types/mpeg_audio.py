"""MPEG audio and AAC by two frames in a row, for a frame's header is found in any text of sixteen bits.

Source: ISO/IEC 11172-3, 2.4.1.3 and 2.4.2.3 (header); ISO/IEC 13818-7, 6.2 (ADTS).
"""

from __future__ import annotations

from typing import NamedTuple

_RATES = (
    ((0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
     (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
     (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)),
    ((0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
     (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
     (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
)  # fmt: skip
"""Kilobits in a second by version (1; 2 and 2.5) and layer."""
_SAMPLES = (44_100, 48_000, 32_000)
_ADTS_RATES = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
)  # fmt: skip


class Sound(NamedTuple):
    """What the header of a frame tells of the sound."""

    samples: int
    """For each channel, of a frame."""
    rate: int


def mpeg_sound(header: bytes) -> Sound:
    """Of the header of a frame of MPEG audio."""
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    samples = 384 if layer == 1 else 1_152 if layer == 2 or version == 3 else 576
    return Sound(samples, _SAMPLES[header[2] >> 2 & 3] >> {3: 0, 2: 1, 0: 2}[version])


def adts_sound(header: bytes) -> Sound:
    """Of the header of a frame of ADTS that holds one block."""
    return Sound(1_024, _ADTS_RATES[header[2] >> 2 & 15])


def mpeg_audio_type(head: bytes) -> str | None:
    """``audio/mpeg`` or ``audio/aac`` when the first bytes are a frame, and those behind it another one if they are
    there."""
    for length_of, kind in ((mpeg_frame_bytes, "audio/mpeg"), (adts_frame_bytes, "audio/aac")):
        length = length_of(head, 0)
        if length and (len(head) < length + 7 or length_of(head, length)):
            return kind
    return None


def mpeg_frame_bytes(data: bytes, at: int) -> int:
    """The length of the frame of MPEG audio that begins there; 0 when none does."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return 0
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    rate, samples, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or samples == 3:
        return 0
    bits = _RATES[version != 3][layer - 1][rate] * 1000
    frequency = _SAMPLES[samples] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return (12 * bits // frequency + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // frequency + padding


def adts_frame_bytes(data: bytes, at: int) -> int:
    """The length of the frame of ADTS that begins there; 0 when none does."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or data[at + 2] >> 2 & 15 > 12:
        return 0
    if len(data) < at + 7:
        return len(data)
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return length if length >= 7 else 0
