"""What the query bar says, as a call of the API: an expression for SimpleQuery, plain words for FuzzyQuery."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from bindery.catalog.query.expression import ExpressionError, parse_expression
from bindery.catalog.query.parse import parse_simple_query, to_simple_query
from bindery.catalog.query.syntax import Leaf, Node, QueryError
from bindery.catalog.query.written import write_expression, write_parts

_SIGNS = re.compile(r"[=<>~^()\[\]]")
SORTS = ("ProduceTime", "FileModifiedTime", "Size", "Filename")
_TIE = "URI"
_MOST_CONDITIONS = 100
_FIELDS = (
    "URI", "Filename", "MediaType", "ContentType", "Size", "ETag", "ImageWidth", "ImageHeight", "VideoWidth",
    "VideoHeight", "Orientation", "ProduceTime", "Duration",
)  # fmt: skip
"""What a tile of the gallery shows, or needs to know its shape."""


class Part(msgspec.Struct, frozen=True):
    """One of the conditions that must all hold."""

    text: str
    field: str
    """Empty when it is more than one condition on one field."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with an expression; ``column`` counts from 1, 0 when it is the whole."""

    message: str
    column: int = 0
    length: int = 0
    unfinished: bool = False
    """Whether it may be right once it goes on."""


class Search(msgspec.Struct, frozen=True):
    """What a query bar holds: a tree, or plain ``words``; neither for all files."""

    node: Node | None = None
    words: str = ""

    @property
    def action(self) -> str:
        """The operation that answers it."""
        return "FuzzyQuery" if self.words else "SimpleQuery"

    @property
    def query(self) -> dict[str, Any] | None:
        """The tree as SimpleQuery takes it."""
        return None if self.node is None else to_simple_query(self.node)

    @property
    def parts(self) -> list[Part]:
        """What must all hold. Joined by ``and`` it is the same search."""
        return [Part(text, _field_of(node)) for node, text in write_parts(self.node)]

    def values(self, sort: str, order: str, size: int, token: str) -> dict[str, Any]:
        """Its parameters, for one page."""
        common = {"MaxResults": size, "NextToken": token or None, "WithFields": list(_FIELDS)}
        common |= {"Sort": f"{sort},{_TIE}", "Order": f"{order},asc"}
        if self.words:
            return common | {"Query": self.words}
        return common | {"Query": self.query, "WithoutTotalHits": True if token else None}


def _field_of(node: Node) -> str:
    return node.field if isinstance(node, Leaf) else ""


def read_search(text: str) -> Search:
    """Raises QueryError for what looks like an expression and is none."""
    try:
        return Search(parse_expression(text))
    except QueryError:
        if _SIGNS.search(text):
            raise
        return Search(words=" ".join(text.split()))


def narrow(query: dict[str, Any] | None, further: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """The files of a query for which more conditions hold, None for none; no deeper than it was, where that can be."""
    conditions = [each for each in further if each is not None]
    if not conditions:
        return query
    if query is None:
        return conditions[0] if len(conditions) == 1 else _all(conditions)
    inner = query.get("SubQueries") or []
    if query["Operation"] == "and" and len(inner) + len(conditions) <= _MOST_CONDITIONS:
        return _all([*inner, *conditions])
    return _all([query, *conditions])


def _all(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Operation": "and", "SubQueries": conditions}


def problem_of(error: QueryError) -> Problem:
    """Where it is, as far as that is known."""
    if isinstance(error, ExpressionError):
        return Problem(str(error), error.column, error.length, error.at_end)
    return Problem(str(error))


def expression_of(query: str) -> str:
    """The expression of a SimpleQuery in JSON; nothing stands for all files. Raises QueryError."""
    if not query.strip():
        return ""
    try:
        tree = msgspec.json.decode(query)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise QueryError(f"This is not JSON: {error}.") from None
    return "" if tree in ({}, None) else write_expression(parse_simple_query(tree))
