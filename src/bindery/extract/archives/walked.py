"""Counts the entries of archives whose headers stand before each entry: cpio, ar (and deb), LHA, ARJ.

Source: cpio(5) of libarchive (odc, newc, crc, binary); ar(5) and the System V and BSD variants; the header levels
0 to 3 of LHA (LHa for UNIX, header.doc.md); ARJ's technical notes (headers with ID 60 EA).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bindery.extract.extractor import Unreadable

Peek = Callable[[int, int], bytes]
"""Bytes at an offset; fewer at the end. Offsets only grow."""

_CPIO_END = b"TRAILER!!!\0"
_LONGEST_NAME = 64 * 1024
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_OCTAL = re.compile(rb"[0-7]+")
_AR_HEADER, _AR_START = 60, 8
_AR_SYMBOLS = (b"/ ", b"// ", b"/SYM64/ ", b"__.SYMDEF")
_ARJ_ID = b"\x60\xea"
_ARJ_CHAPTER, _ARJ_MAIN = 5, 2


def damaged(kind: str, entries: int) -> Unreadable:
    """The failure of an archive that breaks its format."""
    return Unreadable("ParseFailed", f"the {kind} archive is damaged after {entries} entries")


def count_cpio_entries(peek: Peek, limit: int) -> int | None:
    """Entries up to the trailer; None when there are more than ``limit``. Raises Unreadable."""
    at = 0
    for entries in range(limit):
        found = _cpio_entry(peek, at)
        if found is None:
            raise damaged("cpio", entries)
        name, after = found
        if name == _CPIO_END:
            return entries
        at = after
    return None


def _cpio_entry(peek: Peek, at: int) -> tuple[bytes, int] | None:
    """The name of the entry whose header stands at an offset, and where the next begins."""
    head = peek(at, 110)
    if head[:6] in (b"070701", b"070702") and len(head) == 110 and _HEX.fullmatch(head[6:110]):
        size, length = int(head[54:62], 16), int(head[94:102], 16)
        start = at + 110
        return _cpio_name(peek, start, length), _padded(_padded(start + length, 4) + size, 4)
    if head[:6] == b"070707" and len(head) >= 76 and _OCTAL.fullmatch(head[6:76]):
        size, length = int(head[65:76], 8), int(head[59:65], 8)
        return _cpio_name(peek, at + 76, length), at + 76 + length + size
    if head[:2] in (b"\xc7\x71", b"\x71\xc7") and len(head) >= 26:
        order = "little" if head[:2] == b"\xc7\x71" else "big"
        words = [int.from_bytes(head[place : place + 2], order) for place in range(0, 26, 2)]  # type: ignore[arg-type]
        size, length = words[11] << 16 | words[12], words[10]
        start = at + 26
        return _cpio_name(peek, start, length), _padded(_padded(start + length, 2) + size, 2)
    return None


def _cpio_name(peek: Peek, at: int, length: int) -> bytes:
    return peek(at, min(length, _LONGEST_NAME))


def _padded(offset: int, width: int) -> int:
    return -(-offset // width) * width


def count_ar_entries(peek: Peek, limit: int) -> int | None:
    """Members but for tables of symbols and of names; None when there are more than ``limit``. Raises Unreadable."""
    at, entries = _AR_START, 0
    thin = peek(0, _AR_START) == b"!<thin>\n"
    for _ in range(limit):
        head = peek(at, _AR_HEADER)
        if not head.strip(b"\n\0"):
            return entries
        size = head[48:58].strip()
        if len(head) < _AR_HEADER or head[58:] != b"`\n" or not size.isdigit():
            raise damaged("ar", entries)
        is_table = head.startswith(_AR_SYMBOLS)
        if head.startswith(b"#1/") and head[3:16].strip().isdigit():
            is_table = peek(at + _AR_HEADER, min(int(head[3:16]), 16)).startswith(_AR_SYMBOLS[-1])
        entries += not is_table
        at += _AR_HEADER + (0 if thin and not is_table else _padded(int(size), 2))
    return None


def count_lzh_entries(peek: Peek, limit: int) -> int | None:
    """Entries, folders among them; None when there are more than ``limit``. Raises Unreadable."""
    at = 0
    for entries in range(limit):
        head = peek(at, 32)
        if not head[:1].strip(b"\0"):
            return entries
        if len(head) < 21 or head[2:3] != b"-" or head[6:7] != b"-":
            raise damaged("LHA", entries)
        packed, level = int.from_bytes(head[7:11], "little"), head[20]
        if level == 2:
            at += int.from_bytes(head[:2], "little") + packed
        elif level == 3:
            at += int.from_bytes(head[24:28], "little") + packed
        elif level in (0, 1):
            # On level 1 the size counts the extended headers, which follow the first one.
            at += 2 + head[0] + packed
        else:
            raise damaged("LHA", entries)
    return None


def count_arj_entries(peek: Peek, limit: int) -> int | None:
    """Entries behind the main header; None when there are more than ``limit``. Raises Unreadable."""
    at = entries = 0
    for _ in range(limit):
        head = peek(at, 20)
        if head[:2] != _ARJ_ID or len(head) < 4:
            raise damaged("ARJ", entries)
        size = int.from_bytes(head[2:4], "little")
        if size == 0:
            return entries
        kind = head[10] if len(head) > 10 else 0
        packed = 0 if kind == _ARJ_MAIN else int.from_bytes(head[16:20], "little")
        entries += kind not in (_ARJ_MAIN, _ARJ_CHAPTER)
        at += 4 + size + 4
        while extended := int.from_bytes(peek(at, 2), "little"):
            at += 2 + extended + 4
        at += 2 + packed
    return None
