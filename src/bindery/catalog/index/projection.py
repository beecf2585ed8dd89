"""What of a document the index holds, and how it gets there: typed columns, one JSON array a column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from bindery.catalog.index.changes import Change
from bindery.catalog.index.tag_columns import FUZZY_TAGS, TAG_COLUMNS, TagProjection, TagRows
from bindery.catalog.index.uri_zones import BATCH
from bindery.catalog.query.compile import map_entry, uri_key
from bindery.catalog.query.fields import ARRAYS, FIELDS, FUZZY_FIELDS, KEYED_MAPS, TAG_MAPS, Field, Kind
from bindery.catalog.query.folding import fold_text
from bindery.catalog.query.tags import ENTRY_SEPARATOR, SHARED_COLUMNS
from bindery.catalog.query.values import (
    FUZZY_SEPARATOR,
    INT64_MAX,
    INT64_MIN,
    MAX_ELEMENTS,
    MAX_LIST_TEXT,
    MAX_TEXT,
    clamp_int64,
    parse_point,
    phrase_text,
)
from bindery.clock import parse_time

_SQL_TYPES = {Kind.INT: "BIGINT", Kind.FLOAT: "DOUBLE", Kind.TIME: "BIGINT"}
_PYTHON_TYPES: dict[Kind, Any] = {
    Kind.INT: Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)],
    Kind.FLOAT: float,
    Kind.MAP: dict[str, str],
}
_ADDED = {
    "Key": "UUID",
    "Latitude": "DOUBLE",
    "Longitude": "DOUBLE",
    "Fuzzy": "VARCHAR",
    "Text": "BIGINT",
    BATCH: "BIGINT",
}
"""Columns that are no fields. Key stands for the URI, Text is the number of the document's text, Batch that of the
newest change of the batch that brought the row."""


def _column_type(field: Field) -> str:
    return _SQL_TYPES.get(field.kind, "VARCHAR") + ("[]" if field.array or field.kind is Kind.MAP else "")


_COLUMN_FIELDS = tuple(
    field for field in FIELDS.values() if field.kind is not Kind.GEO and field.path[0] not in TAG_MAPS
)
_PHRASE_FIELDS = tuple(field for field in _COLUMN_FIELDS if field.phrase)
COLUMNS: dict[str, str] = (
    {field.name: _column_type(field) for field in _COLUMN_FIELDS}
    | {f"{field.name} folded": _column_type(field) for field in _PHRASE_FIELDS}
    | dict.fromkeys(sorted(ARRAYS), "BIGINT")
    | TAG_COLUMNS
    | _ADDED
)
"""Types by name. A column of an array's own name holds the number of its elements; one that is called ``folded``
the tokens of a phrase field, where its text is not ASCII."""
FIRST_COLUMNS = frozenset({
    "Key", "URI", BATCH, "Filename", "Fuzzy", "Text", "CreateTime", "UpdateTime", "FileModifiedTime", "ProduceTime",
    "ContentType", "MediaType", "ProjectName", "DatasetName", "OwnerId", "ObjectId", "ObjectType", "ObjectStatus",
    "ObjectACL", "ETag", "Size", "OSSCRC64", "OSSObjectType", "OSSStorageClass", "ImageWidth", "ImageHeight",
    "Orientation", "EXIF", "Tags", FUZZY_TAGS, *SHARED_COLUMNS,
})  # fmt: skip
"""What the files of most datasets have. Each further column is made when the first file brings something for it: of two
hundred most stay empty in any dataset, and empty ones cost half of what a change costs."""
_LONGEST_REMEMBERED = 100
_LONGEST_NAME = 256
"""Longer names are found, but not offered."""
_SHAPES = {
    name: f'[["{kind[:-2]}"]]' if kind.endswith("[]") else f'["{kind}"]' for name, kind in COLUMNS.items()
}
"""The shapes of whole columns, as DuckDB's from_json wants them."""
_EXPRESSIONS = {name: f"unnest(from_json(?::JSON, '{shape}'))" for name, shape in _SHAPES.items()} | {
    # One text a file is read in two thirds of the time of a list.
    name: f"""string_split(unnest(from_json(?::JSON, '["VARCHAR"]')), chr({ord(ENTRY_SEPARATOR):d}))"""
    for name in SHARED_COLUMNS
}
_SAME = {name: f"string_split(?, chr({ord(ENTRY_SEPARATOR):d}))" for name in SHARED_COLUMNS}
"""Where one value of all rows is not written as what its column holds."""
_SEPARATOR = "\x1d"
_VALUES = f"unnest(string_split(?, chr({ord(_SEPARATOR):d})))"
_SPLIT = {name: _VALUES for name, kind in COLUMNS.items() if kind == "VARCHAR"} | {
    name: f"string_split({_VALUES}, chr({ord(ENTRY_SEPARATOR):d}))" for name in SHARED_COLUMNS
}
"""Texts of all files as one, which DuckDB parts in two thirds of the time that it reads JSON in."""
_FUZZY_PATHS = tuple((name.partition(".")[0], name.partition(".")[2]) for name in FUZZY_FIELDS)


