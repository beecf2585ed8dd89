"""SimpleQuery as it comes in, Sort, Order and Aggregations, checked and made into the query tree.

Source: help pages api-imm-2020-09-30-simplequery and -struct-simplequery.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bindery.catalog.query.fields import (
    ARRAYS,
    LEAF_OPERATIONS,
    Field,
    Kind,
    find_field,
    operations_of,
)
from bindery.catalog.query.syntax import (
    Aggregation,
    And,
    Leaf,
    Nested,
    Node,
    Not,
    Or,
    QueryError,
    SortField,
    leaves,
)
from bindery.catalog.query.values import (
    read_box,
    read_circle,
    read_point,
    read_polygon,
    read_scalar,
    tokens_of,
)

MAX_CONDITIONS = 100
MAX_DEPTH = 5
MAX_LEAVES = 1_000
"""Conditions of a whole query; the vendor names no such limit, but 100 in each of 5 levels would be too many."""
MAX_CORNERS = 50_000
"""Points of all polygons of a query."""
MAX_SORT_FIELDS = 5
MAX_AGGREGATIONS = 20
_LOGICAL: dict[str, type[And] | type[Or] | type[Not]] = {"and": And, "or": Or, "not": Not}
_NUMERIC_OPERATIONS = frozenset({"min", "max", "sum", "average"})
_COUNTING_OPERATIONS = frozenset({"count", "distinct", "group"})
_OPERATION_NAMES = {And: "and", Or: "or", Not: "not"}


def parse_simple_query(node: Any) -> Node:
    """The tree of a SimpleQuery given as decoded JSON. Raises QueryError."""
    tree = _parse(node, depth=0, array=None)
    conditions = list(leaves(tree))
    if len(conditions) > MAX_LEAVES:
        raise QueryError(f"Query may have up to {MAX_LEAVES} conditions in all.")
    corners = sum((leaf.value or "").count(";") for leaf in conditions if leaf.operation == "geo-polygon")
    if corners > MAX_CORNERS:
        raise QueryError(f"The polygons of a Query may have up to {MAX_CORNERS} points in all.")
    return tree


def _parse(node: Any, *, depth: int, array: str | None) -> Node:
    if not isinstance(node, dict):
        raise QueryError("Query: every node must be an object.")
    operation = node.get("Operation")
    if not isinstance(operation, str) or not operation:
        raise QueryError("Query: Operation is required on every node.")
    if operation in _LOGICAL:
        return _LOGICAL[operation](_sub_queries(node, operation, depth=depth, array=array))
    if operation == "nested":
        return _parse_nested(node, depth=depth, array=array)
    if operation not in LEAF_OPERATIONS:
        known = ", ".join([*_LOGICAL, "nested", *sorted(LEAF_OPERATIONS)])
        raise QueryError(f"Operation {operation[:64]!r} is not supported; there are {known}.")
    return _parse_leaf(node, operation, array)


def _sub_queries(
    node: dict[str, Any], operation: str, *, depth: int, array: str | None
) -> tuple[Node, ...]:
    entries = node.get("SubQueries")
    if not isinstance(entries, list) or not entries:
        raise QueryError(f"Operation {operation} needs SubQueries.")
    if len(entries) > MAX_CONDITIONS:
        raise QueryError(f"SubQueries of {operation} may have up to {MAX_CONDITIONS} conditions.")
    if depth >= MAX_DEPTH:
        raise QueryError(f"SubQueries may be nested up to {MAX_DEPTH} levels.")
    return tuple(_parse(entry, depth=depth + 1, array=array) for entry in entries)


def _parse_nested(node: dict[str, Any], *, depth: int, array: str | None) -> Nested:
    if array is not None:
        raise QueryError("Operation nested may not stand inside another nested.")
    array = node.get("Field") or _first_array(node)
    if not isinstance(array, str) or array not in ARRAYS:
        raise QueryError(f"Operation nested needs an array field, and {str(array)[:64]!r} is none.")
    return Nested(array, _sub_queries(node, "nested", depth=depth, array=array))


def _first_array(node: Any) -> str | None:
    """The first part of the first leaf's field, when the nested node names no field itself."""
    pending = [node]
    for _ in range(10_000):
        if not pending:
            break
        here = pending.pop()
        if not isinstance(here, dict):
            continue
        field = here.get("Field")
        if isinstance(field, str) and field:
            return field.partition(".")[0]
        entries = here.get("SubQueries")
        pending += reversed(entries) if isinstance(entries, list) else []
    return None


