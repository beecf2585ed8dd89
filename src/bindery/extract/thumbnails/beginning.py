"""The first words of a document, for readers who want to see what it is."""

from __future__ import annotations

from bindery.buckets.store import StoreError
from bindery.extract.documents.document import Document, Text
from bindery.extract.documents.mail import read_mail
from bindery.extract.documents.office import read_office
from bindery.extract.documents.rtf import read_rtf
from bindery.extract.reader import RangeReader
from bindery.extract.text.decode import decode_text
from bindery.extract.types.document_types import TEXTS_BY_EXTENSION
from bindery.extract.types.mail_types import MAILS_BY_EXTENSION

_MOST = 4_000
"""Characters."""
_PLAIN_BYTES = 16 * 1024
_RTF_BYTES = 1024 * 1024
_OFFICE = (
    "application/vnd.openxmlformats", "application/vnd.ms-", "application/vnd.oasis", "application/epub",
    "application/msword",
)  # fmt: skip
_RTF = "application/rtf"
_MAILS = frozenset(MAILS_BY_EXTENSION.values())
_PLAIN = frozenset(TEXTS_BY_EXTENSION.values()) - {_RTF}


def first_words(reader: RangeReader, content_type: str) -> str:
    """At most 4,000 characters: of a text file as they stand there, of an office document or a mail on one line.
    Empty for all other types. Raises Unreadable, and whatever parsers raise.
    """
    if content_type.startswith(_OFFICE) or content_type == _RTF or content_type in _MAILS:
        return _words(reader, content_type)[:_MOST]
    if content_type.startswith("text/") or content_type in _PLAIN:
        return decode_text(reader.peek_at(0, _PLAIN_BYTES)).text[:_MOST]
    return ""


def _words(reader: RangeReader, content_type: str) -> str:
    """What was found before an error counts."""
    document = Document(text=Text(4 * _MOST), zone="+00:00")
    try:
        if content_type == _RTF:
            read_rtf(reader.peek_at(0, _RTF_BYTES), document)
        elif content_type in _MAILS:
            read_mail(reader, document, content_type)
        else:
            read_office(reader, document)
    except (StoreError, MemoryError):
        raise
    except Exception:
        if not str(document.text):
            raise
    return str(document.text)
