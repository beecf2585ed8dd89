"""The streams of a container as the structs VideoStream, AudioStream and SubtitleStream.

Source: help pages api-imm-2020-09-30-struct-videostream, -audiostream and -subtitlestream. Values are
those of ``ffprobe -show_streams``; what is unknown there is left out here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bindery.extract.media.codec_names import (
    COLOR_PRIMARIES,
    COLOR_RANGES,
    COLOR_SPACES,
    COLOR_TRANSFERS,
    codec_long_name,
)
from bindery.extract.media.language_codes import language_tag
from bindery.extract.media.summary import StreamSummary
from bindery.file import AudioStream, Image, SubtitleStream, VideoStream

if TYPE_CHECKING:
    from av.stream import Stream

_UNORDERED_CHANNELS = re.compile(r"\d+ channels")
_LARGEST_TERM = 1024 * 1024
_UNKNOWN_LEVEL = -99


def video_stream(stream: Stream, summary: StreamSummary) -> VideoStream:
    """A video stream."""
    found = VideoStream(
        **_common(stream, summary),
        **_times(stream),
        average_frame_rate=_fraction(stream.average_rate),
        frame_rate=_fraction(stream.base_rate),
        frame_count=stream.frames or None,
        rotate=summary.rotate() or _rotate_tag(stream),
    )
    codec: Any = stream.codec_context
    if codec is None:
        found.width, found.height = summary.width, summary.height
    else:
        _add_picture(found, codec)
    _add_aspect(found, stream)
    return found


def _add_picture(found: VideoStream, codec: Any) -> None:
    found.width, found.height = codec.width or None, codec.height or None
    found.profile = codec.profile
    found.level = codec.level if codec.level != _UNKNOWN_LEVEL else None
    found.has_b_frames = codec.reorder_depth
    found.color_range = COLOR_RANGES.get(codec.color_range)
    found.color_space = COLOR_SPACES.get(codec.colorspace)
    found.color_transfer = COLOR_TRANSFERS.get(codec.color_trc)
    found.color_primaries = COLOR_PRIMARIES.get(codec.color_primaries)
    found.pixel_format = codec.pix_fmt
    if codec.pix_fmt:
        found.bit_depth = max((part.bits for part in codec.format.components), default=None)


def audio_stream(stream: Stream, summary: StreamSummary) -> AudioStream:
    """An audio stream."""
    found = AudioStream(**_common(stream, summary), **_times(stream), frame_count=stream.frames or None)
    codec: Any = stream.codec_context
    if codec is None:
        found.sample_rate, found.channels = summary.sample_rate, summary.channels
        return found
    found.sample_rate = codec.sample_rate or None
    found.sample_format = codec.format.name if codec.format else None
    layout = codec.layout
    found.channels = layout.nb_channels or summary.channels
    if layout.nb_channels and not _UNORDERED_CHANNELS.fullmatch(layout.name):
        found.channel_layout = layout.name
    return found


def subtitle_stream(stream: Stream, summary: StreamSummary) -> SubtitleStream:
    """A subtitle stream. Its text is not read: that would mean reading the whole file."""
    times = _times(stream)
    del times["time_base"]
    return SubtitleStream(**_common(stream, summary), **times, width=summary.width, height=summary.height)


def cover(stream: Stream, summary: StreamSummary) -> Image:
    """An attached picture."""
    codec: Any = stream.codec_context or summary
    return Image(image_width=codec.width or None, image_height=codec.height or None)


def seconds(ticks: int | None, time_base: Fraction | None) -> float | None:
    """Ticks of a time base in seconds, to the microsecond."""
    if ticks is None or time_base is None:
        return None
    return round(ticks * time_base.numerator / time_base.denominator, 6)


def _common(stream: Stream, summary: StreamSummary) -> dict[str, Any]:
    codec: Any = stream.codec_context
    name: str | None = summary.codec_name if codec is None else codec.codec.canonical_name
    tag = summary.codec_tag.to_bytes(4, "little") if codec is None else _tag_bytes(codec)
    return {
        "index": stream.index,
        "language": language_tag(stream.metadata.get("language")),
        "codec_name": name,
        "codec_long_name": codec_long_name(name) if name else None,
        "codec_tag": f"0x{int.from_bytes(tag, 'little'):04x}",
        "codec_tag_string": "".join(map(_tag_character, tag)),
        "bitrate": None if codec is None else codec.bit_rate or None,
    }


def _times(stream: Stream) -> dict[str, Any]:
    return {
        "start_time": seconds(stream.start_time, stream.time_base),
        "duration": seconds(stream.duration, stream.time_base),
        "time_base": _fraction(stream.time_base),
    }


def _tag_bytes(codec: Any) -> bytes:
    try:
        return str(codec.codec_tag).encode("latin-1")
    except UnicodeDecodeError as error:
        # PyAV decodes the four bytes as ASCII, which they need not be.
        return error.object


def _tag_character(byte: int) -> str:
    character = chr(byte)
    plain = character.isascii() and (character.isalnum() or character in ".-_ ")
    return character if plain else f"[{byte}]"


def _add_aspect(found: VideoStream, stream: Stream) -> None:
    sample: Fraction | None = getattr(stream, "sample_aspect_ratio", None)
    if sample is None:
        return
    found.sample_aspect_ratio = f"{sample.numerator}:{sample.denominator}"
    if found.width and found.height:
        display = _reduced(Fraction(found.width * sample.numerator, found.height * sample.denominator))
        found.display_aspect_ratio = f"{display.numerator}:{display.denominator}"


def _reduced(ratio: Fraction) -> Fraction:
    """The nearest ratio whose terms are small enough to print."""
    if ratio.numerator > _LARGEST_TERM:
        return 1 / (1 / ratio).limit_denominator(_LARGEST_TERM)
    return ratio.limit_denominator(_LARGEST_TERM)


def _rotate_tag(stream: Stream) -> str | None:
    tags = {name.lower(): value.strip() for name, value in stream.metadata.items()}
    return tags.get("rotate") if tags.get("rotate") != "0" else None


def _fraction(value: Fraction | None) -> str | None:
    return None if value is None else f"{value.numerator}/{value.denominator}"
