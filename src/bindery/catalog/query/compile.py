"""The query tree as a condition for DuckDB. Names come from the field table, values travel as parameters.

Every condition is true or false, never NULL, so that ``not`` keeps its meaning for absent fields.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from bindery.catalog.query.fields import ARRAYS, Field, Kind, find_field
from bindery.catalog.query.syntax import And, Leaf, Nested, Node, Or
from bindery.catalog.query.values import (
    CJK,
    Box,
    Circle,
    Polygon,
    lower_text,
    read_box,
    read_circle,
    read_polygon,
    read_scalar,
    tokens_of,
)

_EARTH_RADIUS_METRES = 6_371_008.8
_COMPARISONS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_USER_META_PREFIX = "x-oss-meta-"
_SEPARATOR = r"[^\pL\pN]"
_CJK_TOKEN = re.compile(f"[{CJK}]")


class Condition(msgspec.Struct, frozen=True):
    """SQL with ``?`` for each of ``parameters``."""

    sql: str
    parameters: tuple[Any, ...] = ()


def compile_query(node: Node | None) -> Condition:
    """The condition that holds for exactly the files a query matches."""
    return Condition("true") if node is None else _compile(node, element=None)


def column(field: Field) -> str:
    """The expression of a field that is not inside an array."""
    return ".".join(f'"{part}"' for part in field.path)


def map_key(name: str, key: str) -> str:
    """A map key as the index holds it: CustomLabels and OSSUserMeta ignore case, the latter its prefix."""
    if name == "CustomLabels":
        return lower_text(key)
    return lower_text(key).removeprefix(_USER_META_PREFIX) if name == "OSSUserMeta" else key


def map_value(name: str, value: str) -> str:
    """A map value as the index holds it: CustomLabels ignore case."""
    return lower_text(value) if name == "CustomLabels" else value


def _compile(node: Node, element: str | None) -> Condition:
    if isinstance(node, Leaf):
        return _leaf(node, element)
    if isinstance(node, Nested):
        inner = _join([_compile(entry, "x") for entry in node.nodes], "AND")
        return _any_element(node.array, inner)
    entries = [_compile(entry, element) for entry in node.nodes]
    if isinstance(node, And):
        return _join(entries, "AND")
    joined = _join(entries, "OR")
    return joined if isinstance(node, Or) else Condition(f"(NOT {joined.sql})", joined.parameters)


def _join(conditions: list[Condition], word: str) -> Condition:
    sql = f" {word} ".join(condition.sql for condition in conditions)
    return Condition(f"({sql})", tuple(value for condition in conditions for value in condition.parameters))


def _any_element(array: str, inner: Condition) -> Condition:
    sql = f'coalesce(len(list_filter("{array}", lambda x: {inner.sql})) > 0, false)'
    return Condition(sql, inner.parameters)


def _leaf(leaf: Leaf, element: str | None) -> Condition:
    if leaf.field in ARRAYS:
        return Condition(f'coalesce(len("{leaf.field}") > 0, false)')
    field, key = find_field(leaf.field)
    if field.kind is Kind.MAP:
        return _map_leaf(field, key, leaf)
    if field.kind is Kind.GEO:
        return _geo_leaf(leaf)
    if not field.array:
        return _scalar_leaf(column(field), field, leaf)
    inner = _scalar_leaf(".".join(["x", *(f'"{part}"' for part in field.path[1:])]), field, leaf)
    return inner if element is not None else _any_element(field.path[0], inner)


def _scalar_leaf(expression: str, field: Field, leaf: Leaf) -> Condition:
    if leaf.operation == "exist":
        return Condition(f"({expression} IS NOT NULL)")
    assert leaf.value is not None
    if leaf.operation == "prefix":
        return Condition(f"coalesce(starts_with({expression}, ?), false)", (leaf.value,))
    if leaf.operation == "match-phrase":
        return _phrase(expression, leaf.value)
    value = read_scalar(field, leaf.value)
    compared = Condition(f"coalesce({expression} {_COMPARISONS[leaf.operation]} ?, false)", (value,))
    if field.any_token and leaf.operation == "eq" and tokens_of(leaf.value):
        return _join([compared, _phrase(expression, leaf.value)], "OR")
    return compared


def _map_leaf(field: Field, key: str | None, leaf: Leaf) -> Condition:
    name = column(field)
    if key is None:
        return Condition(f"coalesce(cardinality({name}) > 0, false)")
    key = map_key(field.name, key)
    if leaf.operation == "exist":
        return Condition(f"coalesce(map_contains({name}, ?), false)", (key,))
    assert leaf.value is not None
    value = map_value(field.name, leaf.value)
    if leaf.operation == "prefix":
        return Condition(f"coalesce(starts_with({name}[?], ?), false)", (key, value))
    return Condition(f"coalesce({name}[?] {_COMPARISONS[leaf.operation]} ?, false)", (key, value))


def _phrase(expression: str, phrase: str) -> Condition:
    """Tokens next to each other and in order. The plain search first is what makes it fast."""
    tokens = tokens_of(phrase)
    longest = max(tokens, key=len)
    return Condition(
        f"coalesce(contains(lower({expression}), ?) AND regexp_matches(lower({expression}), ?), false)",
        (longest, phrase_pattern(tokens)),
    )


def phrase_pattern(tokens: list[str]) -> str:
    """A regular expression (RE2) that finds the tokens as a phrase in lower-case text."""
    edge = rf"[^\pL\pN]|[{CJK}]"
    pattern = "" if _CJK_TOKEN.match(tokens[0]) else f"(?:^|{edge})"
    for number, token in enumerate(tokens):
        if number:
            glued = _CJK_TOKEN.match(token) or _CJK_TOKEN.match(tokens[number - 1])
            pattern += _SEPARATOR + ("*" if glued else "+")
        pattern += re.escape(token) if token.isascii() else token
    return pattern + ("" if _CJK_TOKEN.match(tokens[-1]) else f"(?:$|{edge})")


def _geo_leaf(leaf: Leaf) -> Condition:
    if leaf.operation == "exist":
        return Condition('("Latitude" IS NOT NULL)')
    assert leaf.value is not None
    if leaf.operation == "geo-distance":
        return _in_circle(read_circle(leaf.value))
    if leaf.operation == "geo-bounding-box":
        return _in_box(read_box(leaf.value))
    return _in_polygon(read_polygon(leaf.value))


def _in_circle(circle: Circle) -> Condition:
    """Great-circle distance by the haversine formula, on a sphere of the mean Earth radius."""
    half_chord = (
        'pow(sin(radians("Latitude" - ?) / 2), 2)'
        ' + cos(radians(?)) * cos(radians("Latitude")) * pow(sin(radians("Longitude" - ?) / 2), 2)'
    )
    latitude, longitude = circle.centre
    return Condition(
        f'("Latitude" IS NOT NULL AND 2 * {_EARTH_RADIUS_METRES} * asin(sqrt(least(1.0, {half_chord}))) <= ?)',
        (latitude, latitude, longitude, circle.radius),
    )


def _in_box(box: Box) -> Condition:
    (north, west), (south, east) = box.top_left, box.bottom_right
    word = "AND" if west <= east else "OR"
    return Condition(
        f'coalesce("Latitude" <= ? AND "Latitude" >= ? AND ("Longitude" >= ? {word} "Longitude" <= ?), false)',
        (north, south, west, east),
    )


def _in_polygon(polygon: Polygon) -> Condition:
    """Inside by counting crossings of a ray, or on an edge; edges are lines of latitude over longitude."""
    points = polygon.points
    edges = [[*here, *there] for here, there in zip(points, (*points[1:], points[0]), strict=True)]
    crossing = (
        '(e[1] > "Latitude") <> (e[3] > "Latitude")'
        ' AND "Longitude" < (e[4] - e[2]) * ("Latitude" - e[1]) / (e[3] - e[1]) + e[2]'
    )
    on_edge = (
        'abs((e[4] - e[2]) * ("Latitude" - e[1]) - (e[3] - e[1]) * ("Longitude" - e[2])) <= 1e-9'
        ' AND "Latitude" BETWEEN least(e[1], e[3]) - 1e-9 AND greatest(e[1], e[3]) + 1e-9'
        ' AND "Longitude" BETWEEN least(e[2], e[4]) - 1e-9 AND greatest(e[2], e[4]) + 1e-9'
    )
    sql = (
        '("Latitude" IS NOT NULL AND "Latitude" BETWEEN ? AND ? AND "Longitude" BETWEEN ? AND ? AND ('
        f"len(list_filter(?::DOUBLE[][], lambda e: {crossing})) % 2 = 1"
        f" OR len(list_filter(?::DOUBLE[][], lambda e: {on_edge})) > 0))"
    )
    latitudes = [point[0] for point in points]
    longitudes = [point[1] for point in points]
    bounds = (min(latitudes), max(latitudes), min(longitudes), max(longitudes))
    return Condition(sql, (*bounds, edges, edges))
