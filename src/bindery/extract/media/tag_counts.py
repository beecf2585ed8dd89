"""How many tags a media file declares, before libav sees it.

libav looks through all tags for each new one, so that a file of a few MB with 200,000 of them takes minutes.

Source: the Vorbis comment header and its use in FLAC (RFC 9639, 8.6), the APE tag version 2, ISO/IEC 14496-12
(boxes) and the QuickTime metadata of ``ilst``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import islice

from bindery.extract.media.chunk_tags import ASF_HEAD, aiff_tags, asf_tags, caf_tags, dsf_tags, riff_tags
from bindery.extract.media.flash_tags import flv_names
from bindery.extract.media.id3_tags import id3_tags
from bindery.extract.media.matroska_tags import matroska_tags
from bindery.extract.media.ogg_tags import ogg_comments
from bindery.extract.pictures.boxes import boxes, find_box
from bindery.extract.tags.tiff import Part, Source

MOST_TAGS = 2_000
"""A file has some dozens."""

_FLAC_COMMENT = 4
_MOST_BLOCKS = 128
_APE_FOOTER_BYTES = 32
_MOST_BOXES = 32
"""Boxes looked at for the movie's own, so that a fragmented file is not walked to its end."""
_ITEM_LISTS = ((b"udta", b"meta", b"ilst"), (b"meta", b"ilst"), (b"udta",))
_RIFF = frozenset({b"RIFF", b"RIFX", b"RF64", b"BW64"})
_APE_TAGGED = (b"MAC ", b"wvpk", b"MPCK", b"MP+", b"\xff")
"""How files begin that have their tags at the end."""


def has_too_many_tags(source: Source) -> bool:
    """Whether the file declares more than MOST_TAGS."""
    # libav reads these before it looks which format follows.
    tags = id3_tags(source, 0, MOST_TAGS)
    if tags.frames > MOST_TAGS:
        return True
    head = source.peek_at(tags.end, 16)
    tagged = bool(tags.frames) or head.startswith(_APE_TAGGED)
    return _count_by_format(Part(source, tags.end, source.size - tags.end), head) > MOST_TAGS or (
        tagged and _ape_items(source) > MOST_TAGS
    )


def _count_by_format(source: Source, head: bytes) -> int:
    counts: tuple[tuple[bool, Callable[[], int]], ...] = (
        (head.startswith(b"fLaC"), lambda: _flac_comments(source)),
        (head.startswith(b"OggS"), lambda: ogg_comments(source)),
        (head[4:8] == b"ftyp", lambda: _mp4_items(source)),
        (head.startswith(b"\x1a\x45\xdf\xa3"), lambda: matroska_tags(source, MOST_TAGS)),
        (head[:4] in _RIFF, lambda: riff_tags(source, MOST_TAGS)),
        (head[:4] == b"FORM", lambda: aiff_tags(source, MOST_TAGS)),
        (head.startswith(b"caff"), lambda: caf_tags(source)),
        (head.startswith(b"DSD "), lambda: dsf_tags(source, MOST_TAGS)),
        (head.startswith(ASF_HEAD), lambda: asf_tags(source)),
        (head.startswith(b"FLV"), lambda: flv_names(source, MOST_TAGS)),
    )
    return next((count() for fits, count in counts if fits), 0)


def _flac_comments(source: Source) -> int:
    at, comments = 4, 0
    for _ in range(_MOST_BLOCKS):
        head = source.peek_at(at, 4)
        if len(head) < 4:
            break
        if head[0] & 0x7F == _FLAC_COMMENT:
            comments += _comments(source, at + 4)
        if head[0] & 0x80:
            break
        at += 4 + int.from_bytes(head[1:], "big")
    return comments


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
