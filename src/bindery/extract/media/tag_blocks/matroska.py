"""Reads the tags of Matroska and WebM files, level by level. Source: RFC 9559, 5.1.2, 5.1.8; its tags, RFC draft
ietf-cellar-tags (TargetTypeValue, SimpleTag).
"""

from __future__ import annotations

from itertools import islice

from bindery.extract.media.matroska_tags import TAGS, elements, tag_parts
from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Block, Family, RawTags, utf8_or_bytes
from bindery.extract.tags.tiff import Memory, Source

_TAG, _TARGETS, _LEVEL, _TRACK_UID, _SIMPLE = 0x7373, 0x63C0, 0x68CA, 0x63C5, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487
_TRACK_LEVEL, _ALBUM_LEVEL = 30, 50
_STATISTICS = frozenset({"BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES"})
_MOST_TAGS_BYTES = 4 * 1024 * 1024
_MOST_ENTRIES = 2_000
_ALBUM_NAMES = {
    "TITLE": "ALBUM",
    "ARTIST": "ALBUM_ARTIST",
    "PART_NUMBER": "DISCNUMBER",
    "TOTAL_PARTS": "TRACKTOTAL",
}
_TRACK_NAMES = {"PART_NUMBER": "TRACKNUMBER", "TOTAL_PARTS": "TRACKTOTAL"}
_LEVEL_NAMES = {70: "COLLECTION", 60: "SEASON", 40: "PART", 20: "SUBTRACK", 10: "MOVEMENT"}
_MOST_DEPTH = 4


class _Tag:
    """The tags of one target."""

    def __init__(self, level: int, of_track: bool) -> None:
        self.level = level
        self.of_track = of_track
        self.values: list[tuple[str, str | bytes]] = []


def read_matroska(source: Source, raw: RawTags) -> None:
    """The tags of all targets: those of the track or the film first, then those of what it belongs to."""
    found: list[_Tag] = []
    for part in tag_parts(source):
        if part.number != TAGS:
            continue
        memory = Memory(source.peek_at(part.start, min(part.end - part.start, _MOST_TAGS_BYTES)))
        for entry in islice(elements(memory, 0, memory.size), _MOST_ENTRIES):
            if entry.number == _TAG:
                tag = _tag(memory, entry.start, entry.end)
                # What is said of a stream, and not of a piece of music, libav tells with the stream.
                if not tag.of_track or tag.level == _TRACK_LEVEL:
                    found.append(tag)
    levels = {tag.level for tag in found if tag.values and not tag.of_track}
    block = raw.block(Family.MATROSKA)
    for tag in sorted(found, key=lambda tag: (tag.of_track, tag.level != _TRACK_LEVEL, tag.level)):
        _add(raw, block, tag, has_tracks=_TRACK_LEVEL in levels)


def _tag(source: Source, start: int, end: int) -> _Tag:
    tag = _Tag(_ALBUM_LEVEL, False)
    for part in islice(elements(source, start, end), _MOST_ENTRIES):
        if part.number == _TARGETS:
            for target in islice(elements(source, part.start, part.end), 64):
                value = int.from_bytes(
                    source.peek_at(target.start, min(target.end - target.start, 8)), "big"
                )
                if target.number == _LEVEL:
                    tag.level = value
                elif target.number == _TRACK_UID and value:
                    tag.of_track = True
        elif part.number == _SIMPLE:
            _read_simple(source, part.start, part.end, tag, "", _MOST_DEPTH)
    return tag


def _read_simple(source: Source, start: int, end: int, tag: _Tag, prefix: str, depth: int) -> None:
    name, value, inner = "", b"", []
    for part in islice(elements(source, start, end), 64):
        if part.number == _NAME:
            name = source.peek_at(part.start, min(part.end - part.start, 256)).decode("utf-8", "replace")
        elif part.number == _STRING:
            value = source.peek_at(part.start, min(part.end - part.start, LONGEST_VALUE))
        elif part.number == _SIMPLE and depth:
            inner.append(part)
    name = prefix + name.strip("\0 ").upper()
    if name and value:
        text = utf8_or_bytes(value)
        tag.values.append((name, text.rstrip("\0") if isinstance(text, str) else text))
    for part in inner:
        _read_simple(source, part.start, part.end, tag, f"{name}/", depth - 1)


def _add(raw: RawTags, block: Block, tag: _Tag, *, has_tracks: bool) -> None:
    for name, value in tag.values:
        if tag.of_track and (name in _STATISTICS or name.startswith("_STATISTICS")):
            continue
        raw.add(block, _key(name, tag, has_tracks=has_tracks), value)


def _key(name: str, tag: _Tag, *, has_tracks: bool) -> str:
    """The name as it would be without levels; where tracks have tags of their own, those above are the album's."""
    if tag.of_track:
        return name
    if tag.level == _TRACK_LEVEL:
        return _TRACK_NAMES.get(name, name)
    if tag.level == _ALBUM_LEVEL:
        return _ALBUM_NAMES.get(name, name) if has_tracks else name
    return f"{_LEVEL_NAMES.get(tag.level, tag.level)}/{name}"
