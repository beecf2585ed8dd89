"""The shape every extractor follows, so that a new kind of file is one new file beside its neighbours.

An extractor is a function ``extract_<kind>(reader, request) -> Extracted`` in ``<kind>.py``, entered in
the table of ``extract.py``. It sets only the fields the file itself tells; what the store tells
(Filename, Size, ETag, ContentType, MediaType, …) is merged by ``extract.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.extract.extraction import ExtractionRequest
from bindery.extract.reader import RangeReader
from bindery.file import File


class Extracted(msgspec.Struct, kw_only=True):
    """What an extractor found."""

    file: File
    text: str | None = None
    """Text of a document, for search."""
    content_type: str | None = None
    """A more exact content type than the first bytes told, when the extractor knows one."""
    media_type: str | None = None
    """The kind it turned out to be, e.g. ``audio`` for an MP4 without a video stream."""
    notes: tuple[str, ...] = ()
    """What was cut, left out or guessed, each made by ``notes.note``."""


class Unreadable(Exception):
    """The file cannot be understood, or only up to a point.

    ``code`` is one of the failure codes of ``extraction.py``; ``found`` holds the fields found before.
    """

    def __init__(self, code: str, message: str, found: Extracted | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.found = found


Extractor = Callable[[RangeReader, ExtractionRequest], Extracted]
