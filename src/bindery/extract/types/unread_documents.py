"""Signs and names of documents that are known and not read, for ``media_types.py``.

Source: MS-ONESTORE 2.3.1 (OneNote), the formats' own descriptions, IANA's registry and shared-mime-info.
"""

from __future__ import annotations

UNREAD_DOCUMENTS_BY_EXTENSION = {
    "one": "application/onenote", "onetoc2": "application/onenote", "chm": "application/vnd.ms-htmlhelp",
    "hwp": "application/x-hwp", "hwpx": "application/hwp+zip", "wpd": "application/vnd.wordperfect",
    "wks": "application/vnd.ms-works", "wdb": "application/vnd.ms-works", "mobi": "application/x-mobipocket-ebook",
    "azw": "application/x-mobipocket-ebook", "azw3": "application/x-mobipocket-ebook",
    "lit": "application/x-ms-reader",
    "wk1": "application/vnd.lotus-1-2-3", "pages": "application/vnd.apple.pages",
    "key": "application/vnd.apple.keynote", "numbers": "application/vnd.apple.numbers",
    "odb": "application/vnd.oasis.opendocument.base", "kmz": "application/vnd.google-earth.kmz",
    "h5": "application/x-hdf5", "hdf5": "application/x-hdf5", "he5": "application/x-hdf5",
    "bufr": "application/x-bufr",
    "idml": "application/vnd.adobe.indesign-idml-package", "indd": "application/x-adobe-indesign",
}  # fmt: skip

SHEET_SIGNS = (
    b"\x09\0\x04\0", b"\x09\x02\x06\0", b"\x09\x04\x06\0", b"\x09\x08\x08\0\0\5", b"\x09\x08\x10\0\0\6",
)  # fmt: skip
"""Records that begin a sheet of Excel 2, 3 and 4, and one of later versions that is in no compound file: these are
read."""

UNREAD_DOCUMENT_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3"), "application/onenote"),
    (0, bytes.fromhex("a12fff43d9ef764c9ee210ea5722765f"), "application/onenote"),
    (0, b"ITSF\x03\0\0\0", "application/vnd.ms-htmlhelp"),
    (0, b"HWP Document File", "application/x-hwp"),
    (0, b"\xffWPC", "application/vnd.wordperfect"),
    (60, b"BOOKMOBI", "application/x-mobipocket-ebook"),
    (0, b"ITOLITLS", "application/x-ms-reader"),
    (0, b"\0\0\x02\0\x06\x04\x06\0", "application/vnd.lotus-1-2-3"),
    (0, b"\0\0\x1a\0", "application/vnd.lotus-1-2-3"),
    (0, b"\xff\0\x02\0\x04\x04", "application/vnd.ms-works"),
    (0, bytes.fromhex("0606edf5d81d46e5bd31efe7fe74b71d"), "application/x-adobe-indesign"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"BUFR\0", "application/x-bufr"),
    *((0, sign, "application/vnd.ms-excel") for sign in SHEET_SIGNS),
    (0, b"\xdb\xa5\x2d\0", "application/msword"),
    (0, b"\x31\xbe\0\0", "application/msword"),
)
"""Offset, bytes and type; the last are Word 2 and Word for DOS, older than compound files."""

OLD_WORD_SIGNS = tuple(sign for _, sign, kind in UNREAD_DOCUMENT_SIGNS if kind.endswith("msword"))

UNREAD_DOCUMENTS = frozenset(UNREAD_DOCUMENTS_BY_EXTENSION.values())

NAMED_LIKE_OTHERS = frozenset(
    {"application/vnd.apple.keynote", "application/vnd.apple.numbers", "application/onenote"}
)
"""Types whose extensions other files have as well, such as keys: without a sign they are not believed."""
