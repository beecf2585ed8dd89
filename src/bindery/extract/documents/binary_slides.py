"""The text of a PPT file. Source: MS-PPT 2.3.1 (record header), 2.3.2 (current user), 2.9.41 and 2.9.42 (text)."""

from __future__ import annotations

import struct

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.document import Document, protected
from bindery.extract.text.decode import decode_text

_STREAM = "PowerPoint Document"
_DUAL = "PP97_DUALSTORAGE/"
"""Where PowerPoint 97 keeps its slides in a file that PowerPoint 95 can read too."""
_OLD_TEXT = "Text_Content"
"""All words, as PowerPoint 95 puts them beside its slides."""
_MAX_STREAM_BYTES = 16 * 1024 * 1024
_HEADER_BYTES = 8
_CONTAINER = 0xF
_MASTER, _WIDE_TEXT, _NARROW_TEXT = 0x03F8, 0x0FA0, 0x0FA8
_USER_BYTES = 64
_ENCRYPTED = b"\xdf\xc4\xd1\xf3"


def read_binary_slides(compound: CompoundFile, document: Document) -> None:
    """Add the text of slides and notes, not that of the masters."""
    storage = _DUAL if f"{_DUAL}{_STREAM}" in compound else ""
    if not storage and _OLD_TEXT in compound:
        _add_old_text(compound, document)
        return
    if compound.stream(f"{storage}Current User", _USER_BYTES)[12:16] == _ENCRYPTED:
        raise protected()
    data = compound.stream(f"{storage}{_STREAM}", _MAX_STREAM_BYTES)
    at = 0
    while at + _HEADER_BYTES <= len(data) and not document.text.full:
        version, kind, length = struct.unpack_from("<HHI", data, at)
        at += _HEADER_BYTES
        if version & 0xF == _CONTAINER and kind != _MASTER:
            continue
        if document.wants_text and kind in (_WIDE_TEXT, _NARROW_TEXT):
            coding = "utf-16-le" if kind == _WIDE_TEXT else "latin-1"
            document.text.add(data[at : at + length].decode(coding, "replace") + "\n")
        at += length


def _add_old_text(compound: CompoundFile, document: Document) -> None:
    data = compound.stream(_OLD_TEXT, _MAX_STREAM_BYTES)
    if document.wants_text and data.strip(b"\0\r "):
        document.text.add(decode_text(data.replace(b"\0", b" ")).text)
