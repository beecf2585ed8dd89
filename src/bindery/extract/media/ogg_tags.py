"""Finds and counts the comments of an Ogg file by its first packets.

Source: RFC 3533 (pages and packets), the Vorbis comment header and its use in Opus (RFC 7845, 5.2), Theora,
VP8, Speex, CELT and FLAC in Ogg (RFC 9639, 10.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

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
    at = 0
    for _ in range(_MOST_PAGES):
        head = source.peek_at(at, _PAGE_HEAD_BYTES)
        if len(head) < _PAGE_HEAD_BYTES or not head.startswith(b"OggS") or len(streams) > _MOST_STREAMS:
            break
        lacing = source.peek_at(at + _PAGE_HEAD_BYTES, head[26])
        start, length = at + _PAGE_HEAD_BYTES + len(lacing), sum(lacing)
        stream = streams.setdefault(struct.unpack_from("<I", head, 14)[0], _Stream())
        if stream.size < _PACKET_BYTES:
            stream.add(lacing, source.peek_at(start, length))
        elif all(one.size >= _PACKET_BYTES for one in streams.values()):
            break
        at = start + length
    return [bytes(packet) for stream in streams.values() for packet in stream.comment_packets()]


def _count(packet: bytes) -> int:
    """The count that stands behind the name of the program."""
    length = int.from_bytes(packet[:4], "little")
    return int.from_bytes(packet[4 + length : 8 + length], "little")
