"""Trees as expressions, which are read as the same trees again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.catalog.query.expression import parse_expression
from bindery.catalog.query.parse import parse_simple_query, to_simple_query
from bindery.catalog.query.syntax import And, Leaf, Nested, Node, Not, Or
from bindery.catalog.query.written import quote_value, write_expression, write_parts

from .test_query_reference import QUERIES


def read(text: str) -> Node:
    node = parse_expression(text)
    assert node is not None
    return node


@pytest.mark.parametrize(
    "text",
    [
        "Size >= 5MB",
        "Size = 1500",
        'Title = "say \\"hi\\" \\\\"',
        'Title = "and"',
        'Title = ""',
        "Title != x",
        "not Size > 1KB",
        "not (Size = 1 or Size = 2)",
        "not (Size = 1 and Size = 2)",
        "(Size = 1 or Size = 2) and Size = 3",
        "Size = 1 or Size = 2 and Size = 3",
        "Labels[LabelName = TV and LabelConfidence > 0.9]".replace("[Label", "[Labels.Label").replace(
            "and Label", "and Labels.Label"
        ),
        "exists(CustomLabels.test)",
        '"CustomLabels.my key" = x',
        "ProduceTime >= 2024-01-31",
        "ProduceTime >= 2024-01-31T00:00:00Z",
        "near(30.1, 120.2, 5000)",
        "within(35, 118.5, 33.5, 120)",
        "within(33, 118, 33, 120, 35, 120)",
        "Filename ~ 杭州",
        "URI ^= oss://b/2024/",
    ],
)
def test_what_is_written_as_people_would(text: str) -> None:
    assert write_expression(read(text)) == text


def plain(node: Node) -> Any:
    """A tree without the brackets that say nothing."""
    match node:
        case Leaf():
            return node if node.value is None else (node.field, node.operation, node.value)
        case Not(nodes):
            inner = nodes[0] if len(nodes) == 1 else Or(nodes)
            return ("not", plain(inner))
        case Nested(array, nodes):
            return (array, plain(nodes[0] if len(nodes) == 1 else And(nodes)))
        case And(nodes) | Or(nodes):
            if len(nodes) == 1:
                return plain(nodes[0])
            parts: list[Any] = []
            for each in map(plain, nodes):
                same = isinstance(each, list) and each[0] == type(node).__name__
                parts += each[1:] if same else [each]
            return [type(node).__name__, *parts]


@given(QUERIES)
def test_what_is_written_is_read_as_the_same(query: Any) -> None:
    node = parse_simple_query(query)
    text = write_expression(node)
    # Brackets of the expression may take a level more than those of the tree, of which there are five.
    assert write_expression(read(text)) == text
    if "geo-" not in str(query):
        assert plain(read(text)) == plain(node)


@given(st.text())
def test_any_value_can_be_written(value: str) -> None:
    node = Leaf(field="Title", operation="eq", value=value)
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    assert read(f"Title = {quote_value(value)}") == node
    assert to_simple_query(read(write_expression(node)))["Value"] == value


def test_parts_are_the_whole_again() -> None:
    node = read("(Size = 1 or Size = 2) and Title ~ x and not MediaType = image and exists(LatLong)")
    parts = write_parts(node)
    assert [text for _, text in parts] == [
        "(Size = 1 or Size = 2)", "Title ~ x", "MediaType != image", "exists(LatLong)",
    ]  # fmt: skip
    assert read(" and ".join(text for _, text in parts)) == node
    assert write_parts(None) == []
    assert [text for _, text in write_parts(read("Size = 1 or Size = 2"))] == ["(Size = 1 or Size = 2)"]
