"""Audio files: format, streams, tags and covers, from the container's header and its first frames.

Formats: whatever libav opens (MP3, AAC, M4A, FLAC, Ogg, Opus, WAV, AIFF, WMA, AMR, APE, WavPack, …).
A container with moving pictures turns out to be video.
"""

from __future__ import annotations

from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted
from bindery.extract.media.media import read_media
from bindery.extract.reader import RangeReader


def extract_audio(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Everything the help page names for an audio file, as ffprobe tells it."""
    return read_media(reader, request)
