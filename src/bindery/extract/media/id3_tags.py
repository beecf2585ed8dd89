"""Counts the frames of ID3 tags. Source: ID3v2.2 to 2.4 (id3.org)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bindery.extract.tags.tiff import Source

ID3_HEAD_BYTES = 10
_OLD, _NEWEST = 2, 4
_EXTENDED, _FOOTER = 0x40, 0x10
_MOST_TAGS = 4_000
_PADDING_BYTES = 64 * 1024
_MOST_PADDING = 1024 * 1024


class Id3Tags(NamedTuple):
    """What stands at some place: frames, with one for every tag, and where something else begins."""

    frames: int
    end: int


class Id3Place(NamedTuple):
    """Where a tag is: its header, the end of its frames, and what follows its footer."""

    begin: int
    end: int
    following: int


def id3_tags(source: Source, at: int, most: int) -> Id3Tags:
    """The ID3 tags from an offset on, which may follow each other; not many more frames than ``most``."""
    frames = 0
    for place in id3_places(source, at):
        if frames > most:
            break
        frames += 1 + _frames(source, place.begin, place.end, most - frames)
        at = place.following
    return Id3Tags(frames, at)


def id3_end(source: Source) -> int:
    """Where something else begins behind the ID3 tags at the start, whose frames are not looked at."""
    at = 0
    for place in id3_places(source):
        at = place.following
    return at


def id3_places(source: Source, at: int = 0) -> Iterator[Id3Place]:
    """The ID3 tags from an offset on, which may follow each other, by their headers alone."""
    for _ in range(_MOST_TAGS):
        head = source.peek_at(at, ID3_HEAD_BYTES)
        if len(head) < ID3_HEAD_BYTES or not head.startswith(b"ID3"):
            return
        end = at + ID3_HEAD_BYTES + synchsafe(head[6:10])
        following = end + (ID3_HEAD_BYTES if head[3] == _NEWEST and head[5] & _FOOTER else 0)
        yield Id3Place(at, end, following)
        at = following


def _frames(source: Source, at: int, end: int, most: int) -> int:
    _, _, _, version, _, flags = source.peek_at(at, 6)
    header = 6 if version == _OLD else 10
    at += ID3_HEAD_BYTES
    if version != _OLD and flags & _EXTENDED:
        size = source.peek_at(at, 4)
        at += synchsafe(size) if version == _NEWEST else 4 + int.from_bytes(size, "big")
    frames = blank = 0
    while at + header <= end and frames <= most:
        frame = source.peek_at(at, header)
        if len(frame) < header:
            break
        if not any(frame):
            if blank > _MOST_PADDING:
                # libav reads on to frames that may stand behind it; all of it would have to be fetched.
                return most + 1
            length = max(_blank(source, at, end) // header * header, header)
            at, blank = at + length, blank + length
            continue
        at += header + _size(frame, version)
        frames += 1
    return frames


def _size(frame: bytes, version: int) -> int:
    if version == _OLD:
        return int.from_bytes(frame[3:6], "big")
    return synchsafe(frame[4:8]) if version == _NEWEST else int.from_bytes(frame[4:8], "big")


def _blank(source: Source, at: int, end: int) -> int:
    """Bytes of zero, behind which frames may go on."""
    data = source.peek_at(at, min(end - at, _PADDING_BYTES))
    return len(data) - len(data.lstrip(b"\0"))


def synchsafe(data: bytes) -> int:
    """A number of seven bits to a byte, the highest first."""
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value