def _joined(name: str, values: Sequence[Any]) -> str | None:
    """A column of texts as one text; None where one of them is missing or holds what parts them."""
    if name not in _SPLIT or None in values:
        return None
    joined = _SEPARATOR.join(values)
    return joined if joined.count(_SEPARATOR) == len(values) - 1 else None


def _is_list(field: Field) -> bool:
    """Whether the value of a field is a list of texts."""
    return field.array and len(field.path) == 1


def _tree() -> dict[str, Any]:
    """Field kinds by their path, as nested dicts; types of what is more than one value."""
    tree: dict[str, Any] = {"EXIF": Kind.TEXT, "Tags": dict[str, list[str]]}
    for field in FIELDS.values():
        if field.path[0] in TAG_MAPS:
            continue
        here = tree
        for part in field.path[:-1]:
            here = here.setdefault(part, {})
        here[field.path[-1]] = list[str] if _is_list(field) else field.kind
    return tree


def _python_type(name: str, node: Any) -> Any:
    if isinstance(node, dict):
        struct = _struct(name, node)
        return list[struct] if name in ARRAYS else struct  # type: ignore[valid-type]
    return _PYTHON_TYPES.get(node, str) if isinstance(node, Kind) else node


def _struct(name: str, node: dict[str, Any]) -> type[msgspec.Struct]:
    fields = [(inner, _python_type(inner, kind) | None, None) for inner, kind in node.items()]
    return msgspec.defstruct(name, fields, kw_only=True, gc=False)


_TREE = _tree()
_Row = _struct("Row", _TREE)
_Heads = dict[str, tuple[Any, ...]]
"""The values of each field, or of what it is in, by its name and in the order of the files."""


