"""FlashPix: size, title and dates, from the property sets of a compound file.

Source: FlashPix Format Specification 1.0.1 (Image Contents property set: highest resolution width and height; Summary
Information), MS-OLEPS.
"""

from __future__ import annotations

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.property_set import Value, file_time, read_property_set
from bindery.extract.extractor import Unreadable
from bindery.extract.notes import Note, note
from bindery.extract.pictures.picture import Picture
from bindery.extract.reader import RangeReader
from bindery.extract.tags.dates import Rank

_CONTENTS = "Data Object Store 000001/\5Image Contents"
_SUMMARY = "\5SummaryInformation"
_MOST_BYTES = 256 * 1024
_WIDTH, _HEIGHT = 0x0100_0002, 0x0100_0003
_TITLE, _AUTHOR, _CREATED, _CHANGED, _SOFTWARE = 2, 4, 12, 13, 18


def read_flashpix(reader: RangeReader, picture: Picture) -> None:
    """The size of the highest resolution; other pictures in compound files tell none."""
    picture.sizeless = True
    try:
        compound = CompoundFile(reader)
        contents = read_property_set(compound.stream(_CONTENTS, _MOST_BYTES))
        summary = read_property_set(compound.stream(_SUMMARY, _MOST_BYTES))
    except Unreadable:
        contents, summary = {}, {}
    width, height = contents.get(_WIDTH), contents.get(_HEIGHT)
    if isinstance(width, int) and isinstance(height, int):
        picture.format = "fpx"
        picture.resize((width, height))
    else:
        picture.notes.append(note(Note.NOT_READ, "pictures of this format are known, and not read"))
    picture.title = _text(summary.get(_TITLE)) or None
    picture.add_text("Artist", _text(summary.get(_AUTHOR)).encode())
    picture.add_text("Software", _text(summary.get(_SOFTWARE)).encode())
    picture.add_date("OLE:Created", file_time(summary.get(_CREATED)) or "", Rank.DIGITIZED, utc=True)
    picture.add_date("OLE:Modified", file_time(summary.get(_CHANGED)) or "", Rank.CHANGED, utc=True)


def _text(value: Value | None) -> str:
    return value.strip() if isinstance(value, str) else ""
