"""Documents of formats that are known by their bytes and not read: said, rather than failed."""

from __future__ import annotations

from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted
from bindery.extract.notes import Note, note
from bindery.extract.reader import RangeReader
from bindery.file import File


def extract_unread(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Nothing but the note; nothing is read."""
    return Extracted(
        file=File(), notes=(note(Note.NOT_READ, "documents of this format are known, and not read"),)
    )
