"""Finds and counts the comments of an Ogg file by its first packets.

Source: RFC 3533 (pages and packets), the Vorbis comment header and its use in Opus (RFC 7845, 5.2), Theora,
VP8, Speex, CELT and FLAC in Ogg (RFC 9639, 10.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from bindery.extract.tags.tiff import Source

_PAGE_HEAD_BYTES = 27
_MOST_PAGES = 64
_MOST_STREAMS = 16
_PACKET_BYTES = 256 * 1024
"""Looked at of each stream: its comments begin behind the name of a program."""
_MARKS = (b"\x03vorbis", b"OpusTags", b"\x81theora", b"OVP80\x02 ")
_BARE = (b"Speex   ", b"CELT    ")
_FLAC = b"\x7fFLAC"
_FLAC_COMMENT = 4


class _Stream:
    """The first packets of a stream."""

    def __init__(self) -> None:
        self.packets = [bytearray()]
        self.size = 0

    def add(self, lacing: bytes, data: bytes) -> None:
        at = 0
        for size in lacing:
            self.packets[-1] += data[at : at + size]
            at += size
            if size < 255:
                self.packets.append(bytearray())
        self.size += len(data)

    def comment_packets(self) -> Iterator[bytearray]:
        """Comment headers without their marks."""
        first = bytes(self.packets[0][:8])
        if first in _BARE and len(self.packets) > 1:
            yield self.packets[1]
        for packet in self.packets:
            mark = next((mark for mark in _MARKS if packet.startswith(mark)), None)
            if mark is not None:
                yield packet[len(mark) :]
            elif first.startswith(_FLAC) and packet[:1] and packet[0] & 0x7F == _FLAC_COMMENT:
                yield packet[4:]


def ogg_comments(source: Source) -> int:
    """Comments that the streams of the first pages declare."""
    return sum(_count(packet) for packet in comment_packets(source))


def comment_packets(source: Source) -> list[bytes]:
    """Comment headers of the streams of the first pages, from the name of their program on; long ones are cut."""
    streams: dict[int, _Stream] = {}
    for page in _pages(source):
        stream = streams.setdefault(page.stream, _Stream())
        if len(streams) > _MOST_STREAMS:
            break
        if stream.size < _PACKET_BYTES:
            stream.add(page.lacing, source.peek_at(page.start, page.end - page.start))
        elif all(one.size >= _PACKET_BYTES for one in streams.values()):
            break
    return [bytes(packet) for stream in streams.values() for packet in stream.comment_packets()]


def comment_counts(source: Source) -> Iterator[tuple[int, int, int]]:
    """Pages that hold the count of a comment header: offset and size of the page, place of the count in it."""
    firsts: dict[int, bytes] = {}
    packets: dict[int, int] = {}
    for page in _pages(source):
        at, begins = page.start, not page.continued
        for size in page.lacing:
            if begins:
                head = source.peek_at(at, 8)
                number = packets.get(page.stream, 0)
                packets[page.stream] = number + 1
                mark = _mark(firsts.setdefault(page.stream, head), number, head)
                if mark is not None:
                    vendor = int.from_bytes(source.peek_at(at + mark, 4), "little")
                    yield page.begin, page.end - page.begin, at + mark + 4 + vendor - page.begin
            begins = size < 255
            at += size


def _mark(first: bytes, number: int, head: bytes) -> int | None:
    """How long the mark of a comment header is; None when a packet is none."""
    if number == 1 and first in _BARE:
        return 0
    if first.startswith(_FLAC) and head[:1] and head[0] & 0x7F == _FLAC_COMMENT:
        return 4
    return next((len(mark) for mark in _MARKS if head.startswith(mark)), None)


class _Page(NamedTuple):
    begin: int
    start: int
    """Where its packets begin."""
    end: int
    stream: int
    lacing: bytes
    continued: bool


def _pages(source: Source) -> Iterator[_Page]:
    at = 0
    for _ in range(_MOST_PAGES):
        head = source.peek_at(at, _PAGE_HEAD_BYTES)
        if len(head) < _PAGE_HEAD_BYTES or not head.startswith(b"OggS"):
            return
        lacing = source.peek_at(at + _PAGE_HEAD_BYTES, head[26])
        start = at + _PAGE_HEAD_BYTES + len(lacing)
        end = start + sum(lacing)
        stream: int = struct.unpack_from("<I", head, 14)[0]
        yield _Page(at, start, end, stream, lacing, bool(head[5] & 1))
        at = end


def _count(packet: bytes) -> int:
    """The count that stands behind the name of the program."""
    length = int.from_bytes(packet[:4], "little")
    return int.from_bytes(packet[4 + length : 8 + length], "little")
