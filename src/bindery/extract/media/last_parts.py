"""Whether the last page, frame or tag of an Ogg, FLAC or FLV file is the last one that its writer made.

Source: RFC 3533, 6 (pages, end of stream); RFC 9639, 8.2 (streaminfo), 9.1 (frame header, its numbers and its CRC);
Adobe's Flash Video File Format 10.1, E.3 and E.5 (PreviousTagSize, filesize).
"""

from __future__ import annotations

import re

from bindery.extract.media.flash_tags import flv_number
from bindery.extract.media.tag_blocks.ape import tags_at_end
from bindery.extract.reader import RangeReader
from bindery.extract.tags.tiff import Source

LONGEST_PAGE = 27 + 255 + 255 * 255
_END_OF_STREAM = 4
_LONGEST_TAIL = 64 * 1024
_USUAL_FRAME = 24 * 1024
_LONGEST_HEADER = 16
_FRAME = re.compile(rb"\xff[\xf8\xf9]")
_BLOCK_SIZES = {
    1: 192,
    **{code: 144 << code for code in range(2, 6)},
    **{code: 1 << code for code in range(8, 16)},
}
_TAG_HEAD_BYTES = 11
_FLV_KINDS = frozenset((8, 9, 18))


def ogg_ends_late(source: Source) -> bool:
    """Whether the last page reaches beyond the end, or is no last page of a stream."""
    tail = end_of(source, source.size, LONGEST_PAGE)
    at = tail.rfind(b"OggS")
    if at < 0:
        return False
    head = tail[at : at + 27]
    if len(head) < 27:
        return True
    lacing = tail[at + 27 : at + 27 + head[26]]
    end = at + 27 + head[26] + sum(lacing)
    return len(lacing) < head[26] or end > len(tail) or not head[5] & _END_OF_STREAM


def flac_ends_late(source: Source) -> bool:
    """Whether the last frame ends before the samples that the header counts. A cut within it is not seen."""
    info = source.peek_at(8, 18)
    total = int.from_bytes(info[13:18], "big") & 0xFFFFFFFFF
    if len(info) < 18 or source.peek_at(4, 1)[0] & 0x7F or not total:
        return False
    block, longest = int.from_bytes(info[2:4], "big"), int.from_bytes(info[7:10], "big")
    end = tags_at_end(source)
    length = min((longest or _USUAL_FRAME) + _LONGEST_HEADER, _LONGEST_TAIL)
    tail = end_of(source, end, length)
    frames = [_frame_end(tail, match.start(), block) for match in _FRAME.finditer(tail)]
    ends = [frame for frame in frames if frame is not None and frame <= total]
    if ends:
        return max(ends) < total
    # The last frame begins in a tail that is longer than every frame.
    return bool(longest) or len(tail) == source.size


def _frame_end(data: bytes, at: int, block: int) -> int | None:
    """The number of the sample behind a frame whose header stands there."""
    head = data[at : at + _LONGEST_HEADER]
    if len(head) < 6:
        return None
    code, length = head[2] >> 4, _coded_length(head[4])
    if not length or head[3] & 1:
        return None
    number = _coded(head[4 : 4 + length])
    place = 4 + length + {6: 1, 7: 2}.get(code, 0)
    size = (
        int.from_bytes(head[4 + length : place], "big") + 1 if code in (6, 7) else _BLOCK_SIZES.get(code, 0)
    )
    place += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if not size or place >= len(head) or _crc8(head[:place]) != head[place]:
        return None
    return number + size if head[1] & 1 else number * block + size


def _coded_length(first: int) -> int:
    """Bytes of a number coded as UTF-8 does it; 0 for none."""
    ones = 8 - (first ^ 0xFF).bit_length()
    return 1 if ones == 0 else 0 if ones in (1, 8) else ones


def _coded(data: bytes) -> int:
    value = data[0] & (0x7F if len(data) == 1 else 0x7F >> len(data))
    for byte in data[1:]:
        value = value << 6 | byte & 0x3F
    return value


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1) ^ (0x107 if value & 0x80 else 0)
    return value


def flv_ends_late(source: Source) -> bool:
    """Whether the metadata count more bytes than there are, or the last tag does not end where its size says."""
    told = flv_number(source, b"filesize")
    if told:
        return told > source.size
    tail = source.peek_at(source.size - 4, 4) if source.size > 4 else b""
    size = int.from_bytes(tail, "big")
    if not size:
        return False
    head = source.peek_at(source.size - 4 - size, _TAG_HEAD_BYTES) if size + 13 <= source.size else b""
    return (
        len(head) < _TAG_HEAD_BYTES
        or head[0] & 0x1F not in _FLV_KINDS
        or int.from_bytes(head[1:4], "big") + 11 != size
    )


def end_of(source: Source, end: int, length: int) -> bytes:
    """The last bytes before an offset; of a file that is far away no more than these."""
    length = min(length, end)
    if isinstance(source, RangeReader) and end == source.size:
        return source.last(length)
    return source.peek_at(end - length, length)
