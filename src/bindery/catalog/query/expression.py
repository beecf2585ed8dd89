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

import enum
import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from bindery.catalog.query.fields import ARRAYS, Kind, find_field, operations_of
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
RESERVED = ("and", "or", "not")
"""Words that are no field and no value unless they stand in quotes."""
_MAX_DEPTH = 50
"""Brackets and ``not`` within each other; SimpleQuery itself allows fewer levels."""


class Lexeme(msgspec.Struct, frozen=True):
    """A word, a sign, or a text in quotes, which is read; ``column`` counts from 1, ``length`` with the quotes."""

    kind: str
    text: str
    column: int
    length: int = 0


class Expected(enum.Enum):
    """What an expression would go on with."""

    FIELD = "field"
    OPERATOR = "operator"
    VALUE = "value"
    CONJUNCTION = "conjunction"
    OTHER = "other"


class ExpressionError(QueryError):
    """An expression that cannot be read, from ``column`` on for ``length`` characters."""

    def __init__(
        self, message: str, here: Lexeme, expected: Expected = Expected.OTHER, field: str = ""
    ) -> None:
        super().__init__(message)
        self.column, self.length = here.column, here.length
        self.expected = expected
        self.field = field
        """Whose operator or value it is."""
        self.at_end = here.kind == "end"
        """Whether it may be right once it goes on."""


def parse_expression(text: str, zone: str = "+08:00") -> Node | None:
    """The tree of an expression, None for an empty one. Days begin at midnight in ``zone``.

    Raises ExpressionError that tells where the mistake is, and QueryError when the whole is too large.
    """
    if not text.strip():
        return None
    node = _Parser(text, zone).parse()
    return parse_simple_query(to_simple_query(node))


def read_lexemes(text: str) -> Iterator[Lexeme]:
    """From left to right. Raises ExpressionError where there is none."""
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _LEXEME.match(text, position)
        if match is None:
            rest = text[position:].lstrip()
            column = len(text) - len(rest) + 1
            raise ExpressionError(
                f"column {column}: cannot read {rest[:20]!r}", Lexeme("", rest, column, len(rest.rstrip()))
            )
        kind = match.lastgroup or ""
        value = match[kind]
        if kind == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        yield Lexeme(kind, value, match.start(kind) + 1, len(match[kind]))
        position = match.end()


class _Parser:
    def __init__(self, text: str, zone: str) -> None:
        self._zone = zone
        self._lexemes = list(read_lexemes(text))
        self._lexemes.append(Lexeme("end", "the end", len(text) + 1))
        self._position = 0
        self._depth = 0
        self._array = ""

    def parse(self) -> Node:
        node = self._expression()
        if self._here.kind != "end":
            raise self._mistake("'and', 'or' or the end", Expected.CONJUNCTION)
        return node

    @property
    def _here(self) -> Lexeme:
        return self._lexemes[self._position]

    def _take(self) -> Lexeme:
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
            raise self._mistake(repr(sign), Expected.CONJUNCTION)

    def _mistake(self, wanted: str, expected: Expected, field: str = "") -> ExpressionError:
        here = self._here
        message = f"column {here.column}: expected {wanted}, found {here.text[:40]!r}"
        return ExpressionError(message, here, expected, field)

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
            message = f"column {self._here.column}: more than {_MAX_DEPTH} brackets within each other"
            raise ExpressionError(message, self._here)
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
            raise self._mistake("a field", Expected.FIELD, self._array)
        name = self._take()
        if self._accept("sign", "["):
            return self._nested(name)
        if self._accept("sign", "("):
            return self._function(name)
        return self._comparison(name)

    def _nested(self, array: Lexeme) -> Node:
        if array.text not in ARRAYS:
            raise ExpressionError(
                f"Operation nested needs an array field, and {array.text[:64]!r} is none.", array
            )
        outer, self._array = self._array, array.text
        node = self._expression()
        self._expect("]")
        self._array = outer
        return Nested(array.text, (node,))

    def _full(self, name: str) -> str:
        """Fields inside square brackets may leave out the name of the array."""
        if not self._array or name.startswith(f"{self._array}."):
            return name
        return f"{self._array}.{name}"

    def _function(self, name: Lexeme) -> Leaf:
        exists = name.text.lower() == "exists"
        arguments = [self._value(Expected.FIELD if exists else Expected.OTHER, self._array)]
        while self._accept("sign", ","):
            arguments.append(self._value(Expected.OTHER))
        self._expect(")")
        leaf = self._function_leaf(name, [argument.text for argument in arguments])
        self._check(leaf, arguments[0], name, arguments[0])
        return leaf

    def _function_leaf(self, name: Lexeme, arguments: list[str]) -> Leaf:
        match name.text.lower(), len(arguments):
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
        raise ExpressionError(
            f"{name.text[:40]}(…) with {len(arguments)} arguments is not known; use exists(field), "
            "near(lat, long, metres) or within(lat, long, lat, long)",
            name,
        )

    def _comparison(self, named: Lexeme) -> Node:
        name, sign = self._full(named.text), self._here
        if sign.kind != "sign" or sign.text not in {*_OPERATIONS, "!="}:
            raise self._mistake("one of = != > >= < <= ~ ^=", Expected.OPERATOR, name)
        self._take()
        value = self._value(Expected.VALUE, name)
        operation = _OPERATIONS.get(sign.text, "eq")
        leaf = Leaf(field=name, operation=operation, value=self._readable(name, value.text))
        self._check(leaf, named, sign, value)
        return Not((leaf,)) if sign.text == "!=" else leaf

    def _check(self, leaf: Leaf, field: Lexeme, operator: Lexeme, value: Lexeme) -> None:
        """What is wrong with a condition is told where it stands. Raises ExpressionError."""
        try:
            parse_simple_query(to_simple_query(Nested(self._array, (leaf,)) if self._array else leaf))
        except QueryError as error:
            raise ExpressionError(str(error), _blame(leaf, field, operator, value)) from None

    def _value(self, expected: Expected, field: str = "") -> Lexeme:
        if self._here.kind not in ("word", "text"):
            raise self._mistake("a value", expected, field)
        return self._take()

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


def _blame(leaf: Leaf, field: Lexeme, operator: Lexeme, value: Lexeme) -> Lexeme:
    """Which part of a condition is wrong."""
    try:
        known = find_field(leaf.field)[0]
    except QueryError:
        return field
    return value if leaf.operation in operations_of(known) else operator
