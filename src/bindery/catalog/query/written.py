"""A query tree as an expression: what ``expression.py`` reads, written."""

from __future__ import annotations

import re

from bindery.catalog.query.expression import RESERVED
from bindery.catalog.query.fields import Kind, find_field
from bindery.catalog.query.syntax import And, Leaf, Nested, Node, Not, Or, QueryError

_WORD = re.compile(r"[^\s=><~()\[\],\"'!^]+")
_SIGNS = {
    "eq": "=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "match-phrase": "~",
    "prefix": "^=",
}
_UNITS = (("GB", 1000**3), ("MB", 1000**2), ("KB", 1000))
_MIDNIGHT = "T00:00:00"


def write_expression(node: Node, zone: str = "+08:00") -> str:
    """The expression of a tree. Days that begin at midnight in ``zone`` are written without their hour."""
    return _Writer(zone).write(node)


def write_parts(node: Node | None, zone: str = "+08:00") -> list[tuple[Node, str]]:
    """What must all hold, each with its expression: joined by ``and`` they are the whole again."""
    if node is None:
        return []
    plain = _plain(node)
    parts = plain.nodes if isinstance(plain, And) else (plain,)
    writer = _Writer(zone)
    return [(part, writer.within(part, Or)) for part in parts]


def quote_value(text: str) -> str:
    """A text as an expression holds it: in quotes where it would be read as something else."""
    if _WORD.fullmatch(text) and text.lower() not in RESERVED:
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


class _Writer:
    def __init__(self, zone: str) -> None:
        self._zone = zone

    def write(self, node: Node) -> str:
        match _plain(node):
            case And(nodes):
                return " and ".join(self.within(each, Or) for each in nodes)
            case Or(nodes):
                return " or ".join(map(self.write, nodes))
            case Not((Leaf(operation="eq") as leaf,)):
                return self._comparison(leaf, "!=")
            case Not(nodes):
                inner = nodes[0] if len(nodes) == 1 else Or(nodes)
                return f"not {self.within(inner, And, Or)}"
            case Nested(array, nodes):
                return f"{quote_value(array)}[{self.write(nodes[0] if len(nodes) == 1 else And(nodes))}]"
            case Leaf() as leaf:
                return self._leaf(leaf)

    def within(self, node: Node, *looser: type[And | Or]) -> str:
        """In brackets where it would fall apart."""
        plain = _plain(node)
        return f"({self.write(plain)})" if isinstance(plain, looser) else self.write(plain)

    def _leaf(self, leaf: Leaf) -> str:
        if leaf.operation == "exist":
            return f"exists({quote_value(leaf.field)})"
        if leaf.operation.startswith("geo-"):
            name = "near" if leaf.operation == "geo-distance" else "within"
            numbers = re.split("[,;]", (leaf.value or "").strip().removesuffix(";"))
            return f"{name}({', '.join(number.strip() for number in numbers)})"
        return self._comparison(leaf, _SIGNS[leaf.operation])

    def _comparison(self, leaf: Leaf, sign: str) -> str:
        value = self._shortened(leaf.field, leaf.value or "")
        return f"{quote_value(leaf.field)} {sign} {quote_value(value)}"

    def _shortened(self, name: str, value: str) -> str:
        try:
            kind = find_field(name)[0].kind
        except QueryError:
            return value
        if kind is Kind.TIME:
            return value.removesuffix(_MIDNIGHT + self._zone)
        return _as_size(value) if name == "Size" else value


def _plain(node: Node) -> Node:
    """All or one of a single condition is that condition."""
    while isinstance(node, And | Or) and len(node.nodes) == 1:
        node = node.nodes[0]
    return node


def _as_size(value: str) -> str:
    if not value.isdecimal():
        return value
    return next((f"{int(value) // unit}{name}" for name, unit in _UNITS if _divides(unit, value)), value)


def _divides(unit: int, value: str) -> bool:
    return int(value) > 0 and int(value) % unit == 0
