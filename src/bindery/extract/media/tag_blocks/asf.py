"""Reads the descriptions of ASF files (WMA, WMV) and when they were made.

Source: Microsoft's Advanced Systems Format 1.2, 3.2 (file properties), 3.10, 3.11, 4.7, 4.8 (descriptions, metadata).
"""

from __future__ import annotations

import struct

from bindery.extract.media.chunk_tags import ASF_EXTENSION, ASF_OBJECT_BYTES
from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Block, Family, RawTags
from bindery.extract.tags.tiff import Source

_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_CONTENT = bytes.fromhex("3326b2758e66cf11a6d900aa0062ce6c")
_EXTENDED = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
_METADATA = bytes.fromhex("eacbf8c5af5b48778467aa8c44fa4cca")
_LIBRARY = bytes.fromhex("941c23449894d149a1411d134e457054")
_CONTENT_NAMES = ("Title", "Author", "Copyright", "Description", "Rating")
_MOST_OBJECTS = 256
_MOST_OBJECT_BYTES = 4 * 1024 * 1024
_MOST_ENTRIES = 4_000
_UNICODE, _BYTES, _BOOL, _DWORD, _QWORD, _WORD = range(6)
_XMP = "_XMP"
CREATED = "CreationDate"
"""The key under which the moment of the file properties stands, in 100 nanoseconds since 1601."""


def read_asf(source: Source, raw: RawTags) -> None:
    """The objects of the header and of its extension."""
    at = 30
    block = raw.block(Family.ASF)
    readers = {
        _CONTENT: _read_content,
        _EXTENDED: _read_extended,
        _METADATA: _read_metadata,
        _LIBRARY: _read_metadata,
    }
    for _ in range(_MOST_OBJECTS):
        head = source.peek_at(at, ASF_OBJECT_BYTES)
        if len(head) < ASF_OBJECT_BYTES:
            break
        kind, size = struct.unpack("<16sQ", head)
        if kind == _PROPERTIES:
            created = int.from_bytes(source.peek_at(at + 48, 8), "little")
            raw.add(block, CREATED, str(created or ""))
        elif kind in readers:
            length = min(max(size - ASF_OBJECT_BYTES, 0), _MOST_OBJECT_BYTES)
            readers[kind](source.peek_at(at + ASF_OBJECT_BYTES, length), raw, block)
        # The extension of the header holds objects as the header does.
        at += 46 if kind == ASF_EXTENSION else max(size, ASF_OBJECT_BYTES)


def _read_content(data: bytes, raw: RawTags, block: Block) -> None:
    if len(data) < 10:
        return
    at = 10
    for name, size in zip(_CONTENT_NAMES, struct.unpack_from("<5H", data), strict=True):
        raw.add(block, name, _wide(data[at : at + size]))
        at += size


def _read_extended(data: bytes, raw: RawTags, block: Block) -> None:
    at = 2
    for _ in range(min(int.from_bytes(data[:2], "little"), _MOST_ENTRIES)):
        if at + 2 > len(data) or raw.full:
            return
        length = int.from_bytes(data[at : at + 2], "little")
        name = _wide(data[at + 2 : at + 2 + length])
        at += 2 + length
        if at + 4 > len(data):
            return
        kind, size = struct.unpack_from("<HH", data, at)
        raw.add(block, name, _value(kind, data[at + 4 : at + 4 + size]))
        at += 4 + size


def _read_metadata(data: bytes, raw: RawTags, block: Block) -> None:
    at = 2
    for _ in range(min(int.from_bytes(data[:2], "little"), _MOST_ENTRIES)):
        if at + 12 > len(data) or raw.full:
            return
        _, _, length, kind, size = struct.unpack_from("<HHHHI", data, at)
        name = _wide(data[at + 12 : at + 12 + length])
        start = at + 12 + length
        if name == _XMP:
            raw.xmp = raw.xmp or data[start : start + size]
        else:
            raw.add(block, name, _value(kind, data[start : start + size]))
        at = start + size


def _value(kind: int, data: bytes) -> str:
    if kind == _UNICODE:
        return _wide(data[:LONGEST_VALUE])
    if kind in (_BOOL, _DWORD, _QWORD, _WORD):
        return str(int.from_bytes(data[:8], "little"))
    return ""


def _wide(data: bytes) -> str:
    return data[: len(data) // 2 * 2].decode("utf-16-le", "replace").rstrip("\0")
