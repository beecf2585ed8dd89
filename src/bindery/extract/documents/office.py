"""Office documents and books: Open XML, OpenDocument, EPUB, and the old compound files."""

from __future__ import annotations

from bindery.extract.documents.binary_sheet import MOST_BYTES, read_bare_workbook
from bindery.extract.documents.compound_file import SIGNATURE, CompoundFile
from bindery.extract.documents.document import Document, read_document
from bindery.extract.documents.epub import read_epub
from bindery.extract.documents.ole import read_ole
from bindery.extract.documents.open_document import read_open_document
from bindery.extract.documents.open_xml import read_open_xml
from bindery.extract.documents.package import Package
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.notes import Note
from bindery.extract.reader import RangeReader
from bindery.extract.types.unread_documents import OLD_WORD_SIGNS, SHEET_SIGNS


def extract_office(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Title, author, creation time, pages (slides, sheets), language and text; the exact content type."""
    return read_document(reader, request, read_office)


def read_office(reader: RangeReader, document: Document) -> None:
    """Fill the document, whichever of the formats it is. Raises Unreadable."""
    head = reader.peek_at(0, 8)
    if not head:
        raise Unreadable("ParseFailed", "the file is empty")
    if head.startswith(SIGNATURE):
        read_ole(CompoundFile(reader), document)
    elif head.startswith(b"PK"):
        _read_package(Package(reader), document)
    elif head.startswith(SHEET_SIGNS):
        read_bare_workbook(reader.peek_at(0, MOST_BYTES), document)
    elif head.startswith(OLD_WORD_SIGNS):
        document.note(Note.NOT_READ, "documents of programs before Office 95 are known, and not read")
    else:
        raise Unreadable("ParseFailed", "the file is neither a ZIP package nor a compound file")


def _read_package(package: Package, document: Document) -> None:
    if "[Content_Types].xml" in package:
        read_open_xml(package, document)
    elif "META-INF/container.xml" in package and "content.xml" not in package:
        read_epub(package, document)
    elif "content.xml" in package or "META-INF/manifest.xml" in package:
        read_open_document(package, document)
    else:
        raise Unreadable("ParseFailed", "the package is no document of a known kind")
