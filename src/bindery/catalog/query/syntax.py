"""The validated query tree. Everything in it has been checked against the queryable fields.

Source: help page api-imm-2020-09-30-struct-simplequery.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class QueryError(Exception):
    """The query breaks a rule of the language; the message names the field and the operation."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A condition on one field; ``value`` is None for exist."""

    field: str
    operation: str
    value: str | None = None


class And(msgspec.Struct, frozen=True):
    """All hold."""

    nodes: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True):
    """At least one holds."""

    nodes: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True):
    """None holds."""

    nodes: tuple[Node, ...]


class Nested(msgspec.Struct, frozen=True):
    """One single element of ``array`` meets all of ``nodes``; leaves inside name the full path."""

    array: str
    nodes: tuple[Node, ...]


Node = Leaf | And | Or | Not | Nested


def leaves(node: Node) -> Iterator[Leaf]:
    """Every condition in the tree, from left to right."""
    if isinstance(node, Leaf):
        yield node
    else:
        for entry in node.nodes:
            yield from leaves(entry)


class SortField(msgspec.Struct, frozen=True):
    """A field to sort by."""

    field: str
    descending: bool


class Aggregation(msgspec.Struct, frozen=True):
    """A figure over all matching files."""

    field: str
    operation: str
