"""The raw tags of files as columns: those that many ask for by themselves, the others in shared columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from bindery.catalog.query.fields import FIELDS, TAG_MAPS, Field, find_field
from bindery.catalog.query.tags import (
    SHARED_COLUMNS,
    held_text,
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


class _Placed(NamedTuple):
    """Where a value of a tag goes. Most values of most tags are those of many files, so these are remembered."""

    column: str
    """Empty for what is no number, though its tag is one."""
    many: bool
    """Whether it is a column of lists."""
    held: str | float
    tokens: str
    """The entry with its tokens, and the column for it."""
    tokens_column: str
    searched: str


class TagRows:
    """The columns of some files."""

    def __init__(self, count: int) -> None:
        self.names: set[str] = set()
        """Of all tags, in full."""
        self._count = count
        self.columns: dict[str, list[Any]] = {}
        """Those that hold anything."""

    def set(self, column: str, place: int, value: int | str | float) -> None:
        """Of the file at a place."""
        (self.columns.get(column) or self._new(column))[place] = value

    def add(self, column: str, place: int, value: str | float) -> None:
        """One of the values of the file at a place."""
        values = self.columns.get(column) or self._new(column)
        if values[place] is None:
            values[place] = [value]
        else:
            values[place].append(value)

    def _new(self, column: str) -> list[Any]:
        values = self.columns[column] = [None] * self._count
        return values


class TagProjection:
    """Turns the fields EXIF and Tags into columns; for any number of threads."""

    def __init__(self) -> None:
        self._exif = msgspec.json.Decoder(dict[str, _Member], strict=False)
        self._remembered: dict[str, dict[tuple[str, str], _Placed]] = {head: {} for head in TAG_MAPS}

    def rows(self, exif: Sequence[str | None], tags: Sequence[dict[str, list[str]] | None]) -> TagRows:
        """The columns of files by their EXIF, a JSON text, and their other tags."""
        rows = TagRows(len(exif))
        names: dict[str, set[str]] = {head: set() for head in TAG_MAPS}
        for place, (text, others) in enumerate(zip(exif, tags, strict=True)):
            searched: list[str] = []
            if text and (members := self._members(text)):
                rows.set("EXIF", place, len(members))
                names["EXIF"].update(members)
                self._put(
                    "EXIF",
                    [(name, member.value) for name, member in members.items()],
                    rows,
                    place,
                    searched,
                )
            if others:
                rows.set("Tags", place, len(others))
                names["Tags"].update(others)
                self._put(
                    "Tags",
                    [(name, value) for name in others for value in others[name]],
                    rows,
                    place,
                    searched,
                )
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

    def _put(
        self,
        head: str,
        values: Iterable[tuple[str, str | None]],
        rows: TagRows,
        place: int,
        searched: list[str],
    ) -> None:
        """The values of a file. Of all that is done for one, this is done most often: forty times a photo."""
        remembered = self._remembered[head]
        set_, add = rows.set, rows.add
        for each in values:
            found = remembered.get(each) or self._placed(head, *each)  # type: ignore[arg-type]
            column, many, held, tokens, tokens_column, wanted = found
            if many:
                add(column, place, held)
            elif column:
                set_(column, place, held)
            if wanted:
                searched.append(wanted)
            if tokens:
                add(tokens_column, place, tokens)

    def _placed(self, head: str, name: str, value: str | None) -> _Placed:
        if value is None:
            return _NOWHERE
        placed, remembered = _place(f"{head}.{name}", value), self._remembered[head]
        if len(value) <= _LONGEST_REMEMBERED:
            if len(remembered) >= _MOST_REMEMBERED:
                remembered.clear()
            remembered[name, value] = placed
        return placed


_NOWHERE = _Placed("", False, "", "", "", "")


def _is_searched(field: Field, value: str) -> bool:
    """Whether people look for a text."""
    head, name = field.path
    if head == "EXIF":
        return name in EXIF_TEXTS
    prefix, colon, _ = name.partition(":")
    return name in TAG_KINDS or (
        (not colon or prefix not in UNREAD_PREFIXES) and any(map(str.isalpha, value))
    )


@lru_cache(maxsize=4096)
def _home(name: str) -> tuple[Field, bool, str, str]:
    """The field of a tag, whether it is a number, its column, and what its entries begin with where it shares one."""
    field, _ = find_field(name)
    if field.stored:
        return field, field.numeric, name, ""
    return field, field.numeric, shared_column(name), tag_entry(name)


def _place(name: str, value: str) -> _Placed:
    field, numeric, column, begin = _home(name)
    many = field.array or not field.stored
    if numeric:
        number = read_tag_number(name, value)
        if number is None:
            return _NOWHERE
        return _Placed(column, many, number if field.stored else begin + number_text(number), "", "", "")
    tokens = "" if value.isascii() else tokens_entry(name, value)
    searched = fuzzy_text(value) if _is_searched(field, value) else ""
    return _Placed(
        column,
        many,
        begin + (held_text(value) if begin else value),
        tokens,
        tokens and shared_column(name),
        searched,
    )
