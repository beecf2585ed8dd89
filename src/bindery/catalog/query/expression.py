"""A readable form of queries for the command line, compiled to the same tree as SimpleQuery.

Grammar, loosest first::

    expression = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation = "not" negation | "(" expression ")" | array "[" expression "]" | condition
    condition = field ("=" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "^=") value
              | "exists(" field ")" | "near(" lat "," long "," metres ")"
              | "within(" lat "," long "," lat "," long ")"

``~`` is match-phrase, ``^=`` prefix; ``Labels[LabelName = TV and LabelConfidence > 0.9]`` is nested.
Sizes may end in KB, MB, GB or KiB, MiB, GiB; times may be days (``2024-01-31``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]i?b)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


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
    position = 0
    while position < len(text.rstrip()):
        match = _LEXEME.match(text, position)
        if match is None:
            raise QueryError(f"column {position + 1}: cannot read {text[position:].strip()[:20]!r}")
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
        if self._accept("word", "not"):
            return Not((self._negation(),))
        if self._accept("sign", "("):
            node = self._expression()
            self._expect(")")
            return node
        return self._condition()

    def _condition(self) -> Node:
        if self._here.kind not in ("word", "text"):
            raise self._mistake("a field")
        name = self._take().text
        if self._accept("sign", "["):
            node = self._expression()
            self._expect("]")
            return Nested(name, (_inside(node, name),))
        if self._accept("sign", "("):
            return self._function(name)
        return self._comparison(name)

    def _function(self, name: str) -> Leaf:
        arguments = [self._value()]
        while self._accept("sign", ","):
            arguments.append(self._value())
        self._expect(")")
        match name.lower(), len(arguments):
            case "exists", 1:
                return Leaf(field=arguments[0], operation="exist")
            case "near", 3:
                latitude, longitude, metres = arguments
                return Leaf(
                    field="LatLong", operation="geo-distance", value=f"{latitude},{longitude};{metres}"
                )
            case "within", 4:
                north, west, south, east = arguments
                value = f"{north},{west};{south},{east}"
                return Leaf(field="LatLong", operation="geo-bounding-box", value=value)
        raise QueryError(
            f"{name}(…) is not known; use exists(field), near(lat, long, metres) or within(lat, long, lat, long)"
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
        size = _SIZE.fullmatch(value) if kind in (Kind.INT, Kind.FLOAT) else None
        if size:
            return str(round(float(size[1]) * _UNITS[size[2].lower()]))
        if kind is Kind.TIME and _DAY.fullmatch(value):
            return f"{value}T00:00:00{self._zone}"
        return value


def _inside(node: Node, array: str) -> Node:
    """Fields inside brackets may leave out the name of the array."""
    if isinstance(node, Leaf):
        full = node.field if node.field.startswith(f"{array}.") else f"{array}.{node.field}"
        return Leaf(field=full, operation=node.operation, value=node.value)
    if isinstance(node, Nested):
        return node
    return type(node)(tuple(_inside(entry, array) for entry in node.nodes))
