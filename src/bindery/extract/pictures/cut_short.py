"""Whether a picture ends before its own header says, as after an upload that broke off.

Only what costs little is compared with the size of the file: lengths of boxes, chunks and strips that are read anyway.
A JPEG tells no length, so its last bytes are read: one request of 4 KiB, and of none where the file was read whole.
A part that was lost in the middle, or is all zeros, is not found.

Source: ITU-T T.81 B.1.1 (markers, stuffed zeros, EOI); ISO/IEC 14496-12 (box sizes); TIFF 6.0 (StripOffsets,
StripByteCounts, TileOffsets, TileByteCounts).
"""

from __future__ import annotations

import re
import struct

from bindery.extract.tags.tiff import Directory, Source

TAIL_BYTES = 4096
_END_OF_IMAGE = b"\xff\xd9"
_STUFFED = re.compile(rb"\xff[\0\xd0-\xd7]")
_OTHER_MARKER = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")
_LEAST_STUFFED = 4
"""In 4 KiB of a scan stand 16 stuffed zeros on an average, and fewer than four in one of ten thousand."""
_WHOLE_BYTES = 64 * 1024
_MOST_BOXES = 8
_STRIPS = ((273, 279), (324, 325))


def jpeg_is_cut(source: Source, scan: int) -> bool:
    """Whether a JPEG whose first scan begins at an offset has no end.

    What may follow the end, such as the film of a motion photo, is not taken for a scan: there is hardly a byte 0xFF
    in a scan without a zero behind it, and hardly one with it elsewhere.
    """
    if source.size <= _WHOLE_BYTES:
        return source.peek_at(scan, source.size).rfind(_END_OF_IMAGE) < 0
    tail = source.last(TAIL_BYTES)
    if _END_OF_IMAGE in tail or _OTHER_MARKER.search(tail):
        return False
    return len(_STUFFED.findall(tail)) >= _LEAST_STUFFED


def boxes_are_cut(source: Source) -> bool:
    """Whether one of the first boxes of an ISO base media file, or a JPEG 2000 file, ends behind the file."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = source.peek_at(at, 16)
        if len(head) < 16:
            return 0 < len(head) < 8
        size = int(struct.unpack_from(">I", head)[0])
        if size == 1:
            size = int(struct.unpack_from(">Q", head, 8)[0])
        if at + size > source.size:
            return True
        if size < 8 or at + size >= _WHOLE_BYTES:
            return False
        at += size
    return False


def strips_are_cut(directory: Directory, size: int) -> bool:
    """Whether the last strip or tile of a picture ends behind a file of so many bytes."""
    for offsets, lengths in _STRIPS:
        start, length = directory.last(offsets), directory.last(lengths)
        if start is not None and length is not None and start + length > size:
            return True
    return False
