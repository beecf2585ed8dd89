"""Reads APE tags, version 1 and 2, at the end of a file or at its start.

Source: the APEv2 specification (wiki.hydrogenaud.io, APE tags header, item and key).
"""

from __future__ import annotations

import struct

from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Block, Family, RawTags
from bindery.extract.tags.tiff import Source

_SIGN = b"APETAGEX"
_FOOTER_BYTES = 32
_V1_BYTES = 128
_MOST_ITEM_HEAD = 8 + 255 + 1
_LYRICS_END, _LYRICS_END_BYTES = b"LYRICS200", 15
_MOST_ITEMS = 4_000
_COVER = b"cover art"
_LONGEST_FILE_NAME = 1_024
_IS_HEADER, _HAS_HEADER = 1 << 29, 1 << 31
_TEXT, _BINARY, _LINK = 0, 1, 2
_LARGEST_TAG = 64 * 1024 * 1024


def read_ape(source: Source, raw: RawTags) -> None:
    """The tag at the end, which an ID3v1 tag or a Lyrics3 tag may follow."""
    for end in _ends(source):
        if _read_before(source, raw, end):
            return
    head = source.peek_at(0, _FOOTER_BYTES)
    if head.startswith(_SIGN) and len(head) == _FOOTER_BYTES:
        _, size, count, _ = struct.unpack_from("<IIII", head, 8)
        _read_items(source, raw, _FOOTER_BYTES, _FOOTER_BYTES + size, count)


def ape_end(source: Source) -> int | None:
    """Where the footer of a tag at the end of the file begins."""
    return next((end - _FOOTER_BYTES for end in _ends(source) if _footer(source, end)), None)


def tags_at_end(source: Source) -> int:
    """Where the tags at the end of the file begin: APE, Lyrics3 and ID3v1."""
    ends = _ends(source) or [source.size]
    for end in ends:
        footer = _footer(source, end)
        if footer:
            _, size, _, flags = struct.unpack_from("<IIII", footer, 8)
            start = end - size - (_FOOTER_BYTES if flags & _HAS_HEADER else 0)
            return start if 0 <= start < end else end - _FOOTER_BYTES
    return min(ends)


def _ends(source: Source) -> list[int]:
    ends = [source.size]
    if source.size >= _V1_BYTES and source.peek_at(source.size - _V1_BYTES, 3) == b"TAG":
        ends.append(source.size - _V1_BYTES)
    tail = source.peek_at(max(ends[-1] - _LYRICS_END_BYTES, 0), _LYRICS_END_BYTES)
    if tail.endswith(_LYRICS_END) and tail[:6].isdigit():
        ends.append(ends[-1] - _LYRICS_END_BYTES - int(tail[:6]))
    return [end for end in ends if end >= _FOOTER_BYTES]


def _footer(source: Source, end: int) -> bytes:
    footer = source.peek_at(end - _FOOTER_BYTES, _FOOTER_BYTES) if end >= _FOOTER_BYTES else b""
    return footer if footer.startswith(_SIGN) and len(footer) == _FOOTER_BYTES else b""


def _read_before(source: Source, raw: RawTags, end: int) -> bool:
    footer = _footer(source, end)
    if not footer:
        return False
    _, size, count, flags = struct.unpack_from("<IIII", footer, 8)
    if flags & _IS_HEADER or not _FOOTER_BYTES <= size <= min(end, _LARGEST_TAG):
        return False
    _read_items(source, raw, end - size, end - _FOOTER_BYTES, count)
    return True


def _read_items(source: Source, raw: RawTags, at: int, end: int, count: int) -> None:
    block = raw.block(Family.APE)
    for _ in range(min(count, _MOST_ITEMS)):
        head = source.peek_at(at, min(_MOST_ITEM_HEAD, end - at))
        if len(head) < 8 or raw.full:
            return
        size, flags = struct.unpack_from("<II", head)
        key, found, _ = head[8:].partition(b"\0")
        if not found:
            return
        start = at + 8 + len(key) + 1
        kind = flags >> 1 & 3
        if kind != _BINARY:
            data = source.peek_at(start, min(size, LONGEST_VALUE, end - start))
            _add(raw, block, key, data)
        elif key.lower().startswith(_COVER):
            # The name of a file stands before the picture.
            name = source.peek_at(start, min(size, _LONGEST_FILE_NAME, end - start)).find(b"\0") + 1
            raw.covers.append((start + name, min(size, end - start) - name))
        at = start + size


def _add(raw: RawTags, block: Block, key: bytes, data: bytes) -> None:
    name = key.decode("utf-8", "replace")
    for value in data.split(b"\0"):
        try:
            raw.add(block, name, value.decode("utf-8"))
        except UnicodeDecodeError:
            raw.add(block, name, value)
