"""What containers tell of tracks and libav does not look at: languages as BCP 47 tags, channels of MPEG-H.

Source: RFC 9559, 5.1.4.1.20 (LanguageBCP47); ISO/IEC 14496-12, 8.4.6 (elng); ISO/IEC 23008-3, 20.4 (mhaC);
ISO/IEC 23091-3, table 8 (channel configurations).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bindery.extract.media.matroska_tags import elements
from bindery.extract.pictures.boxes import Box, boxes, find_box
from bindery.extract.tags.tiff import Source

_SEGMENT, _TRACKS, _ENTRY, _LANGUAGE, _CLUSTER = 0x18538067, 0x1654AE6B, 0xAE, 0x22B59D, 0x1F43B675
_MOST_PARTS = 64
_MOST_TRACKS = 64
_LONGEST_TAG = 64


def track_languages(source: Source, format_name: str) -> dict[int, str]:
    """Tags by the index of the track."""
    if format_name.startswith("matroska"):
        return _matroska(source)
    return _mp4(source) if format_name.startswith("mov") else {}


def _matroska(source: Source) -> dict[int, str]:
    segment = next(
        (one for one in islice(elements(source, 0, source.size), 2) if one.number == _SEGMENT), None
    )
    if segment is None:
        return {}
    for part in islice(elements(source, segment.start, segment.end), _MOST_PARTS):
        if part.number == _CLUSTER:
            break
        if part.number == _TRACKS:
            entries = (one for one in elements(source, part.start, part.end) if one.number == _ENTRY)
            return {
                index: source.peek_at(field.start, min(field.end - field.start, _LONGEST_TAG)).decode(
                    "ascii", "replace"
                )
                for index, entry in enumerate(islice(entries, _MOST_TRACKS))
                for field in islice(elements(source, entry.start, entry.end), _MOST_PARTS)
                if field.number == _LANGUAGE
            }
    return {}


def _mp4(source: Source) -> dict[int, str]:
    found: dict[int, str] = {}
    for index, track in enumerate(_mp4_tracks(source)):
        box = find_box(source, b"mdia", b"elng", start=track.start, end=track.start + track.length)
        if box is not None:
            text = source.peek_at(box.start + 4, min(max(box.length - 4, 0), _LONGEST_TAG))
            found[index] = text.split(b"\0")[0].decode("ascii", "replace")
    return found


def _mp4_tracks(source: Source) -> Iterator[Box]:
    movie = next((box for box in islice(boxes(source), _MOST_PARTS) if box.kind == b"moov"), None)
    if movie is None:
        return iter(())
    tracks = (box for box in boxes(source, movie.start, movie.start + movie.length) if box.kind == b"trak")
    return islice(tracks, _MOST_TRACKS)


_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8, 2, 3, 4, 7, 8, 24, 8, 12, 10, 12, 14, 12, 14)
"""By the number of a channel configuration."""
_SAMPLES = (b"mdia", b"minf", b"stbl", b"stsd")
_MOST_DESCRIPTION_BYTES = 4_096


def mpegh_channels(source: Source) -> dict[int, int]:
    """Channels of the reference layout of MPEG-H tracks of an MP4 file, by the index of the track."""
    found: dict[int, int] = {}
    for index, track in enumerate(_mp4_tracks(source)):
        described = find_box(source, *_SAMPLES, start=track.start, end=track.start + track.length)
        if described is None:
            continue
        data = source.peek_at(described.start, min(described.length, _MOST_DESCRIPTION_BYTES))
        at = data.find(b"mhaC")
        layout = data[at + 6] if 0 <= at < len(data) - 6 else 0
        if 0 < layout < len(_CHANNELS):
            found[index] = _CHANNELS[layout]
    return found
