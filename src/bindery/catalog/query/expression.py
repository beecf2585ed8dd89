"""A readable form of queries for the command line, compiled to the same tree as SimpleQuery.

Grammar, loosest first::

    expression = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation = "not" negation | "(" expression ")" | array "[" expression "]" | condition
    condition = field ("=" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "^=") value
              | "exists(" field ")" | "near(" lat "," long "," metres ")"
              | "within(" lat "," long { "," lat "," long } ")"

``~`` is match-phrase, ``^=`` prefix; ``Labels[LabelName = TV and LabelConfidence > 0.9]`` is nested.
``within`` takes two corners of a box, or three and more of a polygon. Integers may end in KB, MB, GB, TB or
KiB, MiB, GiB, TiB; times may be days (``2024-01-31``). A page of the documentation explains it all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from bindery.catalog.query.fields import Kind, find_field
from bindery.catalog.query.parse import parse_simple_query, to_simple_query
from bindery.catalog.query.syntax import And, Leaf, Nested, Node, Not, Or, QueryError

_LEXEME = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')|(?P<sign>!=|>=|<=|\^=|[=><~()\[\],])'
    r"|(?P<word>[^\s=><~()\[\],\"'!^]+))"
)
_OPERATIONS = {
    "=": "eq",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "~": "match-phrase",
    "^=": "prefix",
}
_UNITS = {
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "tb": 1000**4,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
    "tib": 1024**4,
}
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([kmgt]i?b)", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_DEPTH = 50
"""Brackets and ``not`` within each other; SimpleQuery itself allows fewer levels."""


class _Lexeme(msgspec.Struct, frozen=True):
    kind: str
    text: str
    column: int


def parse_expression(text: str, zone: str = "+08:00") -> Node | None:
    """The tree of an expression, None for an empty one. Days begin at midnight in ``zone``.

    Raises QueryError that tells the column of the mistake.
    """
    if not text.strip():
        return None
    node = _Parser(text, zone).parse()
    return parse_simple_query(to_simple_query(node))


def _lexemes(text: str) -> Iterator[_Lexeme]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _LEXEME.match(text, position)
        if match is None:
            rest = text[position:].lstrip()
            raise QueryError(f"column {len(text) - len(rest) + 1}: cannot read {rest[:20]!r}")
        kind = match.lastgroup or ""
        value = match[kind]
        if kind == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        yield _Lexeme(kind, value, match.start(kind) + 1)
        position = match.end()


class _Parser:
    def __init__(self, text: str, zone: str) -> None:
        self._zone = zone
        self._lexemes = list(_lexemes(text))
        self._lexemes.append(_Lexeme("end", "the end", len(text) + 1))
        self._position = 0
        self._depth = 0
        self._array = ""

    def parse(self) -> Node:
        node = self._expression()
        if self._here.kind != "end":
            raise self._mistake("'and', 'or' or the end")
        return node

    @property
    def _here(self) -> _Lexeme:
        return self._lexemes[self._position]

    def _take(self) -> _Lexeme:
        lexeme = self._here
        self._position += 1
        return lexeme

    def _accept(self, kind: str, text: str) -> bool:
        here = self._here
        matches = here.kind == kind and here.text.lower() == text
        self._position += matches
        return matches

    def _expect(self, sign: str) -> None:
        if not self._accept("sign", sign):
            raise self._mistake(repr(sign))

    def _mistake(self, wanted: str) -> QueryError:
        return QueryError(f"column {self._here.column}: expected {wanted}, found {self._here.text[:40]!r}")

    def _expression(self) -> Node:
        nodes = [self._conjunction()]
        while self._accept("word", "or"):
            nodes.append(self._conjunction())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _conjunction(self) -> Node:
        nodes = [self._negation()]
        while self._accept("word", "and"):
            nodes.append(self._negation())
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _negation(self) -> Node:
        if self._depth == _MAX_DEPTH:
            raise QueryError(
                f"column {self._here.column}: more than {_MAX_DEPTH} brackets within each other"
            )
        self._depth += 1
        try:
            if self._accept("word", "not"):
                return Not((self._negation(),))
            if self._accept("sign", "("):
                node = self._expression()
                self._expect(")")
                return node
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> Node:
        if self._here.kind not in ("word", "text"):
            raise self._mistake("a field")
        name = self._take().text
        if self._accept("sign", "["):
            return self._nested(name)
        if self._accept("sign", "("):
            return self._function(name)
        return self._comparison(self._full(name))

    def _nested(self, array: str) -> Node:
        outer, self._array = self._array, array
        node = self._expression()
        self._expect("]")
        self._array = outer
        return Nested(array, (node,))

    def _full(self, name: str) -> str:
        """Fields inside square brackets may leave out the name of the array."""
        if not self._array or name.startswith(f"{self._array}."):
            return name
        return f"{self._array}.{name}"

    def _function(self, name: str) -> Leaf:
        arguments = [self._value()]
        while self._accept("sign", ","):
            arguments.append(self._value())
        self._expect(")")
        match name.lower(), len(arguments):
            case "exists", 1:
                return Leaf(field=self._full(arguments[0]), operation="exist")
            case "near", 3:
                latitude, longitude, metres = arguments
                return Leaf(
                    field="LatLong", operation="geo-distance", value=f"{latitude},{longitude};{metres}"
                )
            case "within", count if count >= 4 and count % 2 == 0:
                operation = "geo-bounding-box" if count == 4 else "geo-polygon"
                points = zip(arguments[::2], arguments[1::2], strict=True)
                value = ";".join(f"{latitude},{longitude}" for latitude, longitude in points)
                return Leaf(field="LatLong", operation=operation, value=value)
        raise QueryError(
            f"{name[:40]}(…) with {len(arguments)} arguments is not known; use exists(field), "
            "near(lat, long, metres) or within(lat, long, lat, long)"
        )

    def _comparison(self, name: str) -> Node:
        if self._here.kind != "sign" or self._here.text not in {*_OPERATIONS, "!="}:
            raise self._mistake("one of = != > >= < <= ~ ^=")
        sign = self._take().text
        value = self._readable(name, self._value())
        if sign == "!=":
            return Not((Leaf(field=name, operation="eq", value=value),))
        return Leaf(field=name, operation=_OPERATIONS[sign], value=value)

    def _value(self) -> str:
        if self._here.kind not in ("word", "text"):
            raise self._mistake("a value")
        return self._take().text

    def _readable(self, name: str, value: str) -> str:
        """Units of sizes and days written out, where the field is a number or a time."""
        try:
            kind = find_field(name)[0].kind
        except QueryError:
            return value
        size = _SIZE.fullmatch(value) if kind is Kind.INT else None
        if size:
            return str(round(Decimal(size[1]) * _UNITS[size[2].lower()]))
        if kind is Kind.TIME and _DAY.fullmatch(value):
            return f"{value}T00:00:00{self._zone}"
        return value
