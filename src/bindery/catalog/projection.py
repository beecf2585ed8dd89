"""What of a document the index holds, and how it gets there: typed columns, one JSON array a batch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from bindery.catalog.changes import Change
from bindery.catalog.query.compile import map_key, map_value
from bindery.catalog.query.fields import ARRAYS, FIELDS, FUZZY_FIELDS, Kind
from bindery.catalog.query.values import INT64_MAX, INT64_MIN, clamp_int64, parse_point
from bindery.clock import parse_time

_TYPES = {
    Kind.INT: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.TIME: "BIGINT",
    Kind.KEY: "VARCHAR",
    Kind.TEXT: "VARCHAR",
}
_PYTHON_TYPES: dict[Kind, Any] = {Kind.INT: int, Kind.FLOAT: float}
_SEPARATOR = "\n"
"""Stands between the texts of a fuzzy search; a query cannot hold one, for it is one line."""


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
    return "MAP(VARCHAR, VARCHAR)" if node is Kind.MAP else _TYPES[node]


def _structure(name: str, node: Any) -> Any:
    if isinstance(node, dict):
        members = {inner: _structure(inner, kind) for inner, kind in node.items()}
        return [members] if name in ARRAYS else members
    return "MAP(VARCHAR, VARCHAR)" if node is Kind.MAP else _TYPES[node]


def _columns() -> tuple[dict[str, str], dict[str, Any]]:
    types: dict[str, str] = {}
    structure: dict[str, Any] = {}
    for name, node in _TREE.items():
        if node is Kind.GEO:
            types |= {"Latitude": "DOUBLE", "Longitude": "DOUBLE"}
            structure |= {"Latitude": "DOUBLE", "Longitude": "DOUBLE"}
        else:
            types[name] = _column_type(name, node)
            structure[name] = _structure(name, node)
    added = {"Fuzzy": "VARCHAR", "Text": "VARCHAR"}
    return types | added, structure | added


COLUMNS, _structure_of_row = _columns()
STRUCTURE = json.dumps([_structure_of_row])
"""The shape of a batch, for DuckDB's from_json."""


def _struct(name: str, node: dict[str, Any]) -> type[msgspec.Struct]:
    fields = [(inner, _python_type(inner, kind) | None, None) for inner, kind in node.items()]
    return msgspec.defstruct(name, fields, omit_defaults=True, kw_only=True)


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
    + [(name, Any, None) for name in ("Latitude", "Longitude", "Fuzzy", "Text")],
    omit_defaults=True,
    kw_only=True,
)
_TIME_FIELDS = tuple(name for name, node in _TREE.items() if node is Kind.TIME)
_MAP_FIELDS = tuple(name for name, node in _TREE.items() if node is Kind.MAP)


class Projection:
    """Turns changes into what the index inserts and deletes."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Row, strict=False)
        self._encoder = msgspec.json.Encoder()

    def uris(self, changes: Sequence[Change]) -> str:
        """A JSON array of the URIs of all changes."""
        return self._encoder.encode([change.uri for change in changes]).decode()

    def rows(self, changes: Sequence[Change]) -> str | None:
        """A JSON array of rows for entries that exist; None when there are none."""
        rows = [
            self._row(change.document, change.text) for change in changes if change.document is not None
        ]
        return self._encoder.encode(rows).decode() if rows else None

    def _row(self, document: bytes, text: str | None) -> Any:
        row = self._decode(document)
        fuzzy = _SEPARATOR.join(_fuzzy_texts(row)).lower()
        for name in _TIME_FIELDS:
            setattr(row, name, _instant(getattr(row, name)))
        for name in _MAP_FIELDS:
            held = getattr(row, name)
            if held:
                setattr(
                    row, name, {map_key(name, key): map_value(name, value) for key, value in held.items()}
                )
        point = parse_point(row.LatLong) if row.LatLong else None
        row.Latitude, row.Longitude = point or (None, None)
        row.LatLong = None
        row.Fuzzy = fuzzy
        row.Text = text.lower() if text else None
        return row

    def _decode(self, document: bytes) -> Any:
        """A field whose value does not fit its type is left out rather than losing the file."""
        try:
            row = self._decoder.decode(document)
        except msgspec.ValidationError:
            row = _Row(**_fitting(msgspec.json.decode(document)))
        _fit_integers(row)
        return row


def _fitting(fields: dict[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, node in _TREE.items():
        if fields.get(name) is None:
            continue
        try:
            kept[name] = msgspec.convert(fields[name], _python_type(name, node), strict=False)
        except msgspec.ValidationError:
            continue
    return kept


def _fit_integers(node: Any) -> None:
    """Integers beyond 64 bits become the nearest that fit."""
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
            setattr(node, name, clamp_int64(value))
        elif type(value) is list:
            for element in value:
                _fit_integers(element)


def _instant(text: str | None) -> int | None:
    try:
        return clamp_int64(parse_time(text)) if text else None
    except ValueError:
        return None


def _fuzzy_texts(row: Any) -> Iterable[str]:
    for name in FUZZY_FIELDS:
        head, _, inner = name.partition(".")
        value = getattr(row, head)
        if not value:
            continue
        if isinstance(value, dict):
            yield from value.values()
            if head == "CustomLabels":
                yield from value.keys()
        elif inner:
            yield from (text for text in (getattr(element, inner) for element in value) if text)
        else:
            yield value
