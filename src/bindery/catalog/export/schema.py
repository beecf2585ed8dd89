"""The columns of an export: those of the vendor's struct File, typed.

Integers are BIGINT, fractions DOUBLE, times TIMESTAMPTZ, structs STRUCT, arrays LIST and maps MAP. ``EXIF`` is JSON
as text, as the API has it. A value that does not fit its type (an integer beyond 64 bits) is NULL. Times have
microseconds, for many readers take nothing finer.
"""

from __future__ import annotations

import hashlib
import types
import typing

import msgspec

from bindery.catalog.query.fields import FIELDS, Kind
from bindery.file import File
from bindery.message import wire_name

_SCALARS = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE"}
_TIME = "TIMESTAMPTZ"
NUMBER = "ChangeNumber"
"""The number of the newest change of an entry; of two exports the greater one is the later state."""
TEXT = "Text"
"""The text of a document, when it is asked for."""


def _type(hint: typing.Any) -> str:
    """DuckDB's name of the type of a field."""
    if isinstance(hint, types.UnionType):
        return _type(next(part for part in typing.get_args(hint) if part is not type(None)))
    if hint in _SCALARS:
        return _SCALARS[hint]
    held = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return f"{_type(held[0])}[]"
    if typing.get_origin(hint) is dict:
        return f"MAP({_type(held[0])}, {_type(held[1])})"
    inner = ", ".join(f'"{name}" {kind}' for name, kind in _members(hint).items())
    return f"STRUCT({inner})"


def _members(struct: type[msgspec.Struct]) -> dict[str, str]:
    hints = typing.get_type_hints(struct)
    return {wire_name(name): _type(hints[name]) for name in struct.__struct_fields__}


def _is_time(name: str) -> bool:
    field = FIELDS.get(name)
    return field is not None and field.kind is Kind.TIME


_READ = _members(File)
"""As they are taken out of a document: times are texts there."""
COLUMNS: dict[str, str] = {NUMBER: "BIGINT"} | {
    name: _TIME if _is_time(name) else kind for name, kind in _READ.items()
}
"""Name and type of every column, in their order."""
DIGEST = hashlib.sha256(repr(COLUMNS).encode()).hexdigest()[:16]
"""Tells exports of other columns."""
SHAPE = msgspec.json.encode(_READ).decode()
"""The same for DuckDB's json_transform."""


def select_list(*, with_texts: bool) -> str:
    """What is taken of rows with the columns n (number), u (URI), t (text) and x (the document, taken apart)."""
    chosen = [f'n AS "{NUMBER}"']
    for name, kind in COLUMNS.items():
        if name == "URI":
            chosen.append('u AS "URI"')
        elif kind == _TIME:
            chosen.append(f'TRY_CAST(x."{name}" AS {_TIME}) AS "{name}"')
        elif name != NUMBER:
            chosen.append(f'x."{name}" AS "{name}"')
    if with_texts:
        chosen.append(f't AS "{TEXT}"')
    return ", ".join(chosen)
