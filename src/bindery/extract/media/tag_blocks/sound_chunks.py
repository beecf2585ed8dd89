"""Reads the texts of CAF, IFF 8SVX, TwinVQ and AU files.

Source: Apple's Core Audio Format (information chunk); EA IFF 85 and 8SVX (NAME, AUTH, ANNO, (c)); the chunks of
TwinVQ as FFmpeg has them; the header of Sun's AU.
"""

from __future__ import annotations

from itertools import islice

from bindery.extract.media.chunk_tags import chunks
from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Family, RawTags, utf8_or_bytes
from bindery.extract.tags.tiff import Source

_MOST_CHUNKS = 1_000
_MOST_INFO_BYTES = 1024 * 1024
_ABOUT_THE_SOUND = frozenset(
    {"approximate duration in seconds", "nominal bit rate", "channel layout", "channel configuration"}
)
_AU_HEAD_BYTES = 24
_NOT_TEXTS = frozenset(
    {b"VHDR", b"BODY", b"CHAN", b"ATAK", b"RLSE", b"COMM", b"DATA", b"DSIZ", b"SECU", b"PAN ", b"SEQN"}
)
_LONGEST_TEXT_CHUNK = 64 * 1024


def read_caf(source: Source, raw: RawTags) -> None:
    """Keys and values of the information chunks."""
    for chunk in islice(chunks(source, 8, source.size, ">4sq", even=False), _MOST_CHUNKS):
        if chunk.kind != b"info":
            continue
        block = raw.block(Family.CHUNKS)
        data = source.peek_at(chunk.start + 4, min(chunk.end - chunk.start - 4, _MOST_INFO_BYTES))
        texts = data.split(b"\0")
        for key, value in zip(texts[::2], texts[1::2], strict=False):
            if raw.full:
                raw.left_out += 1
                return
            name = key.decode("utf-8", "replace")
            if name not in _ABOUT_THE_SOUND:
                raw.add(block, name, utf8_or_bytes(value))


def read_svx(source: Source, raw: RawTags) -> None:
    """The text chunks of an 8SVX or 16SV file."""
    _read_texts(source, raw, 12)


def read_vqf(source: Source, raw: RawTags) -> None:
    """The text chunks in the header of a TwinVQ file."""
    size = int.from_bytes(source.peek_at(12, 4), "big")
    _read_texts(source, raw, 16, 16 + size, even=False)


def _read_texts(
    source: Source, raw: RawTags, at: int, end: int | None = None, *, even: bool = True
) -> None:
    block = raw.block(Family.CHUNKS)
    stop = source.size if end is None else min(end, source.size)
    for chunk in islice(chunks(source, at, stop, ">4sI", even=even), _MOST_CHUNKS):
        size = chunk.end - chunk.start
        if (
            chunk.kind not in _NOT_TEXTS
            and size <= _LONGEST_TEXT_CHUNK
            and chunk.kind.isascii()
            and not raw.full
        ):
            data = source.peek_at(chunk.start, min(size, LONGEST_VALUE)).rstrip(b"\0 ")
            raw.add(block, chunk.kind.decode("ascii"), utf8_or_bytes(data))


def read_au(source: Source, raw: RawTags) -> None:
    """The annotation between the header and the sound."""
    start = int.from_bytes(source.peek_at(4, 4), "little" if source.peek_at(0, 4) == b"dns." else "big")
    if start <= _AU_HEAD_BYTES:
        return
    data = source.peek_at(_AU_HEAD_BYTES, min(start - _AU_HEAD_BYTES, LONGEST_VALUE)).split(b"\0")[0]
    if data.isascii() and not data.decode("ascii").isprintable() and b"\n" not in data:
        return
    raw.add(raw.block(Family.CHUNKS), "ANNO", utf8_or_bytes(data.strip()))
