"""The content type of a ZIP or compound file by what its directory lists, and of what has its sign at its end.

Their first bytes are the same for documents, programs and plain archives, and names may lie.
"""

from __future__ import annotations

from bindery.extract.archives.zip_directory import entry_names, find_directory
from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.ole import PROTECTED_PACKAGE, ole_content_type
from bindery.extract.extractor import Unreadable
from bindery.extract.reader import RangeReader
from bindery.extract.types.document_types import DOCUMENTS_BY_EXTENSION
from bindery.extract.types.media_types import MediaType, media_type_of, named_content_type
from bindery.extract.types.picture_types import TGA_FOOTER, is_tga_header
from bindery.extract.types.unread_documents import UNREAD_DOCUMENTS

ZIP = "application/zip"
OLE = "application/x-ole-storage"
_OCTETS = "application/octet-stream"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_LISTED_BYTES = 256 * 1024
"""What is looked at of a directory; packages list their telling parts early."""
_BY_FOLDER = (
    (b"word/", f"{_OPEN_XML}wordprocessingml.document"),
    (b"xl/", f"{_OPEN_XML}spreadsheetml.sheet"),
    (b"ppt/", f"{_OPEN_XML}presentationml.presentation"),
    (b"visio/", "application/vnd.ms-visio.drawing"),
    (b"fixeddocseq.fdseq", "application/vnd.ms-xpsdocument"),
    (b"fixeddocumentsequence.fdseq", "application/vnd.ms-xpsdocument"),
)


def package_type(reader: RangeReader, media: MediaType) -> MediaType:
    """``media``, or the type its directory tells when the file is a ZIP or compound file."""
    head = reader.peek_at(0, 8)
    try:
        if head.startswith(b"PK"):
            found = _zip_type(reader, media.content_type)
        elif head.startswith(b"\xd0\xcf\x11\xe0"):
            found = _ole_type(reader)
        elif media.content_type == _OCTETS and is_tga_header(reader.peek_at(0, 18)):
            # The sign of a TGA stands at its end.
            found = "image/x-tga" if reader.peek_at(reader.size - 18, 18) == TGA_FOOTER else _OCTETS
        else:
            return media
    except Unreadable:
        return media
    return MediaType(found, media_type_of(found))


def _zip_type(reader: RangeReader, told: str) -> str:
    listed = entry_names(reader, find_directory(reader), _LISTED_BYTES)
    names = {name.lower().replace(b"\\", b"/") for name in listed}
    if b"[content_types].xml" in names:
        if told.startswith((_OPEN_XML, "application/vnd.ms-")):
            return told
        return next(
            (kind for start, kind in _BY_FOLDER if any(name.startswith(start) for name in names)), told
        )
    if b"androidmanifest.xml" in names:
        return "application/vnd.android.package-archive"
    if b"meta-inf/manifest.mf" in names:
        return "application/java-archive"
    if b"mimetype" in names and b"meta-inf/container.xml" in names and told not in UNREAD_DOCUMENTS:
        return "application/epub+zip"
    return told if _fits(told, names) else _apple_type(names, told)


def _fits(told: str, names: set[bytes]) -> bool:
    """Whether a package has what its name or first entry promises; a plain ZIP file may be called a book."""
    if told.startswith(("application/vnd.oasis.", "application/vnd.sun.xml.")):
        return b"content.xml" in names or b"meta-inf/manifest.xml" in names or b"mimetype" in names
    if told.startswith("application/epub"):
        return b"meta-inf/container.xml" in names or b"mimetype" in names
    if told == "application/vnd.google-earth.kmz":
        return any(name.endswith(b".kml") for name in names)
    return told in ("application/hwp+zip", "application/vnd.adobe.indesign-idml-package")


def _apple_type(names: set[bytes], told: str) -> str:
    """Pages, Keynote and Numbers, which differ by their names only since 2013."""
    for part, kind in ((b"index.apxl", "keynote"), (b"index.numbers", "numbers")):
        if part in names or part + b".gz" in names:
            return f"application/vnd.apple.{kind}"
    known = any(name.startswith(b"index/") and name.endswith(b".iwa") for name in names)
    if told.startswith("application/vnd.apple.") and (
        known or b"index.xml" in names or b"index.zip" in names
    ):
        return told
    return ZIP


def _ole_type(reader: RangeReader) -> str:
    compound = CompoundFile(reader)
    found = ole_content_type(compound)
    if found is not None:
        return found
    named = named_content_type(reader.info.key)
    if PROTECTED_PACKAGE in compound and named is not None and named in DOCUMENTS_BY_EXTENSION.values():
        return named
    return OLE
