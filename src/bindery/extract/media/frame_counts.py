"""The length of MPEG audio and of AAC in ADTS by counting frames, which have no header that tells it.

A stream of up to 1 MiB is counted whole. Of a longer one pieces are looked at: frames of one bit rate are as good as
counted, for others the length is an estimate, and told as such.

Source: ISO/IEC 11172-3, 2.4.1.3 and ISO/IEC 13818-3 (frame header), ISO/IEC 13818-7, 6.2 (ADTS); the Xing and Info
header as LAME writes it, and Fraunhofer's VBRI header.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from bindery.extract.media.id3_tags import id3_end
from bindery.extract.media.tag_blocks.ape import tags_at_end
from bindery.extract.tags.tiff import Source
from bindery.extract.types.mpeg_audio import (
    Sound,
    adts_frame_bytes,
    adts_sound,
    mpeg_frame_bytes,
    mpeg_sound,
)

_WHOLE_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024
_PIECES = 8
_MOST_JUNK = 256 * 1024
"""Bytes in front of the first frame."""
_IN_A_ROW = 3
_HEADER_BYTES = 7
_SYNC = re.compile(rb"\xff[\xe0-\xff]")
_MOST_CANDIDATES = 5_000
"""Bytes that may begin a frame, looked at in one search; 256 KiB of anything have some hundred."""
_MOST_SEARCHES = 50
_MOST_FRAMES = 50_000
"""Counted of one piece; 1 MiB of an honest stream has less."""


class Length(NamedTuple):
    """Seconds of a stream, and whether they were counted or estimated."""

    seconds: float
    rate: int
    """Samples in a second."""
    estimated: bool = False
    declared: bool = False
    """By a header of the encoder."""


class _Format(NamedTuple):
    length_of: Callable[[bytes, int], int]
    sound_of: Callable[[bytes], Sound]
    kept: tuple[int, int]
    """The bits of the second and the third byte that all frames of a stream share."""
    rate_bits: int
    """Those of the third byte that tell the bit rate."""


_MPEG = _Format(mpeg_frame_bytes, mpeg_sound, (0xFE, 0x0C), 0xF0)
_ADTS = _Format(adts_frame_bytes, adts_sound, (0xF6, 0xFC), 0)


class _Piece(NamedTuple):
    frames: int
    span: int
    """Bytes from the first of them to the last, with what stands between them."""
    rates: frozenset[int]


def mpeg_length(source: Source) -> Length | None:
    """The length of a stream of MPEG audio, with the padding of its encoder; None where no frames are found."""
    return _length(source, _MPEG)


def adts_length(source: Source) -> Length | None:
    """The length of a stream of AAC in ADTS."""
    return _length(source, _ADTS)


def counted_length(source: Source) -> Length | None:
    """The same by the frames that are there, whatever a header of the encoder tells."""
    return _length(source, _MPEG, believe=False)


def _length(source: Source, form: _Format, *, believe: bool = True) -> Length | None:
    start, end = id3_end(source), tags_at_end(source)
    head = source.peek_at(start, min(_PIECE_BYTES, max(end - start, 0)))
    # Behind the frame of an encoder's header there may be something else.
    at = 0 if form is _MPEG and mpeg_frame_bytes(head, 0) and _declared(head[:64]) else -1
    at = _next_frame(head, 0, form) if at < 0 else at
    if at < 0 and end - start > len(head):
        head = source.peek_at(start, min(_MOST_JUNK, end - start))
        at = _next_frame(head, 0, form)
    if at < 0:
        return None
    first = head[at : at + _HEADER_BYTES]
    sound = form.sound_of(first)
    if form is _MPEG:
        declared = _declared(head[at : at + 64])
        if declared and believe:
            return Length(round(declared * sound.samples / sound.rate, 6), sound.rate, declared=True)
        if declared is not None:
            # The frame of the encoder's header has no sound.
            at += form.length_of(head, at)
    return _count(source, start + at, end, first, form, sound)


def _declared(frame: bytes) -> int | None:
    """Frames by the header of the encoder: 0 where it does not say, None where there is no such header."""
    version, mono = frame[1] >> 3 & 3, frame[3] >> 6 == 3
    at = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    if frame[at : at + 4] in (b"Xing", b"Info") and len(frame) >= at + 12:
        return int.from_bytes(frame[at + 8 : at + 12], "big") if frame[at + 7] & 1 else 0
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        return int.from_bytes(frame[50:54], "big")
    return None


def _count(
    source: Source, start: int, end: int, first: bytes, form: _Format, sound: Sound
) -> Length | None:
    if end - start <= _WHOLE_BYTES:
        whole = _piece(source.peek_at(start, end - start), first, form)
        if whole.frames >= _MOST_FRAMES:
            return _of_frames((end - start) * whole.frames / whole.span, sound, estimated=True)
        return _of_frames(whole.frames, sound) if whole.frames else None
    places = [start + (end - start - _PIECE_BYTES) * number // (_PIECES - 1) for number in range(_PIECES)]
    front = _piece(source.peek_at(start, _PIECE_BYTES), first, form)
    back = _piece(source.peek_at(places[-1], _PIECE_BYTES), first, form)
    pieces = [front, back]
    constant = form.rate_bits and len(front.rates | back.rates) == 1 and back.frames
    if not constant:
        pieces += [_piece(source.peek_at(place, _PIECE_BYTES), first, form) for place in places[1:-1]]
    frames, span = sum(piece.frames for piece in pieces), sum(piece.span for piece in pieces)
    if not frames:
        return None
    # Where a piece holds something else than frames, so does its part of the file.
    return _of_frames((end - start) * frames / span, sound, estimated=not constant)


def _of_frames(frames: float, sound: Sound, *, estimated: bool = False) -> Length:
    return Length(round(frames * sound.samples / sound.rate, 6), sound.rate, estimated)


def _piece(data: bytes, first: bytes, form: _Format) -> _Piece:
    """The frames within some bytes; what is no frame is passed over."""
    frames = at = tried = end = 0
    begin = len(data)
    rates: set[int] = set()
    length_of, rate_bits = form.length_of, form.rate_bits
    second, third = form.kept
    kept = first[1] & second, first[2] & third
    while 0 <= at < len(data) - _HEADER_BYTES and frames < _MOST_FRAMES:
        length = length_of(data, at) if (data[at + 1] & second, data[at + 2] & third) == kept else 0
        if not length:
            tried += 1
            at = _next_frame(data, at, form, first) if tried <= _MOST_SEARCHES else -1
            continue
        # A block is what one ADTS frame mostly holds, but it may hold four.
        frames += 1 if rate_bits else 1 + (data[at + 6] & 3)
        begin, end = min(begin, at), at + length
        rates.add(data[at + 2] & rate_bits)
        at += length
    return _Piece(frames, end - begin if frames else 0, frozenset(rates))


def _next_frame(data: bytes, at: int, form: _Format, first: bytes | None = None) -> int:
    """Where a frame begins that others of its kind follow; -1 where none does."""
    second, third = form.kept
    for _, match in zip(range(_MOST_CANDIDATES), _SYNC.finditer(data, at), strict=False):
        place = match.start()
        head = first or data[place : place + 3]
        follows, seen = place, 0
        while seen < _IN_A_ROW and follows < len(data) - _HEADER_BYTES:
            if (
                len(head) < 3
                or (data[follows + 1] ^ head[1]) & second
                or (data[follows + 2] ^ head[2]) & third
            ):
                break
            length = form.length_of(data, follows)
            if not length:
                break
            follows, seen = follows + length, seen + 1
        # At the end of the data fewer must do.
        if seen == _IN_A_ROW or (seen and follows >= len(data) - _HEADER_BYTES):
            return place
    return -1
