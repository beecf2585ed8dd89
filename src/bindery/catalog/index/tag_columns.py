"""The raw tags of files as columns: those that many ask for by themselves, the others in shared columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bindery.catalog.query.fields import FIELDS, TAG_MAPS, Field, find_field
from bindery.catalog.query.tags import (
    SHARED_COLUMNS,
    number_text,
    read_tag_number,
    shared_column,
    tag_entry,
    tokens_entry,
)
from bindery.catalog.query.values import FUZZY_SEPARATOR, fuzzy_text
from bindery.tag_kinds import EXIF_TEXTS, TAG_KINDS, UNREAD_PREFIXES

TAG_FIELDS = tuple(field for field in FIELDS.values() if field.tag)
"""Tags with a column of their own."""
FUZZY_TAGS = "Fuzzy tags"
"""What FuzzyQuery finds in tags. It stands by itself because files of one camera, author or album have the same."""
TAG_COLUMNS: dict[str, str] = (
    {
        field.name: ("DOUBLE" if field.numeric else "VARCHAR") + ("[]" if field.array else "")
        for field in TAG_FIELDS
    }
    | dict.fromkeys(SHARED_COLUMNS, "VARCHAR[]")
    | dict.fromkeys(TAG_MAPS, "BIGINT")
    | {FUZZY_TAGS: "VARCHAR"}
)
"""Types by name. A column of a map's own name holds how many tags it has."""
_MOST_REMEMBERED = 20_000
_LONGEST_REMEMBERED = 100


class _Member(msgspec.Struct, gc=False):
    value: str | None = None


class _Placed(msgspec.Struct, frozen=True, gc=False):
    """Where a value of a tag goes. Most values of most tags are those of many files, so these are remembered."""

    column: str
    """Empty for what is no number, though its tag is one."""
    many: bool
    """Whether it is a column of lists."""
    held: str | float
    tokens: str
    searched: str


class TagRows:
    """The columns of some files."""

    def __init__(self, count: int) -> None:
        self.names: set[str] = set()
        """Of all tags, in full."""
        self._count = count
        self.columns: dict[str, list[Any]] = {}
        """Those that hold anything."""

    def add(self, placed: _Placed, place: int) -> None:
        """A value of the file at a place."""
        values = self.columns.get(placed.column) or self._new(placed.column)
        if not placed.many:
            values[place] = placed.held
        elif values[place] is None:
            values[place] = [placed.held]
        else:
            values[place].append(placed.held)

    def set(self, column: str, place: int, value: int | str) -> None:
        """Of the file at a place."""
        (self.columns.get(column) or self._new(column))[place] = value

    def _new(self, column: str) -> list[Any]:
        values = self.columns[column] = [None] * self._count
        return values


class TagProjection:
    """Turns the fields EXIF and Tags into columns; for any number of threads."""

    def __init__(self) -> None:
        self._exif = msgspec.json.Decoder(dict[str, _Member], strict=False)
        self._remembered: dict[tuple[str, str], _Placed] = {}

    def rows(self, exif: Sequence[str | None], tags: Sequence[dict[str, list[str]] | None]) -> TagRows:
        """The columns of files by their EXIF, a JSON text, and their other tags."""
        rows = TagRows(len(exif))
        names: dict[str, set[str]] = {head: set() for head in TAG_MAPS}
        for place, (text, others) in enumerate(zip(exif, tags, strict=True)):
            searched: list[str] = []
            if text and (members := self._members(text)):
                rows.set("EXIF", place, len(members))
                names["EXIF"].update(members)
                for name, member in members.items():
                    if member.value is not None:
                        self._put(rows, place, "EXIF." + name, member.value, searched)
            if others:
                rows.set("Tags", place, len(others))
                names["Tags"].update(others)
                for name, values in others.items():
                    for value in values:
                        self._put(rows, place, "Tags." + name, value, searched)
            if searched:
                rows.set(FUZZY_TAGS, place, FUZZY_SEPARATOR.join(searched))
        rows.names = {f"{head}.{name}" for head, found in names.items() for name in found}
        return rows

    def searched(self, exif: str | None, tags: dict[str, list[str]] | None) -> str:
        """What FuzzyQuery finds in the tags of a file, folded."""
        return str(self.rows([exif], [tags]).columns.get(FUZZY_TAGS, [""])[0])

    def _members(self, exif: str) -> dict[str, _Member]:
        try:
            return self._exif.decode(exif)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return {}  # whoever wrote the entry himself may have written anything

    def _put(self, rows: TagRows, place: int, name: str, value: str, searched: list[str]) -> None:
        placed = self._remembered.get((name, value)) or self._placed(name, value)
        if not placed.column:
            return
        rows.add(placed, place)
        if placed.searched:
            searched.append(placed.searched)
        if placed.tokens:
            rows.add(_Placed(shared_column(name), True, placed.tokens, "", ""), place)

    def _placed(self, name: str, value: str) -> _Placed:
        placed = _place(name, value)
        if len(value) <= _LONGEST_REMEMBERED:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[name, value] = placed
        return placed


def _is_searched(field: Field, value: str) -> bool:
    """Whether people look for a text."""
    head, name = field.path
    if head == "EXIF":
        return name in EXIF_TEXTS
    prefix, colon, _ = name.partition(":")
    return name in TAG_KINDS or (
        (not colon or prefix not in UNREAD_PREFIXES) and any(map(str.isalpha, value))
    )


def _place(name: str, value: str) -> _Placed:
    field, _ = find_field(name)
    if not field.numeric:
        held = value if field.stored else tag_entry(name, value)
        column = name if field.stored else shared_column(name)
        tokens = "" if value.isascii() else tokens_entry(name, value)
        searched = fuzzy_text(value) if _is_searched(field, value) else ""
        return _Placed(column, field.array or not field.stored, held, tokens, searched)
    number = read_tag_number(name, value)
    if number is None:
        return _Placed("", False, "", "", "")
    if field.stored:
        return _Placed(name, field.array, number, "", "")
    return _Placed(shared_column(name), True, tag_entry(name, number_text(number)), "", "")
