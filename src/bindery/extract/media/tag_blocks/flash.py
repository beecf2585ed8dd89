"""Reads the metadata of FLV files that describe them.

Source: Adobe's Flash Video File Format 10.1, E.5 (onMetaData).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from bindery.extract.media.flash_tags import flv_metadata
from bindery.extract.media.tag_blocks.raw_tags import MOST_TAGS, Family, RawTags, utf8_or_bytes
from bindery.extract.tags.tiff import Source

_TEXTS_OF_STREAMS = frozenset(
    {
        "audiocodecid",
        "videocodecid",
        "duration",
        "major_brand",
        "minor_version",
        "compatible_brands",
        "creation_time",
    }
)
_NUMBERS = frozenset({"year", "track", "tracknumber", "trackcount", "disc", "rating", "bpm"})
"""Of numbers only these describe; the others are facts of streams."""
_DATES = frozenset({"creationdate", "createdate", "datetimeoriginal", "metadatadate"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_XMP = "livexml"


def read_flv(source: Source, raw: RawTags) -> None:
    """Texts, and the numbers and dates that say something of the work."""
    block = raw.block(Family.FLASH)
    for name, value in flv_metadata(source, MOST_TAGS):
        key = name.decode("utf-8", "replace")
        lower = key.lower()
        if isinstance(value, float):
            raw.add(block, key, _number(lower, value))
        elif lower == _XMP:
            raw.xmp = raw.xmp or value
        elif lower not in _TEXTS_OF_STREAMS:
            raw.add(block, lower if lower in _DATES else key, utf8_or_bytes(value.strip()))


def _number(key: str, value: float) -> str:
    if not math.isfinite(value):
        return ""
    if key in _DATES:
        try:
            return (_EPOCH + timedelta(milliseconds=value)).isoformat()
        except OverflowError:
            return ""
    return f"{value:g}" if key in _NUMBERS else ""
