"""Reads the descriptions of RealMedia and RealAudio files, whose charset nobody tells.

Source: RealMedia File Format (content description header); the headers of RealAudio 3, 4 and 5 as FFmpeg's and
exiftool's documentation have them.
"""

from __future__ import annotations

from bindery.extract.media.tag_blocks.id3 import read_id3v1
from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Family, RawTags, utf8_or_bytes
from bindery.extract.tags.tiff import Source

_NAMES = ("Title", "Author", "Copyright", "Comment")
_DESCRIPTION = b"CONT"
_HEAD_BYTES = 10
"""Of a chunk: its name, its size with this head, its version."""
_MOST_CHUNKS = 64
_OLD_HEADER = 4_096
_FIRST_TEXT_OF_3 = 22
_NAMES_OF_4 = 56


def read_real_media(source: Source, raw: RawTags) -> None:
    """The content description, and the ID3v1 tag that RealPlayer puts behind a song."""
    at = 0
    for _ in range(_MOST_CHUNKS):
        head = source.peek_at(at, _HEAD_BYTES)
        size = int.from_bytes(head[4:8], "big")
        if len(head) < _HEAD_BYTES or size < _HEAD_BYTES or head[:4] == b"DATA":
            break
        if head[:4] == _DESCRIPTION:
            length = min(size - _HEAD_BYTES, LONGEST_VALUE)
            _add_texts(raw, source.peek_at(at + _HEAD_BYTES, length), width=2)
        at += size
    read_id3v1(source, raw)


def read_real_audio(source: Source, raw: RawTags) -> None:
    """The texts of an old header, each behind a byte that counts its own."""
    head = source.peek_at(0, _OLD_HEADER)
    version = int.from_bytes(head[4:6], "big")
    if version == 3:
        _add_texts(raw, head[_FIRST_TEXT_OF_3:], width=1)
    elif version == 4 and len(head) > 57:
        # Behind the names of the interleaver and of the codec, and three bytes.
        at = _NAMES_OF_4
        for _ in range(2):
            at += 1 + (head[at] if at < len(head) else 0)
        _add_texts(raw, head[at + 3 :], width=1)


def _add_texts(raw: RawTags, data: bytes, width: int) -> None:
    block = raw.block(Family.REAL)
    at = 0
    for name in _NAMES:
        size = int.from_bytes(data[at : at + width], "big")
        raw.add(block, name, utf8_or_bytes(data[at + width : at + width + size]))
        at += width + size
