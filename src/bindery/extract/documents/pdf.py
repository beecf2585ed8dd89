"""PDF: pages, title, author, creation time, language, and text.

Source: ISO 32000-1, 7.9.4 (dates), 14.3.3 (document information), 14.9.2 (language).
"""

from __future__ import annotations

import re
import time
from ctypes import sizeof
from typing import Any

from bindery.extract.documents.document import Document, protected, read_document
from bindery.extract.documents.document_tags import add_property
from bindery.extract.documents.pdf_forms import form_of, keep_drawn, page_notes, xfa_words
from bindery.extract.documents.pdf_metadata import read_packet
from bindery.extract.documents.pdf_source import PdfSource
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.notes import Note
from bindery.extract.reader import RangeReader
from bindery.workers.job_time import at_most

_TEXT_SECONDS = 2.0
"""Processor time for the text of one file; pages after it are not read."""
_STEP_SECONDS = 1.0
_STEP_SECONDS_PER_BYTE = 1.0 / (1024 * 1024)
_LONG_STEP_SECONDS = 5.0
_LONG_STEP_SECONDS_PER_BYTE = 0.25 / (1024 * 1024)
"""The most for opening a file and for one page: drawings may be named within drawings, twice in each, so that a page
of 4 KB has no end. Beyond four MiB most of an honest file is pictures, which take no time."""
_TEXT_SHARE_OF_BYTES = 0.5
"""Share of the read limit up to which pages are read for their text; it never costs a file more."""
_INFORMATION = {
    b"Author": "author", b"Subject": "subject", b"Keywords": "keywords", b"Creator": "application",
    b"Producer": "producer", b"ModDate": "ModDate", b"Trapped": "Trapped", b"Company": "company",
    b"Category": "category", b"Manager": "manager", b"Comments": "comments", b"GTS_PDFXVersion": "GTS_PDFXVersion",
    b"PTEX.Fullbanner": "PTEX.Fullbanner", b"SourceModified": "SourceModified",
}  # fmt: skip
"""Entries of the document information that are kept as tags."""
_HYPHEN = re.compile("[\ufffe\x02\u00ad]\\s*\\n?\\s*")
"""How PDFium marks a hyphen at the end of a line: the halves are one word."""
_LINEARIZED_PAGES = re.compile(rb"/Linearized.{0,200}?/N\s+(\d{1,9})\b", re.S)
_MAX_UNITS = 8_192
"""Longest title, name or language, in units of UTF-16."""


def extract_pdf(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Page count and document information always; text within limits of time and bytes."""
    return read_document(reader, request, _read)


def _read(reader: RangeReader, document: Document) -> None:
    import pypdfium2  # noqa: PLC0415
    from pypdfium2 import raw  # noqa: PLC0415

    if reader.size == 0:
        raise Unreadable("ParseFailed", "the file is empty")
    source = PdfSource(reader)
    source.begin_step(drawn=False)
    try:
        with at_most(_step_seconds(source.size)):
            opened = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        document.page_count = _pages_of_linearized(reader)
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise protected() from None
        raise
    try:
        with at_most(_step_seconds(source.size)):
            document.page_count = len(opened)
            _read_information(opened, raw, document)
            read_packet(reader, document)
        if document.wants_text:
            source.bytes_end = int(reader.limits.read_bytes * _TEXT_SHARE_OF_BYTES)
            _read_text(source, opened, document)
    finally:
        opened.close()


def _step_seconds(size: int) -> float:
    """Processor time for one step inside PDFium, in a file of so many bytes."""
    return min(
        _STEP_SECONDS + size * _STEP_SECONDS_PER_BYTE,
        max(_LONG_STEP_SECONDS, size * _LONG_STEP_SECONDS_PER_BYTE),
    )


def _read_information(opened: Any, raw: Any, document: Document) -> None:
    document.title = _entry(opened, raw, b"Title")
    document.author = _entry(opened, raw, b"Author")
    document.add_created("PDF:CreationDate", _entry(opened, raw, b"CreationDate"))
    for key, name in _INFORMATION.items():
        add_property(document, "PDF", name, _entry(opened, raw, key))
    units = (raw.FPDF_WCHAR * _MAX_UNITS)()
    document.language = _decode(units, raw.FPDFCatalog_GetLanguage(opened, units, sizeof(units)))


def _entry(opened: Any, raw: Any, name: bytes) -> str | None:
    """An entry of the document information."""
    units = (raw.FPDF_WCHAR * _MAX_UNITS)()
    return _decode(units, raw.FPDF_GetMetaText(opened, name, units, sizeof(units)))


def _decode(units: Any, length: int) -> str | None:
    """What PDFium wrote into a buffer, as UTF-16 with a zero at its end; None when it is nothing or too long.

    Lone surrogates, which files do hold, become question marks.
    """
    if not 2 < length <= sizeof(units):
        return None
    return bytes(units)[: length - 2].decode("utf-16-le", "replace")


def _read_text(source: PdfSource, opened: Any, document: Document) -> None:
    """Page after page until a limit is reached; a damaged page is passed over."""
    import pypdfium2  # noqa: PLC0415

    end = time.process_time() + _TEXT_SECONDS
    with form_of(opened) as form:
        for number in range(len(opened)):
            if source.broken or time.process_time() > end:
                document.note(Note.TEXT_CUT, f"only the first {number} pages are searched")
                return
            if document.text.full:
                return
            source.begin_step(drawn=True)
            try:
                with at_most(_step_seconds(source.size)):
                    _read_page(opened, number, form, document)
            except pypdfium2.PdfiumError:
                document.note(Note.PART_SKIPPED, "damaged pages were not read")
            if source.too_heavy:
                document.note(
                    Note.PART_SKIPPED, "parts of pages unpack to more than may be held, and were not read"
                )
        if form is not None:
            document.text.add(xfa_words(opened))


def _read_page(opened: Any, number: int, form: Any, document: Document) -> None:
    page = opened[number]
    try:
        count = _add_words(page, 0, document)
        for text in page_notes(page, form):
            document.text.add(f"{text}\n" if text else "")
        has_drawn = keep_drawn(page, form)
    finally:
        page.close()
    if has_drawn and not document.text.full:
        page = opened[number]
        try:
            _add_words(page, count, document)
        finally:
            page.close()


def _add_words(page: Any, start: int, document: Document) -> int:
    """Add the words of a page from a character on; tells how many characters it has."""
    words = page.get_textpage()
    try:
        count = int(words.count_chars())
        limit = min(count - start, document.text.left)
        document.text.add(_HYPHEN.sub("", str(words.get_text_range(start, limit))) if limit > 0 else "")
        document.text.add("\n")
        return count
    finally:
        words.close()


def _pages_of_linearized(reader: RangeReader) -> int | None:
    """The page count a file made for the web tells in its first bytes, even when it is encrypted."""
    match = _LINEARIZED_PAGES.search(reader.peek_at(0, 1024))
    return int(match[1]) if match else None
