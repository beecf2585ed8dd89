"""How many tags a media file declares, before libav sees it.

libav looks through all tags for each new one, so that a file of a few MB with 200,000 of them takes minutes.

Source: ID3v2.2 to 2.4 (id3.org), the Vorbis comment header and its use in FLAC (RFC 9639, 8.6) and Opus
(RFC 7845, 5.2), Matroska (RFC 9559), the APE tag version 2, ISO/IEC 14496-12
(boxes) and the QuickTime metadata of ``ilst``.
"""

from __future__ import annotations

import struct
from itertools import islice

from bindery.extract.media.matroska_tags import matroska_tags
from bindery.extract.pictures.boxes import boxes, find_box
from bindery.extract.tags.tiff import Source

MOST_TAGS = 2_000
"""A file has some dozens."""

_HEAD_BYTES = 64 * 1024
_COMMENTS = (b"\x03vorbis", b"OpusTags", b"\x81theora")
_FLAC_COMMENT = 4
_MOST_BLOCKS = 128
_APE_FOOTER_BYTES = 32
_ID3_OLD = 2
_MOST_BOXES = 32
"""Boxes looked at for the movie's own, so that a fragmented file is not walked to its end."""
_ITEM_LISTS = ((b"udta", b"meta", b"ilst"), (b"meta", b"ilst"), (b"udta",))
_APE_TAGGED = (b"MAC ", b"wvpk", b"MPCK", b"MP+", b"ID3", b"\xff")
"""How files begin that have their tags at the end."""


def has_too_many_tags(source: Source) -> bool:
    """Whether the file declares more than MOST_TAGS."""
    head = source.peek_at(0, 16)
    if head.startswith(b"ID3") and _id3_frames(source) > MOST_TAGS:
        return True
    if head.startswith(b"fLaC"):
        return _flac_comments(source) > MOST_TAGS
    if head.startswith(b"OggS"):
        return _ogg_comments(source) > MOST_TAGS
    if head[4:8] == b"ftyp":
        return _mp4_items(source) > MOST_TAGS
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return matroska_tags(source, MOST_TAGS) > MOST_TAGS
    return head.startswith(_APE_TAGGED) and _ape_items(source) > MOST_TAGS


def _id3_frames(source: Source) -> int:
    """Frames of the tag at the start, up to one more than is allowed."""
    head = source.peek_at(0, 10)
    if len(head) < 10:
        return 0
    version, end = head[3], 10 + _synchsafe(head[6:10])
    header = 6 if version == _ID3_OLD else 10
    at, frames = 10, 0
    while at + header <= end and frames <= MOST_TAGS:
        frame = source.peek_at(at, header)
        if len(frame) < header or not frame[0]:
            break
        if version == _ID3_OLD:
            size = int.from_bytes(frame[3:6], "big")
        else:
            size = _synchsafe(frame[4:8]) if version > 3 else int.from_bytes(frame[4:8], "big")
        at += header + size
        frames += 1
    return frames


def _synchsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value


def _flac_comments(source: Source) -> int:
    at = 4
    for _ in range(_MOST_BLOCKS):
        head = source.peek_at(at, 4)
        if len(head) < 4:
            break
        if head[0] & 0x7F == _FLAC_COMMENT:
            return _comments(source, at + 4)
        if head[0] & 0x80:
            break
        at += 4 + int.from_bytes(head[1:], "big")
    return 0


def _ogg_comments(source: Source) -> int:
    head = source.peek_at(0, _HEAD_BYTES)
    places = [at + len(mark) for mark in _COMMENTS if (at := head.find(mark)) >= 0]
    return max((_comments(source, at) for at in places), default=0)


def _comments(source: Source, at: int) -> int:
    """The count that stands behind the name of the program."""
    length = int.from_bytes(source.peek_at(at, 4), "little")
    return int.from_bytes(source.peek_at(at + 4 + length, 4), "little")


def _mp4_items(source: Source) -> int:
    moov = next((box for box in islice(boxes(source), _MOST_BOXES) if box.kind == b"moov"), None)
    if moov is None:
        return 0
    counts = [0]
    for *parents, last in _ITEM_LISTS:
        holder = moov
        if parents:
            inner = find_box(source, *parents, start=moov.start, end=moov.start + moov.length)
            if inner is None:
                continue
            holder = inner
        # A meta box is a full box in MP4 and a plain one in QuickTime.
        for skipped in (0, 4):
            start, end = holder.start + skipped, holder.start + holder.length
            found = find_box(source, last, start=start, end=end)
            if found is not None:
                counts.append(_count(source, found.start, found.start + found.length))
    return max(counts)


def _count(source: Source, start: int, end: int) -> int:
    """Boxes between two offsets, up to one more than is allowed."""
    count = 0
    while count <= MOST_TAGS:
        last = None
        for box in islice(boxes(source, start, end), MOST_TAGS):
            last, count = box, count + 1
        if last is None:
            break
        start = last.start + last.length
    return count


def _ape_items(source: Source) -> int:
    footer = source.peek_at(max(source.size - _APE_FOOTER_BYTES, 0), _APE_FOOTER_BYTES)
    return int(struct.unpack_from("<I", footer, 16)[0]) if footer.startswith(b"APETAGEX") else 0
