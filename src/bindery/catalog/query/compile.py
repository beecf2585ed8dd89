"""The query tree as a condition for DuckDB. Names come from the field table, values travel as parameters.

A field is a column of its name; a field of an array is a column of lists, one value an element; a map is a
list of its entries as text. Every condition is true or false, never NULL, so that ``not`` keeps its meaning
for absent fields. ``IS NOT NULL AND`` says so in a way that lets DuckDB skip what cannot match.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import msgspec

from bindery.catalog.query.condition import (
    COMPARISONS,
    NOTHING,
    Condition,
    any_element,
    contains,
    join,
    plain_phrase,
)
from bindery.catalog.query.fields import ARRAYS, FIELDS, Field, Kind, find_field
from bindery.catalog.query.syntax import And, Leaf, Nested, Node, Not, Or, leaves
from bindery.catalog.query.tags import first_tag_value, tag_condition, tag_values
from bindery.catalog.query.values import (
    MAX_TEXT,
    Box,
    Circle,
    Polygon,
    lower_text,
    phrase_text,
    read_box,
    read_circle,
    read_point,
    read_polygon,
    read_scalar,
    tokens_of,
)
from bindery.catalog.record.key_order import BEHIND_ALL, text_behind

_EARTH_RADIUS_METRES = 6_371_008.8
_USER_META_PREFIX = "x-oss-meta-"

Elements = dict[str, str]
"""Inside ``nested``: the expression of each column on the element at hand."""


class UriPart(msgspec.Struct, frozen=True):
    """What a condition asks of URIs by itself: none but those from ``first`` on that are before ``behind``, by their
    UTF-8 bytes, and all of those of which ``rest`` holds."""

    first: str
    behind: str
    rest: Condition


def compile_query(node: Node | None) -> Condition:
    """The condition that holds for exactly the files a query matches."""
    return Condition("true") if node is None else _compile(node, None)


def uri_prefix(node: Node | None) -> str | None:
    """What a query asks of URIs when it asks nothing else: how they begin. None when it asks for more."""
    if node is None:
        return ""
    if isinstance(node, Leaf) and node.field == "URI" and node.operation == "prefix":
        return node.value if node.value and len(node.value) <= MAX_TEXT else None
    return None


def uri_part(node: Node | None) -> UriPart | None:
    """What a query asks of URIs; None when it asks nothing that all of its files have to meet."""
    entries = node.nodes if isinstance(node, And) else () if node is None else (node,)
    for place, entry in enumerate(entries):
        if isinstance(entry, Leaf) and entry.field == "URI" and 0 < len(entry.value or "") <= MAX_TEXT:
            others = [_compile(other, None) for at, other in enumerate(entries) if at != place]
            rest, value = join(others, "AND") if others else compile_query(None), entry.value or ""
            if entry.operation == "prefix":
                return UriPart(value, text_behind(value) or BEHIND_ALL, rest)
            if entry.operation == "eq":
                return UriPart(value, f"{value}\0", rest)
    return None


def column(field: Field) -> str:
    """The column of a field."""
    return f'"{field.name}"'


def folded_column(field: Field) -> str:
    """The column of a phrase field that holds its values' tokens, where they are more than ASCII."""
    return f'"{field.name} folded"'


def sort_value(name: str) -> Condition:
    """What files are sorted by: the value of a field, the first value of a tag."""
    field, _ = find_field(name)
    return first_tag_value(field) if field.tag else Condition(column(field))


def counted_values(name: str) -> Condition:
    """The value of a field, of an array, a tag or a key of a map a list of all of them."""
    field, key = find_field(name)
    if key is not None:
        of_key = map_entry(field.name, key)
        found = f"list_filter({column(field)}, lambda x: starts_with(x, ?))"
        return Condition(f"list_transform({found}, lambda x: substr(x, {len(of_key) + 1:d}))", (of_key,))
    return tag_values(field) if field.tag else Condition(column(field))


def is_list(name: str) -> bool:
    """Whether ``counted_values`` is a list."""
    field, _ = find_field(name)
    return field.array or field.kind is Kind.MAP or (field.tag and not field.stored)


def uri_key(uri: str) -> str:
    """What stands for a URI in the index: 128 bits of a hash, which compare many times faster."""
    return hashlib.blake2b(uri.encode(), digest_size=16).hexdigest()