def _parse_leaf(node: dict[str, Any], operation: str, array: str | None) -> Leaf:
    name = node.get("Field")
    if not isinstance(name, str) or not name:
        raise QueryError(f"Operation {operation} needs a Field.")
    if node.get("SubQueries"):
        raise QueryError(f"Operation {operation} on field {name[:128]} takes no SubQueries.")
    if array is not None and "." not in name:
        name = f"{array}.{name}"
    if operation == "exist" and array is None and name in ARRAYS:
        return Leaf(field=name, operation=operation)
    _check_unicode(name)
    field, key = find_field(name)
    _check_place(field, name, array)
    _check_operation(field, key, name, operation)
    if operation == "exist":
        return Leaf(field=name, operation=operation)
    value = _text(name, node.get("Value"))
    _check_unicode(value)
    leaf = Leaf(field=name, operation=operation, value=value)
    _check_value(field, leaf)
    return leaf


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise QueryError("Query holds text that is not valid Unicode.") from None


def _check_place(field: Field, name: str, array: str | None) -> None:
    if array is not None and (not field.array or field.path[0] != array):
        raise QueryError(
            f"Field {name[:128]} does not belong to {array}, the array of its nested condition."
        )


def _check_operation(field: Field, key: str | None, name: str, operation: str) -> None:
    bare_map = field.kind is Kind.MAP and key is None
    if operation not in operations_of(field) or (bare_map and operation != "exist"):
        raise QueryError(f"Operation {operation} is not supported by field {name[:128]}.")


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 64:
        raise QueryError(f"Value of field {name[:128]} is not a 64-bit integer.")
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise QueryError(f"Field {name[:128]} needs a Value.")
    return value


def _check_value(field: Field, leaf: Leaf) -> None:
    assert leaf.value is not None
    match leaf.operation:
        case "geo-distance":
            read_circle(leaf.value)
        case "geo-bounding-box":
            read_box(leaf.value)
        case "geo-polygon":
            read_polygon(leaf.value)
        case "eq" if field.kind is Kind.GEO:
            read_point(leaf.value)
        case "match-phrase":
            if not tokens_of(leaf.value):
                raise QueryError(f"Value of match-phrase on field {leaf.field} has no letters or digits.")
        case _:
            read_scalar(field, leaf.value)


def to_simple_query(node: Node) -> dict[str, Any]:
    """The vendor's JSON form of a tree."""
    if isinstance(node, Leaf):
        leaf = {"Field": node.field, "Operation": node.operation}
        return leaf if node.value is None else {**leaf, "Value": node.value}
    entries = [to_simple_query(entry) for entry in node.nodes]
    if isinstance(node, Nested):
        return {"Field": node.array, "Operation": "nested", "SubQueries": entries}
    return {"Operation": _OPERATION_NAMES[type(node)], "SubQueries": entries}


def parse_sort(sort: str | None, order: str | None, *, rest: str = "desc") -> tuple[SortField, ...]:
    """``Sort`` and ``Order``; fields beyond a short, non-empty Order take ``rest``, without Order ``desc``.

    Raises QueryError.
    """
    names = [name.strip() for name in (sort or "").split(",")] if (sort or "").strip() else []
    if not names:
        return ()
    if len(names) > MAX_SORT_FIELDS:
        raise QueryError(f"Sort may have up to {MAX_SORT_FIELDS} fields.")
    if len(set(names)) < len(names):
        raise QueryError("Sort names a field twice.")
    orders = [entry.strip() for entry in order.split(",")] if order and order.strip() else []
    if len(orders) > len(names):
        raise QueryError("Order may not have more entries than Sort.")
    if any(entry not in ("asc", "desc") for entry in orders):
        raise QueryError("Order must be asc or desc.")
    padding = rest if orders else "desc"
    orders += [padding] * (len(names) - len(orders))
    return tuple(
        SortField(_sortable(name), entry == "desc") for name, entry in zip(names, orders, strict=True)
    )


def _sortable(name: str) -> str:
    field, key = find_field(name)
    if key is not None or not field.sortable:
        raise QueryError(f"Field {name[:128]} cannot be sorted by.")
    return name


def parse_aggregations(entries: Sequence[tuple[str, str]]) -> tuple[Aggregation, ...]:
    """Pairs of field and operation. Raises QueryError."""
    if len(entries) > MAX_AGGREGATIONS:
        raise QueryError(f"Aggregations may have up to {MAX_AGGREGATIONS} entries.")
    return tuple(_aggregation(name, operation) for name, operation in entries)


def _aggregation(name: str, operation: str) -> Aggregation:
    if not name or not operation:
        raise QueryError("Aggregations: Field and Operation are required.")
    known = _NUMERIC_OPERATIONS | _COUNTING_OPERATIONS
    if operation not in known:
        raise QueryError(
            f"Aggregations: operation {operation[:64]!r} is not supported; there are {', '.join(sorted(known))}."
        )
    field, key = find_field(name)
    countable = field.countable or key is not None
    if not (field.numeric if operation in _NUMERIC_OPERATIONS else countable):
        raise QueryError(f"Aggregations: operation {operation} is not supported by field {name[:128]}.")
    return Aggregation(name, operation)
