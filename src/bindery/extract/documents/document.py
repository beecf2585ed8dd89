"""What is known of a document while it is read, and the File fields made of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from bindery.buckets.store import StoreError
from bindery.extract.documents.language import declared_tag, detect_language
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.notes import Note, note
from bindery.extract.reader import RangeReader, ReadLimitExceeded
from bindery.extract.tags.dates import FoundDate, Rank, ZoneClues, produce_time
from bindery.extract.tags.tag_set import TagSet
from bindery.file import File

MAX_FILE_BYTES = 200_000_000
"""Larger files are described but their text is not read (help page api-imm-2020-09-30-extractdocumenttext)."""
MAX_TEXT_BYTES = 2_000_000
"""Text kept of one document, in bytes of UTF-8 (the same page)."""

_MAX_FIELD = 1_024
"""Characters kept of a title or a name."""
_MOST_NOTES = 16
_MAX_PAGES = 2**31 - 1
_WIDE = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_LATIN = "\uff21-\uff3a\uff41-\uff5a\uffa0-\uffdc"
"""Letters of full width, and Hangul of half width, among the wide ones: their words stand apart."""
_GAP_IN_WIDE_TEXT = re.compile(
    f"(?<=[{_WIDE}])(?<![{_LATIN}]) (?=[{_WIDE}])|(?<=[{_LATIN}]) (?=[{_WIDE}])(?![{_LATIN}])"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")


class Text:
    """The words of a document, up to a limit."""

    def __init__(self, limit: int = MAX_TEXT_BYTES) -> None:
        self._parts: list[str] = []
        self._left = limit

    @property
    def full(self) -> bool:
        """No more is taken."""
        return self._left <= 0

    @property
    def left(self) -> int:
        """Bytes that still fit."""
        return max(self._left, 0)

    def add(self, words: str) -> None:
        """Append as much as fits."""
        if self._left <= 0 or not words:
            return
        size = len(words) if words.isascii() else len(words.encode("utf-8", "replace"))
        if size > self._left:
            words = words.encode("utf-8", "replace")[: self._left].decode("utf-8", "ignore")
        self._left -= size
        self._parts.append(words)

    def __str__(self) -> str:
        """All words on one line, for a search phrase knows no line breaks.

        Where a line of Chinese or Japanese was wrapped nothing stays, elsewhere one space.
        """
        return _GAP_IN_WIDE_TEXT.sub("", _one_line("".join(self._parts)))


class Document(msgspec.Struct):
    """Filled piece by piece, so that what was found before an error is kept."""

    text: Text
    zone: str
    wants_text: bool = True
    title: str | None = None
    author: str | None = None
    page_count: int | None = None
    """Pages, slides or sheets."""
    size: tuple[int, int] | None = None
    """Width and height of one that is a picture as well."""
    dates: list[FoundDate] = []
    """When it was made, the better first."""
    language: str | None = None
    """As the document declares it; detected from its text when it does not."""
    prose: bool = True
    """The text is in a natural language, not source code or data."""
    content_type: str | None = None
    tags: TagSet = msgspec.field(default_factory=TagSet)
    """What it says of itself beside the fields above."""
    notes: list[str] = msgspec.field(default_factory=list)
    """What was cut, left out or guessed."""

    def note(self, kind: Note, message: str) -> None:
        """Tell something of how it was read, once."""
        told = note(kind, message)
        if told not in self.notes and len(self.notes) < _MOST_NOTES:
            self.notes.append(told)

    def add_created(
        self, whence: str, text: str | None, *, rank: Rank = Rank.MADE, utc: bool = False
    ) -> None:
        """A date of creation in any form, e.g. ``2012-05-14T08:00:00Z``, and where it stands; ranks ascend."""
        if text:
            self.dates.append(FoundDate(whence, text, rank, utc=utc))


def read_document(
    reader: RangeReader, request: ExtractionRequest, read: Callable[[RangeReader, Document], None]
) -> Extracted:
    """Run a reader of one format and describe what it found, also when it then failed.

    The store's errors and MemoryError pass; every other error is the file's fault.
    """
    document = Document(text=Text(), zone=request.zone, wants_text=reader.size <= MAX_FILE_BYTES)
    failure: Unreadable | None = None
    try:
        read(reader, document)
    except (StoreError, MemoryError):
        raise
    except Unreadable as error:
        failure = error
    except Exception as error:
        failure = Unreadable("ParseFailed", f"{type(error).__name__}: {str(error)[:200]}")
    if isinstance(reader.error, ReadLimitExceeded):
        failure = Unreadable("ReadLimit", str(reader.error))
    elif reader.error is not None:
        raise reader.error
    found = _extracted(document)
    if failure is not None:
        raise Unreadable(failure.code, failure.message, found)
    return found


def protected() -> Unreadable:
    """The failure of a document that asks for a password."""
    return Unreadable("ParseFailed", "the document is protected by a password")


def clean(text: str | None) -> str | None:
    """A field's text on one line and without control characters; None when nothing is left."""
    return _one_line(text[:_MAX_FIELD]) or None if text else None


def _one_line(text: str) -> str:
    """Blanks become single spaces; what UTF-8 cannot hold (lone surrogates) becomes a question mark."""
    return " ".join(_CONTROL.sub(" ", text).split()).encode("utf-8", "replace").decode()


def _extracted(document: Document) -> Extracted:
    text = str(document.text) or None
    language = declared_tag(document.language)
    if language is None and text is not None and document.prose:
        language = detect_language(text)
    pages = document.page_count
    moment = produce_time(document.dates, ZoneClues(document.zone))
    file = File(
        title=clean(document.title),
        artist=clean(document.author),
        page_count=pages if pages is not None and 0 < pages <= _MAX_PAGES else None,
        produce_time=moment.text if moment else None,
        produce_time_source=moment.source if moment else None,
        language=language,
        image_width=document.size[0] if document.size else None,
        image_height=document.size[1] if document.size else None,
        tags=document.tags.all(),
    )
    if document.text.full:
        document.note(Note.TEXT_CUT, f"only the first {MAX_TEXT_BYTES} bytes of its text are searched")
    if document.tags.left_out:
        document.note(Note.PART_SKIPPED, f"{document.tags.left_out} values of tags are left out")
    return Extracted(file=file, text=text, content_type=document.content_type, notes=tuple(document.notes))
