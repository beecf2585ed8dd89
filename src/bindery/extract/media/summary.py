"""What libav prints about an open container, for the few facts that PyAV gives no other access to."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, cast

import av.logging
import msgspec

if TYPE_CHECKING:
    from av.container import InputContainer

_PROGRAM = re.compile(r"  Program \d+ ")
_STREAM = re.compile(
    r"  Stream #0:(\d+)(?:\D.*?)?: (?:Video|Audio|Subtitle|Data|Attachment|Unknown): (\w+)(.*)"
)
_TAG = re.compile(r" \([^()]{4,16} / 0x([0-9A-F]{4,8})\)")
_RATE = re.compile(r", (\d+) Hz")
_CHANNELS = re.compile(r", (?:(\d+) channels|(mono)|(stereo))\b")
_SIZE = re.compile(r", (\d+)x(\d+)")
_ROTATION = re.compile(r" +Display ?Matrix: rotation of (-?\d+(?:\.\d+)?) degrees", re.IGNORECASE)


class StreamSummary(msgspec.Struct, kw_only=True):
    """Facts of one stream. All but the rotation matter only when no decoder knows the codec."""

    rotation: float | None = None
    """Degrees counter-clockwise, as in a display matrix."""
    codec_name: str | None = None
    codec_tag: int = 0
    sample_rate: int | None = None
    channels: int | None = None
    width: int | None = None
    height: int | None = None

    def rotate(self) -> str | None:
        """The rotation as the tag ``rotate`` has it, e.g. ``90`` clockwise; None for an upright picture."""
        degrees = math.trunc(-(self.rotation or 0)) % 360
        return str(degrees) if degrees else None


class Summary(msgspec.Struct):
    """Facts of a container, and of its streams by index."""

    programs: int = 0
    streams: dict[int, StreamSummary] = {}

    def stream(self, index: int) -> StreamSummary:
        """The facts of one stream."""
        return self.streams.get(index) or StreamSummary()


def summarize(container: InputContainer) -> Summary:
    """Read libav's own summary of a container (av_dump_format)."""
    found = Summary()
    stream = StreamSummary()
    for line in _dump(container).splitlines():
        if _PROGRAM.match(line):
            found.programs += 1
        elif match := _STREAM.match(line):
            stream = _stream(match[2], match[3])
            found.streams.setdefault(int(match[1]), stream)
        elif match := _ROTATION.fullmatch(line):
            stream.rotation = float(match[1])
    return found


def _stream(codec: str, rest: str) -> StreamSummary:
    tag, rate, size = _TAG.search(rest), _RATE.search(rest), _SIZE.search(rest)
    return StreamSummary(
        codec_name=None if codec == "none" else codec,
        codec_tag=int(tag[1], 16) if tag else 0,
        sample_rate=(int(rate[1]) or None) if rate else None,
        channels=_channels(rest),
        width=(int(size[1]) or None) if size else None,
        height=(int(size[2]) or None) if size else None,
    )


def _channels(text: str) -> int | None:
    match = _CHANNELS.search(text)
    if match is None:
        return None
    return int(match[1]) or None if match[1] else 1 if match[2] else 2


def _dump(container: InputContainer) -> str:
    # The summary goes through the log, which is off otherwise.
    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        return str(cast(Any, container).dumps_format())  # missing from PyAV's type stubs
    finally:
        av.logging.set_level(before)
