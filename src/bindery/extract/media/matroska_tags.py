"""Finds and counts the tags of a Matroska or WebM file by the sizes of its elements.

Source: RFC 8794 (EBML), RFC 9559.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from bindery.extract.tags.tiff import Source

_SEGMENT, _SEEK_HEAD, _CLUSTER = 0x18538067, 0x114D9B74, 0x1F43B675
_SEEK, _SEEK_ID, _SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
TAGS = 0x1254C367
_COUNTED = frozenset({TAGS, 0x1043A770, 0x1941A469})
"""Tags, chapters, attachments."""
_MOST_ELEMENTS = 20_000
_MOST_PARTS = 64
_HEAD_BYTES = 12
_MOST_ID_BYTES = 8


class Element(NamedTuple):
    """An element of EBML: its number and its stretch."""

    number: int
    begin: int
    """Where its head begins."""
    start: int
    """Where its content begins."""
    end: int


def matroska_tags(source: Source, most: int) -> int:
    """Elements within tags, chapters and attachments, two floors down; not many more than ``most``."""
    count = 0
    for part in tag_parts(source):
        count += _count(source, part, most - count)
    return count


def tag_parts(source: Source) -> Iterator[Element]:
    """The tags, chapters and attachments of a file.

    Parts before the first cluster are seen, and those that the file's own index names: walking from cluster to
    cluster would fetch a piece of each.
    """
    segment = next(
        (one for one in islice(elements(source, 0, source.size), 2) if one.number == _SEGMENT), None
    )
    if segment is None:
        return
    places: dict[int, None] = {}
    for part in islice(elements(source, segment.start, segment.end), _MOST_PARTS):
        if part.number == _CLUSTER:
            break
        if part.number in _COUNTED:
            places[part.begin] = None
        elif part.number == _SEEK_HEAD:
            places |= dict.fromkeys(segment.start + at for at in _sought(source, part))
    for place in places:
        for part in islice(elements(source, place, segment.end), 1):
            if part.number in _COUNTED:
                yield part


def _sought(source: Source, head: Element) -> Iterator[int]:
    """Where the index says that something is counted."""
    for seek in islice(elements(source, head.start, head.end), _MOST_PARTS):
        if seek.number != _SEEK:
            continue
        fields = {
            field.number: int.from_bytes(
                source.peek_at(field.start, min(field.end - field.start, _MOST_ID_BYTES)), "big"
            )
            for field in islice(elements(source, seek.start, seek.end), 4)
        }
        if fields.get(_SEEK_ID) in _COUNTED:
            yield fields.get(_SEEK_POSITION, 0)


def _count(source: Source, part: Element, most: int) -> int:
    count = 0
    for entry in elements(source, part.start, part.end):
        count += 1
        for _ in elements(source, entry.start, entry.end):
            count += 1
            if count > most:
                return count
    return count


def elements(source: Source, start: int, end: int) -> Iterator[Element]:
    """The elements between two offsets, as far as their sizes make sense."""
    for _ in range(_MOST_ELEMENTS):
        head = source.peek_at(start, min(_HEAD_BYTES, end - start))
        number, width = _number(head, 0, keep_marker=True)
        size, length = _number(head, width, keep_marker=False)
        if not width or not length:
            return
        content = start + width + length
        unknown = size == (1 << 7 * length) - 1
        stop = end if unknown else min(content + size, end)
        yield Element(number, start, content, stop)
        start = stop


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-size integer and its width; a width of 0 where there is none."""
    if at >= len(data) or not data[at]:
        return 0, 0
    width = 9 - data[at].bit_length()
    if at + width > len(data):
        return 0, 0
    value = int.from_bytes(data[at : at + width], "big")
    return (value if keep_marker else value & ((1 << 7 * width) - 1)), width
