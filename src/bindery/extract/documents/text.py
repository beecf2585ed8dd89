"""Text files: plain text, source code and data as they are; HTML, RTF and PostScript by their own readers."""

from __future__ import annotations

from bindery.extract.documents.document import Document, read_document
from bindery.extract.documents.html import declared_charset, read_html
from bindery.extract.documents.postscript import read_postscript
from bindery.extract.documents.rtf import read_rtf
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted
from bindery.extract.notes import Note
from bindery.extract.reader import RangeReader
from bindery.extract.text.decode import XML_ENCODING, decode_text
from bindery.extract.types.media_types import HEAD_BYTES, detect_media_type

_PLAIN_BYTES = 4_000_000
"""Enough for the most text that is kept, also with two bytes to a character."""
_MARKUP_BYTES = 8_000_000
"""What is read where markup or pictures stand between the words."""
_PROSE = frozenset({"text/plain", "text/markdown", "text/html", "application/xhtml+xml", "application/rtf"})
_KNOWN_META = {
    "keywords": "Keywords", "news_keywords": "Keywords", "description": "Description", "generator": "Software",
    "author": "Creator", "dc.creator": "Creator", "dcterms.creator": "Creator", "copyright": "Copyright",
    "dc.rights": "Copyright", "dcterms.rights": "Copyright", "dc.publisher": "Publisher",
    "dcterms.publisher": "Publisher", "publisher": "Publisher", "dc.subject": "Keywords",
    "dcterms.subject": "Keywords", "dc.description": "Description", "dcterms.description": "Description",
    "dc.contributor": "Contributor", "dcterms.contributor": "Contributor", "dc.identifier": "Identifier",
    "dcterms.identifier": "Identifier", "article:tag": "Keywords", "article:section": "Category",
    "dc.language": "Language", "category": "Category", "subject": "Subject", "dc.source": "Source",
}  # fmt: skip
"""Names of ``tag_kinds.TAG_KINDS`` by what pages call them (WHATWG MetaExtensions, Dublin Core, Open Graph)."""
_DATES = ("article:published_time", "dcterms.created", "dc.date.created", "dcterms.date", "dc.date", "date")


def extract_text(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Text and language; an empty file is a text without words."""
    media = detect_media_type(reader.peek_at(0, HEAD_BYTES), reader.info.key, request.content_type_hint)
    return read_document(
        reader, request, lambda reader, document: _read(reader, document, media.content_type)
    )


def _read(reader: RangeReader, document: Document, content_type: str) -> None:
    document.prose = content_type in _PROSE
    if content_type == "application/postscript":
        read_postscript(reader, document)
    elif content_type == "application/rtf":
        read_rtf(reader.peek_at(0, _MARKUP_BYTES), document)
        _tell_cut(reader, document, _MARKUP_BYTES)
    elif not document.wants_text:
        return
    elif content_type in ("text/html", "application/xhtml+xml"):
        _read_html(reader, document)
    else:
        data = reader.peek_at(0, _PLAIN_BYTES)
        match = XML_ENCODING.match(data)
        document.text.add(document_text(data, match[1].decode() if match else None, document))
        _tell_cut(reader, document, _PLAIN_BYTES)


def _tell_cut(reader: RangeReader, document: Document, read: int) -> None:
    if read < reader.size and not document.text.full:
        document.note(Note.TEXT_CUT, f"only the first {read} bytes are searched")


def document_text(data: bytes, declared: str | None, document: Document) -> str:
    """The text of a file, with notes of what was guessed or left out. Raises Unreadable when it is none."""
    found = decode_text(data, declared)
    if found.guessed:
        document.note(Note.CHARSET_GUESSED, f"the text is read as {found.charset}")
    if found.skipped:
        document.note(Note.PART_SKIPPED, f"the last {found.skipped} bytes are no text")
    return found.text


def _read_html(reader: RangeReader, document: Document) -> None:
    data = reader.peek_at(0, _MARKUP_BYTES)
    head = read_html(document_text(data, declared_charset(data), document), document.text)
    _tell_cut(reader, document, _MARKUP_BYTES)
    document.title, document.author, document.language = head.title, head.author, head.language
    for label, content in head.meta:
        add_meta(document, label, content)


def add_meta(document: Document, label: str, content: str) -> None:
    """What a page says of itself, under names that mean the same in every format."""
    name = label.lower()
    if name in ("viewport", "robots", "googlebot", "theme-color", "format-detection"):
        return
    if name in _DATES:
        document.add_created(f"HTML:{name}", content)
    values = [part.strip() for part in content.split(",")] if name == "keywords" else [content]
    document.tags.add(_KNOWN_META.get(name, f"HTML:{label}"), *values)
