"""The EXIF field of a File: a JSON text of all tags, each a text.

Source: help pages api-imm-2020-09-30-struct-file and query-the-exif-data-of-an-image (shape and value
formats); EXIF 2.32 sections 4.6.4 to 4.6.8 and TIFF 6.0 (names and types).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from bindery.extract.tags.exif_text import ascii_strings, comment_text
from bindery.extract.tags.tag_names import tag_names
from bindery.extract.tags.tiff import (
    ASCII,
    MAKER_NOTE,
    NUMBER_FORMATS,
    RATIONALS,
    UNDEFINED,
    VALUES,
    Directory,
    Entry,
    Memory,
    Number,
    Rational,
    decode_text,
)

TEXT_LIMIT = 64 * 1024
"""Longest text of one tag, in bytes and characters."""
_TOTAL_LIMIT = 512 * 1024
_NUMBER_BYTES = 16 * 1024
_LONG_BYTES = 64
_NOTHING: Mapping[str, str] = {}
_NUMBER_TEXTS: Mapping[int, Callable[[tuple[Any, ...]], str]] = (
    dict.fromkeys(NUMBER_FORMATS, "%d".__mod__)
    | dict.fromkeys(RATIONALS, "%d/%d".__mod__)
    | dict.fromkeys((11, 12), "%.9g".__mod__)
)
"""The text of one value by its type; no functions of Python's, for there are dozens of values in a file."""
_NUMBERS = {
    order: {kind: (layout.unpack_from, _NUMBER_TEXTS[kind]) for kind, layout in layouts.items()}
    for order, layouts in VALUES.items()
}
"""What reads one value, and its text, by byte order and type."""
_READ_FIRST = ("IFD0", "Exif", "GPS", "Interop")

_POSITIONS = ("GPSLatitude", "GPSLongitude", "GPSDestLatitude", "GPSDestLongitude")
_REFERENCES = {"N": "North", "S": "South", "E": "East", "W": "West"}
_REFERENCE_TAGS = tuple(name + "Ref" for name in _POSITIONS)
_SEVERAL_STRINGS = frozenset(
    ("Copyright", "Artist", "ImageDescription", "DocumentName", "PageName", "InkNames")
)
"""ASCII tags that are known to have several; behind the NUL of others there is rarely anything that counts."""
_COMMENTS = ("UserComment", "GPSProcessingMethod", "GPSAreaInformation")


def exif_json(
    basic: Mapping[str, str], directories: Sequence[Directory], others: Mapping[str, str] = _NOTHING
) -> str:
    """The JSON text of ``exif_texts``, in alphabetical order."""
    return json_of(exif_texts(basic, directories, others))


def exif_texts(
    basic: Mapping[str, str], directories: Sequence[Directory], others: Mapping[str, str] = _NOTHING
) -> dict[str, str]:
    """Basic members and tags. A basic member wins over a tag of its name, a tag over one of ``others``."""
    return {**others, **exif_members(directories), **basic}


def json_of(members: Mapping[str, str]) -> str:
    """The members as the vendor writes them, in alphabetical order."""
    return msgspec.json.encode({name: {"value": members[name]} for name in sorted(members)}).decode()


def exif_members(directories: Sequence[Directory]) -> dict[str, str]:
    """Every tag by name. A name found twice keeps the value of the main image before the thumbnail's,
    unless that is empty.
    """
    members: dict[str, str] = {}
    left = _TOTAL_LIMIT
    for directory in sorted(directories, key=_rank):
        names = tag_names(directory.table or directory.name)
        numbers = _NUMBERS[directory.order]
        block = directory.source.data if isinstance(directory.source, Memory) else b""
        end = len(block)
        for tag, entry in directory.entries.items():
            name = names.get(tag) or f"0x{tag:04x}"
            if members.get(name) or left <= 0:
                continue
            if (
                entry.count == 1
                and (number := numbers.get(entry.type)) is not None
                and (at := entry.offset) + entry.size <= end
                and name not in _OWN_WAY
            ):
                # One number, as most tags are.
                read, written = number
                text = members[name] = written(read(block, at))
                left -= len(text)
                continue
            text = members[name] = _value_text(directory, tag, entry, name)[:TEXT_LIMIT]
            left -= len(text)
            if entry.type == ASCII:  # blanks at the end cost as much as they are long, and are gone
                left -= max(min(entry.size, TEXT_LIMIT) - len(text), 0)
    return members


def _rank(directory: Directory) -> int:
    return _READ_FIRST.index(directory.name) if directory.name in _READ_FIRST else len(_READ_FIRST)


def _value_text(directory: Directory, tag: int, entry: Entry, name: str) -> str:
    if tag == MAKER_NOTE and directory.name == "Exif":
        return f"{entry.size} bytes undefined data"
    special = _SPECIAL.get(name)
    if special is not None:
        text = special(directory, tag, entry)
        if text is not None:
            return text
    kind = entry.type
    if kind == ASCII:
        data = directory.source.peek_at(entry.offset, min(entry.size, TEXT_LIMIT))
        if name in _SEVERAL_STRINGS:
            return "\n".join(ascii_strings(data, directory.charset))
        return decode_text(data, directory.charset)
    if kind in (1, UNDEFINED) and entry.size > _LONG_BYTES:
        return f"{entry.size} bytes undefined data"
    if kind == UNDEFINED:
        return " ".join(map(str, directory.raw(tag, _LONG_BYTES)))
    return " ".join(map(_NUMBER_TEXTS[kind], directory.unpacked(entry, _NUMBER_BYTES)))


def _number_text(value: Number) -> str:
    if isinstance(value, Rational):
        return f"{value.numerator}/{value.denominator}"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _position(directory: Directory, tag: int, entry: Entry) -> str | None:
    """Degrees, minutes and seconds; zero parts at the end are left out, whole numbers have no decimals."""
    parts = directory.numbers(tag, 24)
    values = [part for part in parts if isinstance(part, Rational)]
    if len(values) != 3:
        return None
    if any(part.denominator == 0 for part in values):
        return "(" + " ".join(_number_text(part) for part in values) + ")"
    while len(values) > 1 and values[-1].numerator == 0:
        values.pop()
    text = ""
    for part, unit, digits in zip(values, ("deg", "'", '"'), (7, 5, 3), strict=False):
        whole = part.numerator % part.denominator == 0
        text += f"{part.numerator / part.denominator:.{0 if whole else digits}f}{unit} "
    return text


def _reference(directory: Directory, tag: int, entry: Entry) -> str | None:
    return _REFERENCES.get((directory.text(tag, 8) or "")[:1].upper())


def _comment(directory: Directory, tag: int, entry: Entry) -> str | None:
    return comment_text(directory.raw(tag, TEXT_LIMIT), directory.order)


def _windows_text(directory: Directory, tag: int, entry: Entry) -> str | None:
    if entry.type not in (1, UNDEFINED):
        return None
    return directory.raw(tag, TEXT_LIMIT).decode("utf-16-le", "replace").rstrip("\0 ")


_SPECIAL: dict[str, Callable[[Directory, int, Entry], str | None]] = {
    **dict.fromkeys(_POSITIONS, _position),
    **dict.fromkeys(_REFERENCE_TAGS, _reference),
    **dict.fromkeys(_COMMENTS, _comment),
    **dict.fromkeys(("XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject"), _windows_text),
}
"""Tags whose text is not simply that of their type; None from the function means it is, after all."""
_OWN_WAY = frozenset((*_SPECIAL, "MakerNote"))
