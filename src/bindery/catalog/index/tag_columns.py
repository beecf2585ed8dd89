"""The raw tags of files as columns: those that many ask for by themselves, the others in shared columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, TypeGuard, cast

import msgspec

from bindery.catalog.query.fields import FIELDS, TAG_MAPS, Field, find_field
from bindery.catalog.query.tags import (
    ENTRY_SEPARATOR,
    LONGEST_NUMBER,
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
_MOST_SHAPES = 2_000
_LONGEST_SHAPE = 200
"""Tags of a file. What has more of them is seldom like another one."""
_NO_NUMBER = LONGEST_NUMBER + 1
"""So many characters are none."""
_COLUMN_SEPARATOR = ENTRY_SEPARATOR * 2
_SHARED_NUMBERS = {name: number for number, name in enumerate(SHARED_COLUMNS)}


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
        self._shared: list[list[str | None] | None] = [None] * len(SHARED_COLUMNS)
        self._columns: dict[str, list[Any]] = {}

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Those that hold anything. Entries of a shared column are one text a file, parted by ENTRY_SEPARATOR."""
        shared = zip(SHARED_COLUMNS, self._shared, strict=True)
        return self._columns | {name: values for name, values in shared if values is not None}

    def set(self, column: str, place: int, value: int | str | float) -> None:
        """Of the file at a place."""
        (self._columns.get(column) or self._new(column))[place] = value

    def add(self, column: str, place: int, value: str | float) -> None:
        """One of the values of the file at a place."""
        values = self._columns.get(column) or self._new(column)
        if values[place] is None:
            values[place] = [value]
        else:
            values[place].append(value)

    def add_entries(self, number: int, place: int, entries: str) -> None:
        """Entries of the file at a place, in the shared column of a number."""
        values = self._shared[number]
        if values is None:
            values = self._shared[number] = [None] * self._count
        before = values[place]
        values[place] = entries if before is None else f"{before}{ENTRY_SEPARATOR}{entries}"

    def _new(self, column: str) -> list[Any]:
        values = self._columns[column] = [None] * self._count
        return values


class _Entries:
    """The entries of shared columns that files of a shape have, made at once for all columns."""

    def __init__(self, columns: Mapping[int, Sequence[tuple[int, str]]]) -> None:
        self._columns = columns
        """For each column the places of values, and what their entries begin with."""
        self._whole = _COLUMN_SEPARATOR.join(
            ENTRY_SEPARATOR.join(f"{begin.replace('%', '%%')}%s" for _, begin in entries)
            for entries in columns.values()
        )
        self._values = itemgetter(*(place for entries in columns.values() for place, _ in entries))

    def whole(self, values: Sequence[str | None]) -> Iterable[tuple[int, str]]:
        """Columns with their entries as one text, when there is a value for each."""
        texts: str = self._whole % self._values(values)
        return zip(self._columns, texts.split(_COLUMN_SEPARATOR), strict=True)

    def some(self, values: Sequence[str | None]) -> Iterator[tuple[int, str]]:
        """The same of those that have a value."""
        for column, begins in self._columns.items():
            held = (f"{begin}{values[place]}" for place, begin in begins if values[place] is not None)
            if text := ENTRY_SEPARATOR.join(held):
                yield column, text


class _Shape:
    """Where the tags go of files that have the same ones in the same order, as the photos of a camera do.

    What depends on the names is found once; of the values it is left to read the numbers.
    """

    def __init__(self, head: str, names: Sequence[str]) -> None:
        self.names = {f"{head}.{name}" for name in names}
        self._number = _exif_number if head == "EXIF" else _tag_number
        self._own: list[tuple[str, bool, bool, int]] = []
        """Columns of single tags: whether it is one of numbers, whether of lists, and the place of the value."""
        self._entry_numbers: list[int] = []
        self._searched: list[tuple[int, bool]] = []
        """Places of texts that FuzzyQuery finds, and whether only those with a letter."""
        shared: dict[int, list[tuple[int, str]]] = {}
        for place, name in enumerate(names):
            field, numeric, column, begin = _home(f"{head}.{name}")
            if field.stored:
                self._own.append((column, numeric, field.array, place))
            else:
                shared.setdefault(_SHARED_NUMBERS[column], []).append((place, begin))
                if numeric:
                    self._entry_numbers.append(place)
            if not numeric and _is_searched(field, "a"):
                self._searched.append((place, not _is_searched(field, "")))
        self._entries = _Entries(shared) if shared else None

    def put(self, values: list[str], rows: TagRows, place: int, searched: list[str]) -> None:
        """Enter the values of the file at a place, which are ASCII without ENTRY_SEPARATOR."""
        read_number = self._number
        for column, numeric, many, at in self._own:
            value = read_number(values[at][:_NO_NUMBER])[0] if numeric else values[at]
            if value is not None:
                (rows.add if many else rows.set)(column, place, value)
        for at, with_letter in self._searched:
            text = values[at]
            if text and not (with_letter and text.lower() == text.upper()):
                searched.append(text.lower())
        if self._entries is not None:
            self._put_entries(self._entries, values, rows, place)

    def _put_entries(self, entries: _Entries, values: list[str], rows: TagRows, place: int) -> None:
        read_number, whole = self._number, True
        held: list[str | None] = [*values]
        for at in self._entry_numbers:
            held[at] = number = read_number(values[at][:_NO_NUMBER])[1]
            if number is None:
                whole = False
        for column, texts in entries.whole(held) if whole else entries.some(held):
            rows.add_entries(column, place, texts)