def map_entry(name: str, key: str, value: str = "") -> str:
    """An entry of a map as the index holds it, the key as a JSON string and the value behind it.

    CustomLabels ignore the case of keys and values, OSSUserMeta the case of keys and their prefix.
    """
    if name == "CustomLabels":
        key, value = lower_text(key), lower_text(value)
    elif name == "OSSUserMeta":
        key = lower_text(key).removeprefix(_USER_META_PREFIX)
    return msgspec.json.encode(key).decode() + value


def _compile(node: Node, elements: Elements | None) -> Condition:
    if isinstance(node, Leaf):
        return _leaf(node, elements)
    if isinstance(node, Nested):
        return _nested(node)
    entries = [_compile(entry, elements) for entry in node.nodes]
    if isinstance(node, And):
        return join(entries, "AND")
    joined = join(entries, "OR")
    return joined if isinstance(node, Or) else Condition(f"(NOT {joined.sql})", joined.parameters)


def _nested(node: Nested) -> Condition:
    """The lists of the fields asked for, zipped to elements again; with their numbers first when an element
    that has none of these fields may match."""
    fields = [FIELDS[leaf.field] for entry in node.nodes for leaf in leaves(entry)]
    columns = [column(field) for field in fields]
    columns += [folded_column(field) for field in fields if field.phrase]
    columns = list(dict.fromkeys(columns))
    lists = [f'range("{node.array}")'] if all(map(_holds_of_nothing, node.nodes)) else []
    elements = {name: f"x[{place}]" for place, name in enumerate(columns, len(lists) + 1)}
    zipped = ", ".join([*lists, *columns])
    inner = join([_compile(entry, elements) for entry in node.nodes], "AND")
    found = f"len(list_filter(list_zip({zipped}), lambda x: {inner.sql})) > 0"
    sought = [_leaf(leaf, None) for entry in node.nodes for leaf in _texts_sought(entry)]
    if not sought:
        return Condition(f'("{node.array}" IS NOT NULL AND {found})', inner.parameters)
    # Lists are zipped only where all of these texts are: CASE looks at no other rows, AND in a condition does.
    held = join(sought, "AND")
    sql = f'("{node.array}" IS NOT NULL AND CASE WHEN {held.sql} THEN {found} ELSE false END)'
    return Condition(sql, (*held.parameters, *inner.parameters))


def _texts_sought(node: Node) -> Iterator[Leaf]:
    """What holds of the whole file, too, when the node holds of one of its elements: that one of them has a text."""
    if isinstance(node, And):
        for entry in node.nodes:
            yield from _texts_sought(entry)
    elif isinstance(node, Leaf) and node.operation == "eq" and node.field not in ARRAYS:
        field, _ = find_field(node.field)
        if field.array and field.kind in (Kind.KEY, Kind.TEXT) and not field.any_token:
            yield node


def _holds_of_nothing(node: Node) -> bool:
    if isinstance(node, Leaf):
        return False
    held = [_holds_of_nothing(entry) for entry in node.nodes]
    if isinstance(node, Not):
        return not any(held)
    return all(held) if isinstance(node, And) else any(held)


def _leaf(leaf: Leaf, elements: Elements | None) -> Condition:
    if leaf.field in ARRAYS:
        return Condition(f'("{leaf.field}" IS NOT NULL)')
    field, key = find_field(leaf.field)
    if field.tag:
        return tag_condition(field, leaf)
    if field.kind is Kind.MAP:
        return _map_leaf(field, key, leaf)
    if field.kind is Kind.GEO:
        return _geo_leaf(leaf)
    if elements is not None:
        return _scalar_leaf(elements[column(field)], elements.get(folded_column(field)), field, leaf)
    if field.name == "URI" and leaf.operation == "eq":
        return Condition('("Key" = ?::UUID)', (uri_key(leaf.value or ""),))
    if not field.array or leaf.operation == "exist":
        return _scalar_leaf(column(field), folded_column(field) if field.phrase else None, field, leaf)
    if leaf.operation == "eq" and not field.any_token and not field.numeric:
        return contains(column(field), (leaf.value or "")[:MAX_TEXT])
    found = any_element(column(field), _scalar_leaf("x", None, field, leaf))
    if not _asks_for_phrase(field, leaf):
        return found
    folded = any_element(folded_column(field), _folded_phrase("x", leaf.value or ""))
    return join([found, folded], "OR")


def _asks_for_phrase(field: Field, leaf: Leaf) -> bool:
    if leaf.operation == "eq":
        return field.any_token and bool(tokens_of(leaf.value or ""))
    return leaf.operation == "match-phrase"


