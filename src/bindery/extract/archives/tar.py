"""Counts the entries of a tar file by walking its headers.

Source: POSIX.1-2017, pax (ustar interchange format, extended headers); GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bindery.extract.extractor import Unreadable

_BLOCK = 512
_MAX_EXTENDED_BYTES = 1024 * 1024
_PAX_SIZE = re.compile(rb"(?:^|\n)\d{1,9} size=(\d{1,20})\n")
_PAX, _PAX_GLOBAL = b"x", b"g"
_OCTAL = re.compile(rb"[0-7]{1,12}")
_ENDS = re.compile(rb"[ \0]")
_BELONGING = (_PAX, _PAX_GLOBAL, b"L", b"K", b"X")
"""Headers that only say more about the next one."""
_WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")

Peek = Callable[[int, int], bytes]
"""Bytes at an offset; fewer at the end. Offsets only grow."""


def is_tar_header(block: bytes) -> bool:
    """Whether the checksum of a header is right."""
    if len(block) < _BLOCK:
        return False
    told = _number(block[148:156])
    return told is not None and told == sum(block[:148]) + 8 * 32 + sum(block[156:_BLOCK])


def count_tar_entries(peek: Peek, limit: int) -> int | None:
    """Entries up to the end mark; None when there are more than ``limit`` headers.

    Raises Unreadable where a header is damaged.
    """
    entries, offset, size_told = 0, 0, None
    for _ in range(limit):
        block = peek(offset, _BLOCK)
        if not block.strip(b"\0"):
            return entries
        if not is_tar_header(block):
            raise Unreadable("ParseFailed", f"the tar file is damaged after {entries} entries")
        kind = block[156:157]
        size = _number(block[124:136]) or 0
        if kind not in _BELONGING:
            entries += 1
            size = 0 if kind in _WITHOUT_CONTENT else size if size_told is None else size_told
            size_told = None
        elif kind == _PAX:
            size_told = _pax_size(peek(offset + _BLOCK, min(size, _MAX_EXTENDED_BYTES)))
        offset += _BLOCK
        if kind == b"S":
            offset += _sparse_blocks(peek, offset, block) * _BLOCK
        offset += -(-size // _BLOCK) * _BLOCK
    return None


def _sparse_blocks(peek: Peek, offset: int, header: bytes) -> int:
    """Blocks that continue the map of a sparse file of GNU tar."""
    more, blocks = header[482:483], 0
    while more not in (b"", b"\0") and blocks < _MAX_EXTENDED_BYTES // _BLOCK:
        more = peek(offset + blocks * _BLOCK, _BLOCK)[504:505]
        blocks += 1
    return blocks


def _pax_size(records: bytes) -> int | None:
    match = _PAX_SIZE.search(records)
    return int(match[1]) if match else None


def _number(field: bytes) -> int | None:
    """A number in octal, or in base 256 where it is large; None when it is neither.

    Digits alone: with a negative size a header would lead back to itself.
    """
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    # It ends at the first blank or NUL; what stands behind may be left from an older number.
    digits = _ENDS.split(field.lstrip(b" \0"), maxsplit=1)[0] or b"0"
    return int(digits, 8) if _OCTAL.fullmatch(digits) else None