class TagProjection:
    """Turns the fields EXIF and Tags into columns; for any number of threads."""

    def __init__(self) -> None:
        self._exif = msgspec.json.Decoder(dict[str, _Member], strict=False)
        self._remembered: dict[str, dict[tuple[str, str], _Placed]] = {head: {} for head in TAG_MAPS}
        self._shapes: dict[str, dict[tuple[str, ...], _Shape]] = {head: {} for head in TAG_MAPS}

    def rows(self, exif: Sequence[str | None], tags: Sequence[dict[str, list[str]] | None]) -> TagRows:
        """The columns of files by their EXIF, a JSON text, and their other tags."""
        rows = TagRows(len(exif))
        for place, (text, others) in enumerate(zip(exif, tags, strict=True)):
            searched: list[str] = []
            if text and (members := self._members(text)):
                rows.set("EXIF", place, len(members))
                values = [member.value for member in members.values()]
                self._put("EXIF", tuple(members), values, rows, place, searched)
            if others:
                rows.set("Tags", place, len(others))
                names = tuple(name for name, held in others.items() for _ in held)
                self._put("Tags", names, [*chain.from_iterable(others.values())], rows, place, searched)
            if searched:
                rows.set(FUZZY_TAGS, place, FUZZY_SEPARATOR.join(searched))
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
        names: tuple[str, ...],
        values: Sequence[str | None],
        rows: TagRows,
        place: int,
        searched: list[str],
    ) -> None:
        """The values of a file. Of all that is done for one, this is done most often: forty times a photo."""
        if len(names) <= _LONGEST_SHAPE and _are_plain(values):
            shape = self._shapes[head].get(names) or self._new_shape(head, names)
            rows.names |= shape.names
            shape.put(values, rows, place, searched)
        else:
            rows.names.update(f"{head}.{name}" for name in names)
            self._put_each(head, zip(names, values, strict=True), rows, place, searched)

    def _new_shape(self, head: str, names: tuple[str, ...]) -> _Shape:
        shapes = self._shapes[head]
        if len(shapes) >= _MOST_SHAPES:
            shapes.clear()
        shape = shapes[names] = _Shape(head, names)
        return shape

    def _put_each(
        self,
        head: str,
        values: Iterable[tuple[str, str | None]],
        rows: TagRows,
        place: int,
        searched: list[str],
    ) -> None:
        remembered = self._remembered[head]
        for each in values:
            found = remembered.get(each) or self._placed(head, *each)  # type: ignore[arg-type]
            column, many, held, tokens, tokens_column, wanted = found
            if column in _SHARED_NUMBERS:
                rows.add_entries(_SHARED_NUMBERS[column], place, str(held))
            elif many:
                rows.add(column, place, held)
            elif column:
                rows.set(column, place, held)
            if wanted:
                searched.append(wanted)
            if tokens:
                rows.add_entries(_SHARED_NUMBERS[tokens_column], place, tokens)

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


def _are_plain(values: Sequence[str | None]) -> TypeGuard[list[str]]:
    """Whether all are texts of ASCII without ENTRY_SEPARATOR."""
    if None in values:
        return False
    whole = "".join(cast("Sequence[str]", values))
    return whole.isascii() and ENTRY_SEPARATOR not in whole


@lru_cache(maxsize=16_384)
def _exif_number(text: str) -> tuple[float | None, str | None]:
    """What a tag of EXIF that is a number holds, and the same as a text."""
    return _with_text(read_tag_number("EXIF.", text))


@lru_cache(maxsize=4_096)
def _tag_number(text: str) -> tuple[float | None, str | None]:
    """The same of another tag."""
    return _with_text(read_tag_number("Tags.", text))


def _with_text(number: float | None) -> tuple[float | None, str | None]:
    return number, None if number is None else number_text(number)


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