def _scalar_leaf(expression: str, folded: str | None, field: Field, leaf: Leaf) -> Condition:
    """A condition on one value, and on its tokens in ``folded``, unless the caller looks at those."""
    if leaf.operation == "exist":
        return Condition(f"({expression} IS NOT NULL)")
    assert leaf.value is not None
    if leaf.operation == "prefix":
        return Condition(
            f"({expression} IS NOT NULL AND starts_with({expression}, ?))", (leaf.value[:MAX_TEXT],)
        )
    if leaf.operation == "match-phrase":
        return _phrase(expression, folded, leaf.value[:MAX_TEXT])
    value = read_scalar(field, leaf.value)
    sql = f"({expression} IS NOT NULL AND {expression} {COMPARISONS[leaf.operation]} ?)"
    compared = Condition(sql, (value,))
    if _asks_for_phrase(field, leaf):
        return join([compared, _phrase(expression, folded, leaf.value)], "OR")
    return compared


def _map_leaf(field: Field, key: str | None, leaf: Leaf) -> Condition:
    entries = column(field)
    if key is None:
        return Condition(f"({entries} IS NOT NULL)")
    of_key = map_entry(field.name, key)
    if leaf.operation == "exist":
        return any_element(entries, Condition("starts_with(x, ?)", (of_key,)))
    wanted = map_entry(field.name, key, leaf.value or "")[:MAX_TEXT]
    if leaf.operation == "eq":
        return contains(entries, wanted)
    if leaf.operation == "prefix":
        return any_element(entries, Condition("starts_with(x, ?)", (wanted,)))
    sql = f"(starts_with(x, ?) AND x {COMPARISONS[leaf.operation]} ?)"
    return any_element(entries, Condition(sql, (of_key, wanted)))


def _phrase(expression: str, folded: str | None, phrase: str) -> Condition:
    """Tokens next to each other and in order. Those of values beyond ASCII are in the index."""
    plain = plain_phrase(expression, phrase)
    if folded is None:
        return plain
    stored = _folded_phrase(folded, phrase)
    return stored if plain == NOTHING else join([plain, stored], "OR")


def _folded_phrase(folded: str, phrase: str) -> Condition:
    return Condition(f"({folded} IS NOT NULL AND contains({folded}, ?))", (phrase_text(phrase),))


def _geo_leaf(leaf: Leaf) -> Condition:
    if leaf.operation == "exist":
        return Condition('("Latitude" IS NOT NULL)')
    assert leaf.value is not None
    if leaf.operation == "eq":
        return Condition(
            '("Latitude" IS NOT NULL AND "Latitude" = ? AND "Longitude" = ?)', read_point(leaf.value)
        )
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
    reach = math.degrees(circle.radius / _EARTH_RADIUS_METRES) + 1e-6
    return Condition(
        '("Latitude" IS NOT NULL AND "Latitude" BETWEEN ? AND ?'
        f" AND 2 * {_EARTH_RADIUS_METRES} * asin(sqrt(least(1.0, {half_chord}))) <= ?)",
        (latitude - reach, latitude + reach, latitude, latitude, longitude, circle.radius),
    )


def _in_box(box: Box) -> Condition:
    (north, west), (south, east) = box.top_left, box.bottom_right
    word = "AND" if west <= east else "OR"
    return Condition(
        f'("Latitude" IS NOT NULL AND "Latitude" BETWEEN ? AND ? AND ("Longitude" >= ? {word} "Longitude" <= ?))',
        (south, north, west, east),
    )


def _in_polygon(polygon: Polygon) -> Condition:
    """Inside by counting crossings of a ray, or on an edge; edges are lines of latitude over longitude.

    They travel as one JSON text: lists are taken over number by number, and nobody else can run meanwhile.
    """
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
    listed = """from_json(?::JSON, '[["DOUBLE"]]')"""
    sql = (
        '("Latitude" IS NOT NULL AND "Latitude" BETWEEN ? AND ? AND "Longitude" BETWEEN ? AND ? AND ('
        f"len(list_filter({listed}, lambda e: {crossing})) % 2 = 1"
        f" OR len(list_filter({listed}, lambda e: {on_edge})) > 0))"
    )
    latitudes = [point[0] for point in points]
    longitudes = [point[1] for point in points]
    bounds = (min(latitudes), max(latitudes), min(longitudes), max(longitudes))
    text = msgspec.json.encode(edges).decode()
    return Condition(sql, (*bounds, text, text))
