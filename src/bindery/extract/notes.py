"""What an extractor tells of its own reading: what was cut, left out or guessed, so that no figure passes for more
than it is. Notes stand in the entry as ``ExtractionNotes``.
"""

from __future__ import annotations

import enum


class Note(enum.StrEnum):
    """The kinds of notes."""

    CUT_SHORT = "CutShort"
    """The file ends before its own header says, as after a broken upload."""
    TEXT_CUT = "TextCut"
    """Only the beginning of its text is searched."""
    COUNT_CUT = "CountCut"
    """Something was not counted to its end; the field of the count is left out."""
    ESTIMATED = "Estimated"
    """A figure was worked out from parts of the file."""
    CHARSET_GUESSED = "CharsetGuessed"
    """The file does not say in which charset its text is."""
    ENCRYPTED = "Encrypted"
    """A part is encrypted and was not read."""
    PART_SKIPPED = "PartSkipped"
    """A part was not read: damaged, too large, or of a kind that is not read."""
    NOT_READ = "NotRead"
    """The format is known by its bytes, and no extractor reads it."""
    DATE_GUESSED = "DateGuessed"
    """ProduceTime does not stand in the file, but in its name or beside it."""


def note(kind: Note, message: str) -> str:
    """One entry of ``ExtractionNotes``."""
    return f"{kind}: {message}"
