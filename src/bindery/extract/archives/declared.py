"""Counts the entries of archives whose header or table tells their number: Cabinet, RPM, XAR, SquashFS.

Source: Microsoft Cabinet Format (MS-CAB, 2.3); RPM package format 4 (lead, signature, header; tags BASENAMES and
FILEFLAGS); XAR's table of contents; SquashFS 4.0 (superblock).
"""

from __future__ import annotations

import struct
import zlib

from bindery.extract.extractor import Unreadable
from bindery.extract.tags.tiff import Source

_MOST_TABLE_BYTES = 16 * 1024 * 1024
_RPM_LEAD, _RPM_INTRO, _RPM_ENTRY = 96, 16, 16
_RPM_MAGIC = b"\x8e\xad\xe8"
_RPM_BASENAMES, _RPM_FILE_FLAGS, _RPM_OLD_NAMES = 1117, 1037, 1027
_RPM_GHOST = 0x40
"""A file that is listed and not packed."""
_MOST_RPM_ENTRIES = 10_000


def count_cab_entries(source: Source) -> int:
    """Files of this cabinet. Raises Unreadable."""
    head = source.peek_at(0, 36)
    if len(head) < 36:
        raise Unreadable("ParseFailed", "the cabinet is cut off")
    return int(struct.unpack_from("<H", head, 28)[0])


def count_rpm_entries(source: Source) -> int:
    """Files that the package holds. Raises Unreadable."""
    at = _RPM_LEAD
    for is_header in (False, True):
        intro = source.peek_at(at, _RPM_INTRO)
        if len(intro) < _RPM_INTRO or not intro.startswith(_RPM_MAGIC):
            raise Unreadable("ParseFailed", "the header of the RPM package is damaged")
        entries, size = struct.unpack_from(">II", intro, 8)
        if is_header:
            return _rpm_files(
                source, at + _RPM_INTRO, min(entries, _MOST_RPM_ENTRIES), entries * _RPM_ENTRY
            )
        # The header begins at a multiple of eight bytes behind the signature.
        at += _RPM_INTRO + entries * _RPM_ENTRY + -(-size // 8) * 8
    return 0


def _rpm_files(source: Source, at: int, entries: int, store: int) -> int:
    names = ghosts = 0
    index = source.peek_at(at, entries * _RPM_ENTRY)
    for place in range(0, len(index) - _RPM_ENTRY + 1, _RPM_ENTRY):
        tag, _, offset, count = struct.unpack_from(">4I", index, place)
        if tag in (_RPM_BASENAMES, _RPM_OLD_NAMES):
            names = count
        elif tag == _RPM_FILE_FLAGS:
            flags = source.peek_at(at + store + offset, min(count * 4, _MOST_TABLE_BYTES))
            if len(flags) < min(count * 4, _MOST_TABLE_BYTES):
                raise Unreadable("ParseFailed", "the header of the RPM package is cut off")
            ghosts = sum(1 for byte in flags[3::4] if byte & _RPM_GHOST)
    return int(max(names - ghosts, 0))


def count_xar_entries(source: Source) -> int | None:
    """Files and folders of the table of contents; None when it is too long. Raises Unreadable."""
    head = source.peek_at(0, 28)
    if len(head) < 28:
        raise Unreadable("ParseFailed", "the XAR archive is cut off")
    size, packed, unpacked = int.from_bytes(head[4:6], "big"), *struct.unpack_from(">QQ", head, 8)
    if packed > _MOST_TABLE_BYTES or unpacked > _MOST_TABLE_BYTES:
        return None
    try:
        table = zlib.decompressobj().decompress(source.peek_at(size, packed), _MOST_TABLE_BYTES)
    except zlib.error as error:
        raise Unreadable("ParseFailed", "the table of the XAR archive is damaged") from error
    return table.count(b"<file ") + table.count(b"<file>")


def count_squashfs_entries(source: Source) -> int:
    """Inodes, the root folder not counted. Raises Unreadable."""
    head = source.peek_at(0, 96)
    if len(head) < 96:
        raise Unreadable("ParseFailed", "the SquashFS image is cut off")
    return max(int(struct.unpack_from("<I", head, 4)[0]) - 1, 0)
