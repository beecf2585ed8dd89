"""Posters of videos and covers of sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.error import FFmpegError
from av.stream import Disposition
from PIL import Image

from bindery.extract.media.container import open_container
from bindery.extract.reader import RangeReader
from bindery.extract.thumbnails.no_picture import NoPicture
from bindery.extract.thumbnails.pictures import MOST_PIXELS, draw_bytes

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SHARE, _MOST_SECONDS = 0.1, 10.0
"""How far into a video its poster is taken from: many begin in black."""
_MOST_ASPECT = 20
_MOST_COVER_BYTES = 32 * 1024 * 1024


def draw_frame(reader: RangeReader, longest: int) -> Image.Image:
    """A picture of a video, or of its cover. Raises NoPicture."""
    with open_container(reader) as container:
        cover = _cover(container, longest)
        if cover is not None:
            return cover
        for stream in container.streams.video:
            if 0 < stream.width * stream.height <= MOST_PIXELS:
                stream.codec_context.thread_count = 1
                shown = _poster(container, stream, longest)
                if shown is not None:
                    return shown
    raise NoPicture


def _cover(container: InputContainer, longest: int) -> Image.Image | None:
    """The first picture that is attached: a file of its own, and decoded as one."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            continue
        for packet in container.demux(stream):
            if 0 < packet.size <= _MOST_COVER_BYTES:
                return draw_bytes(bytes(packet), longest)
            break
    return None


def _poster(container: InputContainer, stream: VideoStream, longest: int) -> Image.Image | None:
    seconds = (container.duration or 0) / av.time_base
    if seconds > 1:
        try:
            container.seek(int(min(seconds * _SHARE, _MOST_SECONDS) * av.time_base))
            shown = _next(container, stream, longest)
            if shown is not None:
                return shown
        except FFmpegError:
            pass
        container.seek(0)
    return _next(container, stream, longest)


def _next(container: InputContainer, stream: VideoStream, longest: int) -> Image.Image | None:
    """The next frame, scaled down, in its shape and turned as the player would."""
    for frame in container.decode(stream):
        aspect = stream.sample_aspect_ratio
        across = float(aspect) if aspect and 1 / _MOST_ASPECT < aspect < _MOST_ASPECT else 1.0
        width, height = frame.width * across, float(frame.height)
        scale = min(1.0, longest / max(width, height))
        shown: Image.Image = frame.to_image(  # type: ignore[no-untyped-call]
            width=max(1, round(width * scale)), height=max(1, round(height * scale))
        )
        return shown.rotate(frame.rotation, expand=True) if frame.rotation else shown
    return None
