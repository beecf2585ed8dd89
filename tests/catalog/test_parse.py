"""SimpleQuery, Sort, Order and Aggregations: what is accepted, what is refused, and that nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.catalog.catalog import Catalog
from bindery.catalog.query.parse import (
    parse_aggregations,
    parse_simple_query,
    parse_sort,
    to_simple_query,
)
from bindery.catalog.query.syntax import QueryError, SortField

from .samples import Place, uris, write_of

LEAF = {"Field": "Size", "Operation": "gt", "Value": "1"}


def logical(operation: str, *nodes: Any) -> dict[str, Any]:
    return {"Operation": operation, "SubQueries": list(nodes)}


def levels(count: int) -> dict[str, Any]:
    node: dict[str, Any] = dict(LEAF)
    for _ in range(count):
        node = logical("and", node)
    return node


DOCUMENTED = [
    logical("and", {"Field": "ContentType", "Value": "image/jpeg", "Operation": "eq"},
            {"Field": "ImageWidth", "Value": "1000", "Operation": "gt"}),
    logical("and", {"Field": "URI", "Value": "oss://examplebucket/path/", "Operation": "prefix"},
            {"Field": "Size", "Value": "1048576", "Operation": "gt"},
            logical("or", {"Field": "Labels.LabelName", "Value": "TV", "Operation": "eq"},
                    {"Field": "Labels.LabelName", "Value": "Stereo", "Operation": "eq"})),
    logical("not", logical("nested", logical("and",
            {"Field": "Figures.Age", "Operation": "gt", "Value": "36"},
            {"Field": "Figures.Gender", "Operation": "eq", "Value": "male"}))),
    logical("and", {"Field": "ContentType", "Value": "image/jpeg", "Operation": "eq"},
            {"Field": "CustomLabels.test", "Operation": "exist"},
            {"Field": "Labels.LabelName", "Operation": "exist"}),
    {"Field": "Figures.FigureClusterId", "Operation": "eq", "Value": "Cluster-dbe72fec"},
    {"Field": "LatLong", "Operation": "geo-distance", "Value": "33,119;1000"},
    {"Field": "LatLong", "Operation": "geo-bounding-box", "Value": "35,118.5;33.5,120"},
    {"Field": "LatLong", "Operation": "geo-polygon", "Value": "33,118;33,120;35,120;35,118"},
    {"Field": "FileModifiedTime", "Operation": "lte", "Value": "2025-11-21T14:50:13.011643661+08:00"},
]  # fmt: skip


@pytest.mark.parametrize("query", DOCUMENTED)
def test_documented_examples(query: dict[str, Any]) -> None:
    tree = parse_simple_query(query)
    assert parse_simple_query(to_simple_query(tree)) == tree


@pytest.mark.parametrize(
    "query",
    [
        {**LEAF, "SubQueries": []},
        {**LEAF, "Value": 1},
        {**LEAF, "Value": 10**18},
        {"Field": "Duration", "Operation": "eq", "Value": 1.5},
        {"Field": "Title", "Operation": "eq", "Value": True},
        {"Field": "Title", "Operation": "eq", "Value": ""},
        {"Field": "Title", "Operation": "prefix", "Value": ""},
        {"Field": "Title", "Operation": "exist", "Value": None},
        {"Operation": "nested", "Field": "Labels", "SubQueries": [{"Field": "LabelName", "Operation": "exist"}]},
        {"Operation": "and", "SubQueries": [LEAF], "Field": 7, "Value": {}},
        levels(5),
        logical("or", *[LEAF] * 100),
    ],
)  # fmt: skip
def test_leniently_accepted(query: dict[str, Any]) -> None:
    assert parse_simple_query(query)


NESTED = {"Operation": "nested", "Field": "Labels"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (None, "object"),
        ([], "object"),
        ({}, "Operation"),
        ({"Operation": ["and"]}, "Operation"),
        ({"Operation": "AND", "SubQueries": [LEAF]}, "'AND'"),
        ({"Operation": "It", "Field": "Size", "Value": "1"}, "'It'"),
        ({"Operation": "in", "Field": "Size", "Value": "1"}, "'in'"),
        ({"Operation": "and"}, "SubQueries"),
        ({"Operation": "or", "SubQueries": []}, "SubQueries"),
        ({"Operation": "not", "SubQueries": {}}, "SubQueries"),
        (logical("and", "text"), "object"),
        (logical("and", *[LEAF] * 101), "100"),
        (levels(6), "5 levels"),
        ({"Operation": "gt", "Value": "1"}, "Field"),
        ({**LEAF, "Field": 5}, "Field"),
        ({**LEAF, "SubQueries": [LEAF]}, "SubQueries"),
        ({"Field": "Size", "Operation": "gt"}, "Value"),
        ({**LEAF, "Value": None}, "Value"),
        ({**LEAF, "Value": ["1"]}, "Value"),
        ({**LEAF, "Value": ""}, "Size"),
        ({**LEAF, "Value": "1.5"}, "integer"),
        ({**LEAF, "Value": "1e3"}, "integer"),
        ({**LEAF, "Value": "0x10"}, "integer"),
        ({**LEAF, "Value": "1_000"}, "integer"),
        ({**LEAF, "Value": "\u0661"}, "integer"),
        ({**LEAF, "Value": str(2**63)}, "integer"),
        ({**LEAF, "Value": "9" * 5000}, "integer"),
        ({**LEAF, "Value": 10**4000}, "integer"),
        ({**LEAF, "Value": 10**5000}, "integer"),
        ({**LEAF, "Field": "Duration", "Value": "nan"}, "number"),
        ({**LEAF, "Field": "Duration", "Value": "inf"}, "number"),
        ({**LEAF, "Field": "Duration", "Value": "1e999"}, "number"),
        ({**LEAF, "Field": "Duration", "Value": "1" * 5000}, "number"),
        ({**LEAF, "Field": "ProduceTime", "Value": "2024-01-01"}, "RFC 3339"),
        ({**LEAF, "Field": "ProduceTime", "Value": "1700000000"}, "RFC 3339"),
        ({**LEAF, "Field": "ProduceTime", "Value": "2024-02-30T00:00:00Z"}, "RFC 3339"),
        ({**NESTED, "Field": "CustomLabels", "SubQueries": [LEAF]}, "CustomLabels"),
        ({**NESTED, "Field": ["Labels"], "SubQueries": [LEAF]}, "array"),
        ({**NESTED, "SubQueries": [LEAF]}, "Size"),
        ({**NESTED, "SubQueries": [{"Field": "Figures.Age", "Operation": "exist"}]}, "Figures.Age"),
        ({**NESTED, "SubQueries": [{**NESTED, "SubQueries": [LEAF]}]}, "nested"),
        ({"Operation": "nested", "SubQueries": [LEAF]}, "array"),
        ({"Operation": "nested"}, "array"),
        ({"Field": "Title", "Operation": "match-phrase", "Value": " -- "}, "letters"),
        (logical("or", *[logical("or", *[LEAF] * 100)] * 11), "1000"),
        ({"Field": "Title", "Operation": "eq", "Value": "\ud800"}, "Unicode"),
        ({"Field": "CustomLabels.\ud800", "Operation": "exist"}, "Unicode"),
        ({"Field": "LatLong", "Operation": "geo-distance", "Value": "91,0;1"}, "latitude"),
        ({"Field": "LatLong", "Operation": "geo-distance", "Value": "0,181;1"}, "latitude"),
        ({"Field": "LatLong", "Operation": "geo-distance", "Value": "0,0;-1"}, "radius"),
        ({"Field": "LatLong", "Operation": "geo-distance", "Value": "0,0"}, "radius"),
        ({"Field": "LatLong", "Operation": "geo-bounding-box", "Value": "0,0;1,1"}, "northern"),
        ({"Field": "LatLong", "Operation": "geo-bounding-box", "Value": "0,0;1,1;2,2"}, "bottom right"),
        ({"Field": "LatLong", "Operation": "geo-polygon", "Value": "0,0;1,1"}, "3"),
        ({"Field": "LatLong", "Operation": "geo-polygon", "Value": "0,0;" * 2000}, "1000"),
        ({"Field": "LatLong", "Operation": "geo-polygon", "Value": "0,0;nan,1;1,1"}, "latitude"),
        ({"Field": "LatLong", "Operation": "eq", "Value": "north"}, "latitude"),
        ({"Field": "LatLong", "Operation": "gt", "Value": "0,0"}, "LatLong"),
        (
            logical("or", *[{"Field": "LatLong", "Operation": "geo-polygon", "Value": "0,0;" * 1000}] * 51),
            "50000",
        ),
        ({**LEAF, "Field": "imagewidht"}, "Did you mean ImageWidth"),
        ({**LEAF, "Field": "Lables.LabelName"}, "Did you mean Labels.LabelName"),
    ],
)
def test_refused_with_a_reason(query: Any, words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        parse_simple_query(query)
    assert len(str(caught.value)) < 300


def test_deep_json_is_refused_before_it_is_walked() -> None:
    node: dict[str, Any] = dict(LEAF)
    for _ in range(100_000):
        node = {"Operation": "nested", "SubQueries": [node]}
    with pytest.raises(QueryError):
        parse_simple_query(node)
    while node.get("SubQueries"):  # freed step by step: deep objects overflow the stack when freed at once
        node = node.pop("SubQueries")[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["Field", "Operation", "Value", "SubQueries", "x"]), inner, max_size=4),
)  # fmt: skip
fields = ["Size", "Labels", "Labels.LabelName", "CustomLabels.x", "LatLong", "ProduceTime"]
operations = ["and", "or", "not", "nested", "eq", "exist", "match-phrase", "geo-polygon"]
node_like = st.fixed_dictionaries({}, optional={
    "Field": st.sampled_from(fields) | json_values,
    "Operation": st.sampled_from(operations) | json_values,
    "Value": json_values,
    "SubQueries": st.lists(json_values, max_size=3) | json_values,
})  # fmt: skip


@given(node_like | json_values)
def test_garbage_raises_nothing_but_query_errors(query: Any) -> None:
    try:
        tree = parse_simple_query(query)
    except QueryError:
        return
    assert parse_simple_query(to_simple_query(tree)) == tree


HOSTILE_VALUES = [".*+?()[]{}|^$\\d\\", "\0", "a\0b", "'; DROP TABLE file; --", "%_", "?", "$1", "x" * 1_000_000,
                  "\uffff", "(?i)a", "\\Q", "日" * 500, "😀", "\u202e"]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=range(len(HOSTILE_VALUES)))
def test_hostile_values_are_only_values(catalog: Catalog, place: Place, value: str) -> None:
    catalog.files.write(
        place.dataset.id,
        [
            write_of("same", title=value, oss_tagging={value[:1000]: value}),
            write_of("other", title="other"),
        ],
    )
    same = ["oss://bucket/same"]
    for operation in ("eq", "prefix", "gte", "lte"):
        query = logical(
            "and", {"Field": "Title", "Operation": operation, "Value": value},
            {"Field": "OSSTagging." + value[:1000], "Operation": operation, "Value": value},
        )  # fmt: skip
        assert uris(catalog, place.dataset, query) == same
    if any(char.isalnum() for char in value):
        query = {"Field": "Title", "Operation": "match-phrase", "Value": value}
        assert uris(catalog, place.dataset, query) == same
    assert catalog.queries.fuzzy_search(place.dataset.id, value).total_hits == (1 if value.strip() else 2)


@pytest.mark.parametrize(
    ("sort", "order", "rest", "expected"),
    [
        (None, None, "desc", []),
        (" ", "asc", "desc", []),
        ("Size", None, "asc", [("Size", True)]),
        ("Size,Filename", "asc", "desc", [("Size", False), ("Filename", True)]),
        ("Size,Filename", "asc", "asc", [("Size", False), ("Filename", False)]),
        (" Size , Filename ", "desc, asc", "asc", [("Size", True), ("Filename", False)]),
        ("Size,URI,ETag,Title,Album", "asc,asc,asc,asc,asc", "desc", [(name, False) for name in
         ("Size", "URI", "ETag", "Title", "Album")]),
    ],
)  # fmt: skip
def test_sort(sort: str | None, order: str | None, rest: str, expected: list[tuple[str, bool]]) -> None:
    assert parse_sort(sort, order, rest=rest) == tuple(SortField(*entry) for entry in expected)


@pytest.mark.parametrize(
    ("sort", "order"),
    [("Size,URI,ETag,Title,Album,Artist", None), ("Size,Size", None), ("Size", "asc,desc"), ("Size", "up"),
     ("Size", "ASC"), ("Size,", None), ("Labels.LabelName", None), ("CustomLabels.x", None), ("LatLong", None)],
)  # fmt: skip
def test_bad_sort(sort: str, order: str | None) -> None:
    with pytest.raises(QueryError):
        parse_sort(sort, order)


@pytest.mark.parametrize(
    "entries",
    [[("Size", "median")], [("", "sum")], [("Size", "")], [("Nothing", "count")], [("ETag", "max")],
     [("ProduceTime", "min")], [("CustomLabels.x", "sum")], [("LatLong", "count")], [("Size", "sum")] * 21],
)  # fmt: skip
def test_bad_aggregations(entries: list[tuple[str, str]]) -> None:
    with pytest.raises(QueryError):
        parse_aggregations(entries)
