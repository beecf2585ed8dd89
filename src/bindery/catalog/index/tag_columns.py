"""The raw tags of files as columns: those that many ask for by themselves, the others in shared columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
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
        self._searched: list[str] = [""] * count

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Those that hold anything. Entries of a shared column are one text a file, parted by ENTRY_SEPARATOR."""
        shared = zip(SHARED_COLUMNS, self._shared, strict=True)
        columns = self._columns | {name: values for name, values in shared if values is not None}
        if any(self._searched):
            columns[FUZZY_TAGS] = [text or None for text in self._searched]
        return columns

    def set(self, column: str, places: Iterable[int], values: Iterable[int | str | float | None]) -> None:
        """Of the files at these places; what is None stays as it is."""
        held = self._columns.get(column) or self._new(column)
        for place, value in zip(places, values, strict=True):
            if value is not None:
                held[place] = value

    def add(self, column: str, places: Iterable[int], values: Iterable[str | float | None]) -> None:
        """One of the values of each of the files at these places."""
        held = self._columns.get(column) or self._new(column)
        for place, value in zip(places, values, strict=True):
            if value is None:
                continue
            if held[place] is None:
                held[place] = [value]
            else:
                held[place].append(value)

    def add_entries(self, number: int, places: Iterable[int], entries: Sequence[str]) -> None:
        """Entries of the files at these places, in the shared column of a number."""
        if not any(entries):
            return
        held = self._shared[number]
        if held is None:
            held = self._shared[number] = [None] * self._count
        for place, added in zip(places, entries, strict=True):
            if added:
                before = held[place]
                held[place] = added if before is None else f"{before}{ENTRY_SEPARATOR}{added}"

    def add_searched(self, places: Iterable[int], texts: Iterable[str]) -> None:
        """What FuzzyQuery finds, folded."""
        held = self._searched
        for place, added in zip(places, texts, strict=True):
            if added:
                before = held[place]
                held[place] = f"{before}{FUZZY_SEPARATOR}{added}" if before else added

    def _new(self, column: str) -> list[Any]:
        values = self._columns[column] = [None] * self._count
        return values


class _Entries:
    """The entries that files of a shape have in one shared column."""

    def __init__(self, column: int, entries: Sequence[tuple[int, str]]) -> None:
        self.column = column
        self._entries = entries
        """Places of values, and what their entries begin with."""
        self._whole = ENTRY_SEPARATOR.join(f"{begin.replace('%', '%%')}%s" for _, begin in entries)

    def texts(self, columns: Sequence[Sequence[str | None]]) -> list[str]:
        """One text a file, by the values of each tag."""
        chosen = [columns[place] for place, _ in self._entries]
        texts = list(map(self._whole.__mod__, zip(*chosen, strict=True)))
        for place in {
            at for values in chosen if None in values for at, each in enumerate(values) if each is None
        }:
            texts[place] = self._some([values[place] for values in chosen])
        return texts

    def _some(self, values: Iterable[str | None]) -> str:
        """Of those that have a value."""
        pairs = zip(self._entries, values, strict=True)
        return ENTRY_SEPARATOR.join(f"{begin}{value}" for (_, begin), value in pairs if value is not None)


