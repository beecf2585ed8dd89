"""Reads the titles and the messages of tracker modules, which libav does not open.

Source: ITTECH.TXT (Impulse Tracker 2.14), XM.TXT (FastTracker 2), S3M.TXT (Scream Tracker 3.2): texts are in code
page 437, and authors write into the names of instruments.
"""

from __future__ import annotations

import struct

from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Family, RawTags
from bindery.extract.tags.tiff import Source

_TITLE_BYTES = 26
_HAS_MESSAGE = 1


def read_impulse_tracker(source: Source, raw: RawTags) -> None:
    """The title and the message of an IT file."""
    block = raw.block(Family.MODULE)
    raw.add(block, "Title", _text(source.peek_at(4, _TITLE_BYTES)))
    head = source.peek_at(0, 0x40)
    if len(head) < 0x40:
        return
    special, size, at = (*struct.unpack_from("<H", head, 0x2E), *struct.unpack_from("<HI", head, 0x36))
    if special & _HAS_MESSAGE and size:
        raw.add(block, "Comment", _text(source.peek_at(at, min(size, LONGEST_VALUE))))


def read_extended_module(source: Source, raw: RawTags) -> None:
    """The title of an XM file, and the program that made it."""
    block = raw.block(Family.MODULE)
    raw.add(block, "Title", _text(source.peek_at(17, 20)))
    raw.add(block, "Encoder", _text(source.peek_at(38, 20)))


def read_scream_tracker(source: Source, raw: RawTags) -> None:
    """The title of an S3M file."""
    raw.add(raw.block(Family.MODULE), "Title", _text(source.peek_at(0, 28)))


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode("cp437").replace("\r", "\n").strip()
