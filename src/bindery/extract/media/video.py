"""Video files: format, streams, tags, place and time, from the container's header and its first frames.

Formats: whatever libav opens (MP4, MOV, 3GP, Matroska, WebM, AVI, MPEG-TS and -PS, FLV, ASF, Ogg, MXF, …).
A container without moving pictures turns out to be audio.
"""

from __future__ import annotations

from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted
from bindery.extract.media.media import read_media
from bindery.extract.reader import RangeReader


def extract_video(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Everything the help page names for a video, as ffprobe tells it."""
    return read_media(reader, request)