class _Shape:
    """Where the tags go of files that have the same ones in the same order, as the photos of a camera do.

    What depends on the names is found once, and the files of a batch are done together, tag by tag.
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
        self._entries = [_Entries(column, entries) for column, entries in shared.items()]

    def put(self, files: Sequence[Sequence[str]], rows: TagRows, places: Sequence[int]) -> None:
        """Enter the values of files at their places; they are ASCII without ENTRY_SEPARATOR."""
        columns: list[Sequence[Any]] = list(zip(*files, strict=True))
        for column, numeric, many, at in self._own:
            values = [number for number, _ in self._numbers(columns[at])] if numeric else columns[at]
            if numeric and values.count(None) == len(values):
                continue
            (rows.add if many else rows.set)(column, places, values)
        if self._searched:
            found = [
                _with_letters(columns[at]) if letters else columns[at] for at, letters in self._searched
            ]
            texts = (FUZZY_SEPARATOR.join(filter(None, each)).lower() for each in zip(*found, strict=True))
            rows.add_searched(places, texts)
        for at in self._entry_numbers:
            columns[at] = [text for _, text in self._numbers(columns[at])]
        for entries in self._entries:
            rows.add_entries(entries.column, places, entries.texts(columns))

    def _numbers(self, values: Sequence[str]) -> list[tuple[float | None, str | None]]:
        """With their texts."""
        short = values if max(map(len, values)) < _NO_NUMBER else [value[:_NO_NUMBER] for value in values]
        return list(map(self._number, short))


class _Batch:
    """Files by their shapes, until all are known."""

    def __init__(self) -> None:
        self._files: dict[_Shape, tuple[list[int], list[Sequence[str]]]] = {}

    def add(self, shape: _Shape, place: int, values: Sequence[str]) -> None:
        """The values of the file at a place."""
        places, files = self._files.get(shape) or self._files.setdefault(shape, ([], []))
        places.append(place)
        files.append(values)

    def put(self, rows: TagRows) -> None:
        """Enter all of them."""
        for shape, (places, files) in self._files.items():
            rows.names |= shape.names
            shape.put(files, rows, places)


class TagProjection:
    """Turns the fields EXIF and Tags into columns; for any number of threads."""

    def __init__(self) -> None:
        self._exif = msgspec.json.Decoder(dict[str, _Member], strict=False)
        self._remembered: dict[str, dict[tuple[str, str], _Placed]] = {head: {} for head in TAG_MAPS}
        self._shapes: dict[str, dict[tuple[str, ...], _Shape]] = {head: {} for head in TAG_MAPS}

    def rows(self, exif: Sequence[str | None], tags: Sequence[dict[str, list[str]] | None]) -> TagRows:
        """The columns of files by their EXIF, a JSON text, and their other tags."""
        rows = TagRows(len(exif))
        batch = _Batch()
        counts = [
            self._add_exif(text, rows, place, batch) if text else 0 for place, text in enumerate(exif)
        ]
        batch.put(rows)
        batch = _Batch()
        for place, held in enumerate(tags):
            if held:
                names = tuple(name for name, values in held.items() for _ in values)
                self._add("Tags", names, [*chain.from_iterable(held.values())], rows, place, batch)
        batch.put(rows)
        for head, numbers in (("EXIF", counts), ("Tags", [len(held) if held else 0 for held in tags])):
            if any(numbers):
                rows.set(head, range(len(exif)), [number or None for number in numbers])
        return rows

    def searched(self, exif: str | None, tags: dict[str, list[str]] | None) -> str:
        """What FuzzyQuery finds in the tags of a file, folded."""
        return str(self.rows([exif], [tags]).columns.get(FUZZY_TAGS, [""])[0])

    def _add_exif(self, text: str, rows: TagRows, place: int, batch: _Batch) -> int:
        """Of how many tags."""
        members = self._members(text)
        self._add("EXIF", tuple(members), [member.value for member in members.values()], rows, place, batch)
        return len(members)

    def _members(self, exif: str) -> dict[str, _Member]:
        try:
            return self._exif.decode(exif)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return {}  # whoever wrote the entry himself may have written anything

    def _add(
        self,
        head: str,
        names: tuple[str, ...],
        values: Sequence[str | None],
        rows: TagRows,
        place: int,
        batch: _Batch,
    ) -> None:
        if len(names) <= _LONGEST_SHAPE and _are_plain(values):
            batch.add(self._shapes[head].get(names) or self._new_shape(head, names), place, values)
        else:
            rows.names.update(f"{head}.{name}" for name in names)
            self._put_each(head, zip(names, values, strict=True), rows, place)

    def _new_shape(self, head: str, names: tuple[str, ...]) -> _Shape:
        shapes = self._shapes[head]
        if len(shapes) >= _MOST_SHAPES:
            shapes.clear()
        shape = shapes[names] = _Shape(head, names)
        return shape

    def _put_each(
        self, head: str, values: Iterable[tuple[str, str | None]], rows: TagRows, place: int
    ) -> None:
        remembered, at = self._remembered[head], (place,)
        for each in values:
            found = remembered.get(each) or self._placed(head, *each)  # type: ignore[arg-type]
            column, many, held, tokens, tokens_column, wanted = found
            if column in _SHARED_NUMBERS:
                rows.add_entries(_SHARED_NUMBERS[column], at, (str(held),))
            elif many:
                rows.add(column, at, (held,))
            elif column:
                rows.set(column, at, (held,))
            if wanted:
                rows.add_searched(at, (wanted,))
            if tokens:
                rows.add_entries(_SHARED_NUMBERS[tokens_column], at, (tokens,))

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


def _with_letters(values: Iterable[str]) -> list[str]:
    """Those with a letter, of texts of ASCII; the others empty."""
    return [value if value.lower() != value.upper() else "" for value in values]


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