class Insertion(msgspec.Struct, frozen=True):
    """Rows to insert, as the columns that hold anything: a JSON array, texts with separators, or one value of all."""

    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    parameters: tuple[str | int | float, ...]
    tag_names: frozenset[str]
    """Full names of the raw tags and the keys of maps that the rows have."""
    batch: int
    """The number of the newest change."""
    uris: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Whether nothing stands in its columns and expressions, which become a statement, but what this program puts
        there."""
        if not len(self.columns) == len(self.expressions) == len(self.parameters):
            return False
        columns = zip(self.columns, self.expressions, strict=True)
        return all(name in COLUMNS and expression in _forms(name) for name, expression in columns)


def _forms(name: str) -> Iterator[str]:
    """Expressions that bring the values of a column."""
    yield from (forms[name] for forms in (_EXPRESSIONS, _SPLIT, _SAME) if name in forms)
    yield f"?::{COLUMNS[name]}"


class Projection:
    """Turns changes into what the index inserts and deletes."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Row, strict=False)
        self._encoder = msgspec.json.Encoder()
        self._tags = TagProjection()

    def keys(self, changes: Sequence[Change]) -> str:
        """A JSON array of the Key of every change."""
        return self._encoder.encode([uri_key(change.uri) for change in changes]).decode()

    def searched_text(self, change: Change) -> str | None:
        """What FuzzyQuery looks at besides the column ``Fuzzy``: the text, and short fields that are too long."""
        if change.document is None or len(change.document) <= MAX_TEXT:
            return change.text
        held = self._heads([change])
        [fields] = _fuzzy_column(held)
        tags = self._tags.searched(held["EXIF"][0], held["Tags"][0])
        if max(len(fields), len(tags)) <= MAX_TEXT:
            return change.text
        return FUZZY_SEPARATOR.join((change.text or "", fields, tags))

    def rows(self, changes: Sequence[Change], texts: Sequence[int | None]) -> Insertion | None:
        """The rows of entries that exist, with the number of each text; None when there are none."""
        live = [place for place, change in enumerate(changes) if change.document is not None]
        if not live:
            return None
        columns, expressions, parameters = [], [], []
        batch = changes[-1].sequence
        chosen = [changes[place] for place in live]
        held = self._heads(chosen)
        tags = self._tags.rows(held["EXIF"], held["Tags"])
        for name, values in self._columns(chosen, held, tags, [texts[place] for place in live], batch):
            if values.count(None) == len(values):
                continue
            first = values[0]
            columns.append(name)
            if isinstance(first, str | int) and values.count(first) == len(values):
                expressions.append(_SAME.get(name, f"?::{COLUMNS[name]}"))
                parameters.append(first)
            elif (joined := _joined(name, values)) is not None:
                expressions.append(_SPLIT[name])
                parameters.append(joined)
            else:
                expressions.append(_EXPRESSIONS[name])
                parameters.append(self._encoder.encode(values).decode())
        return Insertion(
            tuple(columns),
            tuple(expressions),
            tuple(parameters),
            _names(held, tags),
            batch,
            tuple(change.uri for change in chosen),
        )

    def _heads(self, changes: Sequence[Change]) -> _Heads:
        # Rows become columns at once, for a row takes much room.
        rows = map(msgspec.structs.astuple, map(self._decode, changes))
        return dict(zip(_TREE, zip(*rows, strict=True), strict=True))

    def _columns(
        self,
        changes: Sequence[Change],
        held: _Heads,
        tags: TagRows,
        texts: Sequence[int | None],
        batch: int,
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        large = [place for place, change in enumerate(changes) if len(change.document or b"") > MAX_TEXT]
        for name, values in chain(self._whole_columns(changes, held), tags.columns.items()):
            if large and name != "URI":  # by which the record finds the document
                bound = _bounded_entries if name in SHARED_COLUMNS else _bounded
                bounded = list(values)
                for place in large:
                    bounded[place] = bound(values[place])
                yield name, bounded
            else:
                yield name, values
        yield "Text", texts
        yield BATCH, [batch] * len(texts)

    def _whole_columns(
        self, changes: Sequence[Change], held: _Heads
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        present = {head for head, values in held.items() if values.count(None) < len(values)}
        for field in _COLUMN_FIELDS:
            if field.path[0] in present:
                values = _read(field, held[field.path[0]])
                yield field.name, values
                if field.phrase:
                    yield f"{field.name} folded", [_folded(value) for value in values]
        for name in ARRAYS & present:
            yield (
                name,
                [min(len(elements), MAX_ELEMENTS) if elements else None for elements in held[name]],
            )
        places = [parse_point(text) if text else None for text in held["LatLong"]]
        yield "Latitude", [place and place[0] for place in places]
        yield "Longitude", [place and place[1] for place in places]
        yield "Key", [uri_key(change.uri) for change in changes]
        yield "Fuzzy", _fuzzy_column(held)

    def _decode(self, change: Change) -> Any:
        """A field whose value does not fit its type is left out rather than losing the file."""
        assert change.document is not None
        try:
            row: Any = self._decoder.decode(change.document)
        except (msgspec.DecodeError, RecursionError):
            row = _Row(**_fitting(change.document))
        row.URI = change.uri
        return row


def _names(held: _Heads, tags: TagRows) -> frozenset[str]:
    """What queries may name, besides fields: raw tags, and keys of maps."""
    names = tags.names
    for head in KEYED_MAPS:
        keys = {key for entries in held[head] if entries for key in entries}
        names |= {f"{head}.{key}" for key in keys}
    return frozenset(name for name in names if len(name) <= _LONGEST_NAME)


def _read(field: Field, values: Sequence[Any]) -> Sequence[Any]:
    """A column from the values of the first part of a field's path."""
    if field.kind is Kind.MAP:
        return [_entries(field.name, held) if held else None for held in values]
    if _is_list(field):
        return [held or None for held in values]
    if field.array:
        get = _reader(field.path[1:])
        return [_members(elements, get) if elements else None for elements in values]
    if field.kind is Kind.TIME:
        return [_instant(text) if text else None for text in values]
    return [_at(value, field.path[1:]) for value in values] if len(field.path) > 1 else values


def _bounded(value: Any) -> Any:
    """What of a value is held."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if not isinstance(value, list):
        return value
    room, held = MAX_LIST_TEXT, []
    for element in value[:MAX_ELEMENTS]:
        if isinstance(element, str):
            element = element[:MAX_TEXT]  # noqa: PLW2901
            room -= len(element)
            if room < 0:
                break
        held.append(element)
    return held


def _bounded_entries(entries: str | None) -> str | None:
    """The same of the entries of a shared column."""
    return entries and ENTRY_SEPARATOR.join(_bounded(entries.split(ENTRY_SEPARATOR)))


def _folded(value: Any) -> Any:
    """The tokens of a text that is not ASCII; of a list, if any of its texts is such a one."""
    if isinstance(value, list):
        found = [_folded(inner) for inner in value]
        return found if found.count(None) < len(found) else None
    if value is None or value.isascii():
        return None
    return _remembered_phrase(value) if len(value) <= _LONGEST_REMEMBERED else phrase_text(value)


@lru_cache(maxsize=4096)
def _remembered_phrase(text: str) -> str:
    """Of places, labels and names, which many files share."""
    return phrase_text(text)


def _entries(name: str, held: dict[str, str]) -> list[str]:
    return [map_entry(name, key, value) for key, value in held.items()]


def _members(elements: list[Any], get: Callable[[Any], Any]) -> list[Any] | None:
    found = list(map(get, elements))
    return found if found.count(None) < len(found) else None


def _reader(path: tuple[str, ...]) -> Callable[[Any], Any]:
    """What reads a path of an element; the element itself exists, and so do all its members."""
    return attrgetter(*path) if len(path) == 1 else partial(_at, path=path)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if value is None:
            return None
        value = getattr(value, part)
    return value


def _fitting(document: bytes) -> dict[str, Any]:
    try:
        fields = _clamped(msgspec.json.decode(document, type=dict[str, Any]))
    except (msgspec.DecodeError, RecursionError):
        return {}
    kept = {}
    for name, node in _TREE.items():
        if fields.get(name) is None:
            continue
        try:
            kept[name] = msgspec.convert(fields[name], _python_type(name, node), strict=False)
        except msgspec.ValidationError:
            continue
    return kept


def _clamped(value: Any) -> Any:
    """Integers beyond 64 bits become the nearest that fit."""
    if isinstance(value, dict):
        return {name: _clamped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clamped(inner) for inner in value]
    return clamp_int64(value) if type(value) is int else value


@lru_cache(maxsize=4096)
def _instant(text: str) -> int | None:
    try:
        return clamp_int64(parse_time(text))
    except ValueError:
        return None


def _fuzzy_column(held: _Heads) -> list[str]:
    """What FuzzyQuery looks at in the fields of each file, folded. All texts of a file are folded at once."""
    found = []
    for head, inner in _FUZZY_PATHS:
        values = held[head]
        if values.count(None) == len(values):
            continue
        if inner or head in KEYED_MAPS:
            read = partial(_inner_texts, inner=inner, keys=head == "CustomLabels")
            values = tuple(map(read, values))
        elif FUZZY_SEPARATOR in "".join(filter(None, values)):
            values = tuple(value and value.replace(FUZZY_SEPARATOR, " ") for value in values)
        found.append(values)
    return [fold_text(FUZZY_SEPARATOR.join(filter(None, texts))) for texts in zip(*found, strict=True)]


def _inner_texts(value: Any, *, inner: str, keys: bool) -> str | None:
    """The texts within a field, parted."""
    if not value:
        return None
    if inner:
        texts = [text for text in (getattr(element, inner) for element in value) if text]
    else:
        texts = [*value.values(), *(value if keys else ())]
    return FUZZY_SEPARATOR.join(text.replace(FUZZY_SEPARATOR, " ") for text in texts)
