"""Text that stands in a DOCX file as HTML or as a saved page, for Word to convert when it opens the file.

Programs that make documents of web pages write so. Source: ECMA-376 part 1, 11.3.1 (alternative format import part).
"""

from __future__ import annotations

from collections.abc import Iterable

from bindery.extract.documents.document import Document
from bindery.extract.documents.html import declared_charset, read_html
from bindery.extract.documents.mail import read_page_words
from bindery.extract.documents.package import Package
from bindery.extract.extractor import Unreadable
from bindery.extract.notes import Note
from bindery.extract.text.decode import decode_text
from bindery.extract.types.media_types import detect_media_type

_MOST_BYTES = 1024 * 1024
"""Of all such parts of a document."""


def add_alternative_parts(package: Package, parts: Iterable[str], document: Document) -> None:
    """Add their words; a part that is no page, or a damaged one, is left out with a note."""
    left = _MOST_BYTES
    for part in dict.fromkeys(parts):
        if document.text.full or left <= 0:
            return
        try:
            data = package.beginning(part)[:left]
            left -= len(data)
            _add_words(data, part, document)
        except Unreadable as error:
            document.note(Note.PART_SKIPPED, f"a part in another format is not read: {error.message}")


def _add_words(data: bytes, part: str, document: Document) -> None:
    kind = detect_media_type(data, part).content_type
    document.text.add(" ")
    if kind in ("text/html", "application/xhtml+xml"):
        read_html(decode_text(data, declared_charset(data)).text, document.text)
    elif kind in ("message/rfc822", "multipart/related"):
        read_page_words(data, document.text)
    elif kind == "text/plain":
        document.text.add(decode_text(data).text)
    else:
        raise Unreadable("ParseFailed", f"it is {kind}")
