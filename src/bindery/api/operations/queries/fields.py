"""What a request asks for: its query and order, and which fields they may name here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bindery.api.context import Context
from bindery.api.messages.queries import ListQueryPagesRequest, SimpleQueryRequest
from bindery.api.operations.files.files import extension_fields
from bindery.catalog.query.fields import TAG_MAPS, Kind, find_field, unknown_field
from bindery.catalog.query.parse import parse_simple_query, parse_sort
from bindery.catalog.query.syntax import Aggregation, Leaf, Node, QueryError, SortField


def read_query(query: Any) -> Node | None:
    """The Query of a request; None when it asks for every file. Raises QueryError."""
    return None if query is None else parse_simple_query(query)


def read_sorted_query(
    context: Context, request: SimpleQueryRequest | ListQueryPagesRequest
) -> tuple[Node | None, tuple[SortField, ...]]:
    """Which files, and in which order. Pages that were listed fit those of a query only if both are read alike.

    Raises QueryError.
    """
    query, sort = read_query(request.query), parse_sort(request.sort, request.order)
    check_fields(context, query, sort)
    return query, sort


def check_fields(
    context: Context, query: Node | None, named: Sequence[SortField | Aggregation] = ()
) -> None:
    """Raise QueryError when a strict server is asked for a field that the vendor does not have."""
    if not context.settings.strict:
        return
    names = [*([] if query is None else _fields_of(query)), *(entry.field for entry in named)]
    for name in names:
        # The vendor has the field EXIF, but no conditions on it.
        if name in extension_fields() or name.partition(".")[0] in TAG_MAPS:
            raise unknown_field(name)
    for entry in named:
        if isinstance(entry, Aggregation) and find_field(entry.field)[0].kind is Kind.MAP:
            raise QueryError(
                f"Aggregations: operation {entry.operation} is not supported by field {entry.field[:128]}."
            )


def _fields_of(node: Node) -> Iterator[str]:
    if isinstance(node, Leaf):
        yield node.field
        return
    for inner in node.nodes:
        yield from _fields_of(inner)
