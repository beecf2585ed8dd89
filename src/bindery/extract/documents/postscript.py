"""PostScript: title, author, pages and creation time from its structuring comments, the size of EPS; no text.

Source: Adobe Technical Note 5001 (Document Structuring Conventions 3.0), 5.1; 5002 (EPS with a preview).
"""

from __future__ import annotations

import re
import struct

from bindery.extract.documents.document import Document
from bindery.extract.documents.postscript_metadata import read_eps_metadata
from bindery.extract.reader import RangeReader

_PREVIEW = b"\xc5\xd0\xd3\xc6"
_HEADER_BYTES = 16 * 1024
_METADATA_BYTES = 512 * 1024
"""Where Illustrator and Photoshop have put metadata, before what they draw."""
_STRING = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
_BOX = re.compile(rb"(-?\d{1,6}) +(-?\d{1,6}) +(-?\d{1,6}) +(-?\d{1,6})\b")
_PIXELS = re.compile(rb"^%ImageData: *([1-9]\d{0,8}) +([1-9]\d{0,8})\b", re.MULTILINE)
"""Photoshop's: the size of the picture that is all of the drawing."""
_COMMENT = re.compile(
    rb"^%%(Title|For|Author|Pages|CreationDate|BoundingBox): *([^\r\n]{1,512})", re.MULTILINE
)


def read_postscript(reader: RangeReader, document: Document) -> None:
    """Fill the document from the comments at the start; what is put off to the end is read there."""
    head = reader.peek_at(0, 32)
    start = struct.unpack_from("<I", head, 4)[0] if head.startswith(_PREVIEW) and len(head) > 8 else 0
    first = reader.peek_at(start, _HEADER_BYTES)
    told = _comments(first)
    if b"(atend)" in told.values():
        told |= _comments(reader.peek_at(max(reader.size - _HEADER_BYTES, start), _HEADER_BYTES))
    document.title = _string(told.get(b"Title"))
    document.author = _string(told.get(b"Author") or told.get(b"For"))
    pages = told.get(b"Pages", b"").split()
    document.page_count = int(pages[0]) if pages and pages[0].isdigit() and len(pages[0]) < 10 else None
    if b" EPSF" in first[:64]:
        pixels = _PIXELS.search(first.replace(b"\r", b"\n"))
        document.size = (int(pixels[1]), int(pixels[2])) if pixels else _size(told.get(b"BoundingBox", b""))
        read_eps_metadata(reader.peek_at(start, _METADATA_BYTES), document)
    document.add_created("PostScript:CreationDate", _string(told.get(b"CreationDate")))


def _comments(data: bytes) -> dict[bytes, bytes]:
    """The first value of each comment, or its last when the first only refers to the end."""
    found: dict[bytes, bytes] = {}
    for name, value in _COMMENT.findall(data.replace(b"\r", b"\n")):
        if found.get(name, b"(atend)").startswith(b"(atend)"):
            found[name] = value.strip()
    return found


def _size(box: bytes) -> tuple[int, int] | None:
    """Width and height of a bounding box, in points."""
    match = _BOX.match(box)
    if match is None:
        return None
    left, bottom, right, top = map(int, match.groups())
    return (right - left, top - bottom) if right > left and top > bottom else None


def _string(value: bytes | None) -> str | None:
    if not value or value.startswith(b"(atend)"):
        return None
    text = value.decode("utf-8", "replace").strip()
    match = _STRING.match(text)
    return match[1] if match else text
