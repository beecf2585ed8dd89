"""How what is being typed into the query bar may go on: fields, operators, values, conjunctions."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from bindery.catalog.query.expression import (
    Expected,
    ExpressionError,
    Lexeme,
    parse_expression,
    read_lexemes,
)
from bindery.catalog.query.fields import ARRAYS, FIELDS, Kind, find_field, operations_of
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.query.written import quote_value

MOST = 12
"""Options that are offered at a time."""
_SIGNS = {
    "=": "eq",
    "!=": "eq",
    "~": "match-phrase",
    "^=": "prefix",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
}
_FUNCTIONS = {"exists(": "exists", "near(": "near", "within(": "within", "not ": "not"}
_COMMON = (
    "MediaType", "ProduceTime", "Size", "Filename", "ContentType", "Addresses.City", "Addresses.Country",
    "Labels.LabelName", "CustomLabels", "Duration", "ImageWidth",
)  # fmt: skip
"""What is offered before anything is typed."""
_SIZES = ("100KB", "1MB", "10MB", "100MB", "1GB")
_UNIQUE = re.compile(
    r"URI|OSSURI|Filename|ETag|ContentMd5|FileHash|OSSCRC64|CustomId|ObjectId|OCRTexts|Title|.*Id|.*CRC64"
    r"|EXIF\.(DateTime|SubSec|GPS|ImageUnique|UserComment|MakerNote|0x).*|Tags\.(.*ID|.*Date.*|Identifier|Isrc|Barcode)"
)
"""Fields that tell files apart: to list their values would be to list the files."""
_FEWEST_LETTERS = 2
"""Of what is typed, for raw tags to be offered."""
_WORD = re.compile(r"[^\s=><~()\[\],\"'!^]*")


class Option(msgspec.Struct, frozen=True):
    """``text`` replaces what was typed; ``hint`` names what it is."""

    text: str
    hint: str
    label: str = ""
    """What is shown, when that is not the text."""


class Completion(msgspec.Struct, frozen=True):
    """What may stand from ``start`` to ``end``, characters from 0."""

    start: int
    end: int
    options: tuple[Option, ...] = ()
    values_of: str = ""
    """The field whose known values may stand here as well."""
    tags_with: str = ""
    """Part of the names of raw tags that may stand here as well."""
    typed: str = ""


def has_known_values(name: str) -> bool:
    """Whether the values of a field are few enough to be offered."""
    try:
        field, key = find_field(name)
    except QueryError:
        return False
    if field.kind is Kind.MAP:
        return key is not None
    return field.countable and field.kind in (Kind.KEY, Kind.TEXT) and not _UNIQUE.fullmatch(name)


def complete(text: str, at: int) -> Completion:
    """What may stand at a place of an expression, most likely first; nothing behind a mistake."""
    at = max(0, min(at, len(text)))
    start, typed = _begun(text[:at])
    word = _WORD.match(text, at)
    end = at if word is None else word.end()
    expected, field = _expected(text[:start])
    if expected is Expected.FIELD:
        tags = typed if len(typed) >= _FEWEST_LETTERS and not field else ""
        return Completion(start, end, tuple(_fields(typed, field)), tags_with=tags, typed=typed)
    if expected is Expected.OPERATOR:
        return Completion(start, end, tuple(_operators(typed, field)), typed=typed)
    if expected is Expected.CONJUNCTION and (typed or text[:start].endswith((" ", ")", "]"))):
        options = tuple(
            Option(f"{word} ", word) for word in ("and", "or") if word.startswith(typed.lower())
        )
        return Completion(start, end, options, typed=typed)
    if expected is Expected.VALUE:
        known = field if has_known_values(field) else ""
        return Completion(start, end, tuple(_values(typed, field)), values_of=known, typed=typed)
    return Completion(start, end)


def _begun(head: str) -> tuple[int, str]:
    """Where the word begins that is being typed, and what there is of it."""
    last: Lexeme | None = None
    try:
        for lexeme in read_lexemes(head):
            last = lexeme
    except ExpressionError as error:
        start = error.column - 1
        return start, re.sub(r"\\(.)", r"\1", head[start:].lstrip("\"'"))
    if last is None or last.kind == "sign" or last.column - 1 + last.length < len(head):
        return len(head), ""
    return last.column - 1, last.text


def _expected(head: str) -> tuple[Expected, str]:
    try:
        node = parse_expression(head)
    except ExpressionError as error:
        return (error.expected, error.field) if error.at_end else (Expected.OTHER, "")
    except QueryError:
        return Expected.OTHER, ""
    return (Expected.FIELD, "") if node is None else (Expected.CONJUNCTION, "")


def _fields(typed: str, array: str) -> Iterable[Option]:
    """Inside of square brackets those of the array, without its name."""
    begin = f"{array}." if array else ""
    names = [
        name.removeprefix(begin)
        for name, field in FIELDS.items()
        if name.startswith(begin) and not field.tag
    ]
    if not array:
        names = [*(_COMMON if not typed else ()), *names, *sorted(ARRAYS)]
    ranked = sorted(
        {name: _rank(name, typed.lower()) for name in names}.items(),
        key=lambda each: (each[1], _common_rank(begin + each[0])),
    )
    found = [_field_option(name, begin) for name, rank in ranked if rank < len(_RANKS)]
    functions = [
        Option(text, f"function_{name}", text.strip())
        for text, name in _FUNCTIONS.items()
        if text.startswith(typed.lower())
    ]
    most = MOST - (0 if typed else len(functions))
    return [*found[:most], *functions][:MOST]


_RANKS = ("begins", "part begins", "holds")


def _rank(name: str, typed: str) -> int:
    lower = name.lower()
    if lower.startswith(typed):
        return 0
    if any(part.startswith(typed) for part in lower.split(".")):
        return 1
    return 2 if len(typed) > 1 and typed in lower else len(_RANKS)


def _common_rank(name: str) -> int:
    return _COMMON.index(name) if name in _COMMON else len(_COMMON)


def _field_option(name: str, begin: str) -> Option:
    if name in ARRAYS and not begin:
        return Option(f"{name}[", "kind_ARRAY", name)
    kind = FIELDS[begin + name].kind
    return Option(f"{name}." if kind is Kind.MAP else f"{name} ", f"kind_{kind.value}", name)


def _operators(typed: str, name: str) -> Iterable[Option]:
    try:
        field, key = find_field(name)
    except QueryError:
        return []
    if field.kind is Kind.MAP and key is None:
        return []
    allowed = operations_of(field)
    return [
        Option(f"{sign} ", f"sign_{'ne' if sign == '!=' else operation}", sign)
        for sign, operation in _SIGNS.items()
        if operation in allowed and sign.startswith(typed)
    ]


def _values(typed: str, name: str) -> Iterable[Option]:
    if name == "Size":
        return [Option(f"{size} ", "size") for size in _SIZES if size.lower().startswith(typed.lower())]
    return []


def tag_options(names: Iterable[str], typed: str) -> list[Option]:
    """Names of raw tags, those first that begin as typed."""
    ranked = sorted((_rank(name, typed.lower()), name) for name in names)
    found = [name for rank, name in ranked if rank < len(_RANKS)][:MOST]
    return [
        Option(f"{quote_value(name)} ", f"kind_{find_field(name)[0].kind.value}", name) for name in found
    ]


def value_option(value: str, count: int) -> dict[str, object]:
    """A known value with the number of files that have it."""
    return {"text": quote_value(value) + " ", "label": value, "count": count}
