"""What a stream of a PDF weighs once PDFium has unpacked and understood it, told before PDFium gets it.

A page of some kilobytes can unpack to gigabytes, and its drawing commands to objects of fifty times their size; an
allocation that fails ends PDFium's process. Source of the filters: ISO 32000-1, 7.4; the weights were measured.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator

_PIECE_BYTES = 1024 * 1024
_MOST_LAYERS = 4
_ZLIB = re.compile(rb"[\x08\x18\x28\x38\x48\x58\x68\x78][\x01\x5e\x9c\xda]")
_BASE_85 = re.compile(rb"(?:<~)?[!-uz\s]{64}")
_HEX = re.compile(rb"[0-9A-Fa-f\s]{64}")
_LEAST_LZW_BYTES = 32 * 1024
_LZW_RATIO = 1_300
_LZW_SHARE = 6
"""A stream that begins as LZW does and packs again to a sixth is taken for a bomb."""
_FONTS = (b"\0\1\0\0", b"OTTO", b"true", b"ttcf", b"%!", b"\1\0\4")
_SAMPLE_BYTES, _SAMPLE_STEP, _PACKED_SAMPLE = 512, 4 * 1024, 64
_USUAL_RATIO = 8
"""To which a stream unpacks of which no part packs again."""
_FEW_BYTES = 512 * 1024
_FEW_WEIGHT = 8
"""Of each byte of a stream too small to do harm, in which commands are not counted."""
_COMMANDS = ((b"Tj", 650), (b"TJ", 650), (b"q", 170), (b"Do", 400))
"""Bytes of memory a command takes."""
_PAINTS, _PAINT_BYTES = b"fFSsBbn", 350
"""Commands of one letter each; a letter that is shown as text takes less, and a path hardly more than its numbers."""


def weight(data: bytes, most: int, *, drawn: bool) -> int:
    """About how many bytes of memory a stream takes; when it is more than ``most`` it is not looked through.

    ``drawn`` when it may be commands of a page; else what is not packed weighs nothing, for it is no more than is read.
    """
    data = _without_letters(data)
    if _ZLIB.match(data) is None:
        if _is_lzw(data):
            return len(data) * _LZW_RATIO
        return _drawn_weight(data, len(data)) if drawn and not data.startswith(_FONTS) else 0
    if len(data) > _SAMPLE_STEP and not _packs_again(data):
        return len(data) * _USUAL_RATIO
    drawn = drawn and not _begins_as_font(data)
    total = size = 0
    for piece in _unpacked(iter((data,)), _MOST_LAYERS):
        size += len(piece)
        total += _drawn_weight(piece, size) if drawn else len(piece)
        if total > most:
            break
    return total


def _without_letters(data: bytes) -> bytes:
    """The bytes of a stream that stands in the file as letters."""
    end = data[-64:].rstrip()
    try:
        if end.endswith(b"~>") and _BASE_85.match(data):
            return base64.a85decode(
                data[: data.rindex(b"~>")].removeprefix(b"<~"), ignorechars=b" \t\n\r\v\0"
            )
        if end.endswith(b">") and _HEX.match(data):
            digits = re.sub(rb"[^0-9A-Fa-f]", b"", data)
            return binascii.unhexlify(digits[: len(digits) // 2 * 2])
    except ValueError:
        pass
    return data


def _is_lzw(data: bytes) -> bool:
    """Whether it begins with a code of nine bits that clears the table, and repeats itself."""
    if len(data) < _LEAST_LZW_BYTES or data[0] != 0x80 or data[1] >= 0x80:
        return False
    return len(zlib.compress(data[:_LEAST_LZW_BYTES], 1)) < _LEAST_LZW_BYTES // _LZW_SHARE


def _packs_again(data: bytes) -> bool:
    """Whether a part of a packed stream packs again: such a part unpacks to a hundred times its size and more."""
    samples = (data[at : at + _SAMPLE_BYTES] for at in range(0, len(data), _SAMPLE_STEP))
    return any(len(zlib.compress(sample, 1)) < _PACKED_SAMPLE for sample in samples)


def _begins_as_font(packed: bytes) -> bool:
    return zlib.decompressobj().decompress(packed[:256], 4).startswith(_FONTS) if packed else False


def _unpacked(pieces: Iterator[bytes], layers: int) -> Iterator[bytes]:
    """The innermost of streams that are packed within each other, piece by piece."""
    if not layers:
        yield from pieces
        return
    inner = _inflated(pieces)
    first = next(inner, b"")
    rest = _joined(first, inner)
    yield from _unpacked(rest, layers - 1) if _ZLIB.match(first) else rest


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacking = zlib.decompressobj()
    try:
        for piece in pieces:
            left = piece
            while left and not unpacking.eof:
                yield unpacking.decompress(left, _PIECE_BYTES)
                left = unpacking.unconsumed_tail
    except zlib.error:
        return


def _drawn_weight(piece: bytes, size: int) -> int:
    """Of a piece of a stream that is of so many bytes up to there."""
    if size <= _FEW_BYTES:
        return _FEW_WEIGHT * len(piece)
    paints = len(piece) - len(piece.translate(None, _PAINTS))
    commands = sum(piece.count(command) * taken for command, taken in _COMMANDS)
    return 2 * len(piece) + paints * _PAINT_BYTES + commands
