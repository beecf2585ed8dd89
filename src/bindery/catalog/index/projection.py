"""What of a document the index holds, and how it gets there: typed columns, one JSON array a column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from bindery.catalog.index.changes import Change
from bindery.catalog.query.compile import map_key, map_value
from bindery.catalog.query.fields import ARRAYS, FIELDS, FUZZY_FIELDS, Kind
from bindery.catalog.query.values import (
    INT64_MAX,
    INT64_MIN,
    clamp_int64,
    fuzzy_text,
    parse_point,
)
from bindery.clock import parse_time

_TYPES = {
    Kind.INT: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.TIME: "BIGINT",
    Kind.KEY: "VARCHAR",
    Kind.TEXT: "VARCHAR",
}
_MAP_TYPE = "MAP(VARCHAR, VARCHAR)"
_PYTHON_TYPES: dict[Kind, Any] = {
    Kind.INT: Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)],
    Kind.FLOAT: float,
}
_ADDED = {
    "Key": "UUID",
    "Latitude": "DOUBLE",
    "Longitude": "DOUBLE",
    "Fuzzy": "VARCHAR",
    "Text": "VARCHAR",
}
"""Columns that are no fields. Key stands for the URI: finding rows by it takes a tenth of the time."""


def _tree() -> dict[str, Any]:
    """Field kinds by their path, as nested dicts."""
    tree: dict[str, Any] = {}
    for field in FIELDS.values():
        here = tree
        for part in field.path[:-1]:
            here = here.setdefault(part, {})
        here[field.path[-1]] = field.kind
    return tree


_TREE = _tree()


def _column_type(name: str, node: Any) -> str:
    if isinstance(node, dict):
        members = ", ".join(f'"{inner}" {_column_type(inner, kind)}' for inner, kind in node.items())
        return f"STRUCT({members})" + ("[]" if name in ARRAYS else "")
    return _MAP_TYPE if node is Kind.MAP else _TYPES[node]


def _structure(name: str, node: Any) -> Any:
    """The shape of a column's values in the form DuckDB's from_json takes."""
    if isinstance(node, dict):
        members = {inner: _structure(inner, kind) for inner, kind in node.items()}
        return [members] if name in ARRAYS else members
    return _MAP_TYPE if node is Kind.MAP else _TYPES[node]


_HELD = {name: node for name, node in _TREE.items() if node is not Kind.GEO}
COLUMNS: dict[str, str] = {name: _column_type(name, node) for name, node in _HELD.items()} | _ADDED
_STRUCTURES = {name: json.dumps([_structure(name, node)]) for name, node in _HELD.items()} | {
    name: json.dumps([kind]) for name, kind in _ADDED.items()
}
_TIMES = tuple(name for name, node in _TREE.items() if node is Kind.TIME)
_MAPS = tuple(name for name, node in _TREE.items() if node is Kind.MAP)
_FUZZY_PATHS = tuple((name.partition(".")[0], name.partition(".")[2]) for name in FUZZY_FIELDS)


def _struct(name: str, node: dict[str, Any]) -> type[msgspec.Struct]:
    fields = [(inner, _python_type(inner, kind) | None, None) for inner, kind in node.items()]
    return msgspec.defstruct(name, fields, omit_defaults=True, kw_only=True, gc=False)


def _python_type(name: str, node: Any) -> Any:
    if isinstance(node, dict):
        struct = _struct(name, node)
        return list[struct] if name in ARRAYS else struct  # type: ignore[valid-type]
    if node is Kind.MAP:
        return dict[str, str]
    return _PYTHON_TYPES.get(node, str)


_Row = msgspec.defstruct(
    "Row",
    [(name, _python_type(name, node) | None, None) for name, node in _TREE.items()]
    + [(name, Any, None) for name in _ADDED],
    kw_only=True,
    gc=False,
)


class Insertion(msgspec.Struct, frozen=True):
    """Rows to insert, as the columns that hold anything: each a JSON array, or one value for all rows."""

    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    parameters: tuple[str | int | float, ...]


class Projection:
    """Turns changes into what the index inserts and deletes."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Row, strict=False)
        self._encoder = msgspec.json.Encoder()

    def keys(self, changes: Sequence[Change]) -> str:
        """A JSON array of the Key of every change."""
        return self._encoder.encode([_key(change.uri) for change in changes]).decode()

    def rows(self, changes: Sequence[Change]) -> Insertion | None:
        """The rows of entries that exist; None when there are none."""
        rows = [self._row(change) for change in changes if change.document is not None]
        if not rows:
            return None
        columns, expressions, parameters = [], [], []
        for name, kind in COLUMNS.items():
            values = list(map(attrgetter(name), rows))
            first = values[0]
            nothing = values.count(None)
            if nothing == len(rows):
                continue
            columns.append(name)
            if nothing == 0 and isinstance(first, str | int) and values.count(first) == len(rows):
                expressions.append(f"?::{kind}")
                parameters.append(first)
            else:
                expressions.append(f"unnest(from_json(?::JSON, '{_STRUCTURES[name]}'))")
                parameters.append(self._encoder.encode(values).decode())
        return Insertion(tuple(columns), tuple(expressions), tuple(parameters))

    def _row(self, change: Change) -> Any:
        assert change.document is not None
        row = self._decode(change.document)
        row.URI = change.uri
        row.Key = _key(change.uri)
        row.Fuzzy = fuzzy_text(*_fuzzy_texts(row))
        row.Text = fuzzy_text(change.text) if change.text else None
        for name in _TIMES:
            text = getattr(row, name)
            if text is not None:
                setattr(row, name, _instant(text))
        for name in _MAPS:
            held = getattr(row, name)
            if held:
                folded = {map_key(name, key): map_value(name, value) for key, value in held.items()}
                setattr(row, name, folded)
        if row.LatLong:
            row.Latitude, row.Longitude = parse_point(row.LatLong) or (None, None)
        return row

    def _decode(self, document: bytes) -> Any:
        """A field whose value does not fit its type is left out rather than losing the file."""
        try:
            return self._decoder.decode(document)
        except (msgspec.ValidationError, RecursionError):
            return _Row(**_fitting(document))


def _key(uri: str) -> str:
    return hashlib.blake2b(uri.encode(), digest_size=16).hexdigest()


def _fitting(document: bytes) -> dict[str, Any]:
    try:
        fields = _clamped(msgspec.json.decode(document))
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


def _fuzzy_texts(row: Any) -> Iterable[str]:
    for head, inner in _FUZZY_PATHS:
        value = getattr(row, head)
        if not value:
            continue
        if inner:
            yield from (text for text in (getattr(element, inner) for element in value) if text)
        elif isinstance(value, dict):
            yield from value.values()
            if head == "CustomLabels":
                yield from value.keys()
        else:
            yield value
