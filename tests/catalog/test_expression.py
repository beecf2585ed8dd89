"""The readable expressions of the command line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.catalog.query.expression import ExpressionError, parse_expression
from bindery.catalog.query.parse import to_simple_query
from bindery.catalog.query.syntax import QueryError


def tree(text: str) -> dict[str, Any] | None:
    node = parse_expression(text)
    return None if node is None else to_simple_query(node)


def leaf(field: str, operation: str, value: str | None = None) -> dict[str, Any]:
    found = {"Field": field, "Operation": operation}
    return found if value is None else {**found, "Value": value}


def joined(operation: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"Operation": operation, "SubQueries": list(nodes)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("  \n", None),
        ("Size = 1", leaf("Size", "eq", "1")),
        ("Size>=1", leaf("Size", "gte", "1")),
        ("Title ~ 'blue sky'", leaf("Title", "match-phrase", "blue sky")),
        ("URI ^= oss://b/2024/", leaf("URI", "prefix", "oss://b/2024/")),
        ("exists(LatLong)", leaf("LatLong", "exist")),
        ("EXISTS ( Labels )", leaf("Labels", "exist")),
        ("near(30.1, 120.2, 5000)", leaf("LatLong", "geo-distance", "30.1,120.2;5000")),
        ("within(35, 118.5, 33.5, 120)", leaf("LatLong", "geo-bounding-box", "35,118.5;33.5,120")),
        ("within(33,118,33,120,35,120)", leaf("LatLong", "geo-polygon", "33,118;33,120;35,120")),
        ("Title != x", joined("not", leaf("Title", "eq", "x"))),
        ("not Size = 1", joined("not", leaf("Size", "eq", "1"))),
        ("Size = 1 and Size = 2", joined("and", leaf("Size", "eq", "1"), leaf("Size", "eq", "2"))),
        ("Size = 1 OR Size = 2 AND Size = 3", joined("or", leaf("Size", "eq", "1"),
         joined("and", leaf("Size", "eq", "2"), leaf("Size", "eq", "3")))),
        ("(Size = 1 or Size = 2) and Size = 3", joined("and",
         joined("or", leaf("Size", "eq", "1"), leaf("Size", "eq", "2")), leaf("Size", "eq", "3"))),
        ('Title = "say \\"hi\\" \\\\"', leaf("Title", "eq", 'say "hi" \\')),
        ('Title = "and"', leaf("Title", "eq", "and")),
        ("Title = ''", leaf("Title", "eq", "")),
        ('"CustomLabels.my key" = x', leaf("CustomLabels.my key", "eq", "x")),
        ("Size > 1.5MB", leaf("Size", "gt", "1500000")),
        ("Size > 2KiB", leaf("Size", "gt", "2048")),
        ("Size > 9007199254740993kb", leaf("Size", "gt", "9007199254740993000")),
        ("VideoStreams[Bitrate > 5MB]", {"Operation": "nested", "Field": "VideoStreams",
         "SubQueries": [leaf("VideoStreams.Bitrate", "gt", "5000000")]}),
        ("ProduceTime >= 2024-01-31", leaf("ProduceTime", "gte", "2024-01-31T00:00:00+08:00")),
        ("ProduceTime < 2024-01-31T10:00:00Z", leaf("ProduceTime", "lt", "2024-01-31T10:00:00Z")),
        ("CustomId = 2024-01-31", leaf("CustomId", "eq", "2024-01-31")),
        ("CustomId = 5MB", leaf("CustomId", "eq", "5MB")),
        ("Labels[LabelName = TV and not exists(Language)]", {"Operation": "nested", "Field": "Labels", "SubQueries": [
         joined("and", leaf("Labels.LabelName", "eq", "TV"), joined("not", leaf("Labels.Language", "exist")))]}),
        ("Figures[Figures.Age > 36]", {"Operation": "nested", "Field": "Figures",
         "SubQueries": [leaf("Figures.Age", "gt", "36")]}),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: dict[str, Any] | None) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Size", "column 5: expected one of"),
        ("Size =", "column 7: expected a value"),
        ("= 1", "column 1: expected a field"),
        ("Size = 1 Size = 2", "column 10"),
        ("(Size = 1", "column 10: expected '\\)'"),
        ("Size = 1)", "column 9"),
        ("Labels[LabelName = x", "column 21: expected ']'"),
        ("Title = 'open", "column 9: cannot read"),
        ("Title = a!b", "column 10"),
        ("Nothing = 1", "Nothing"),
        ("Size ~ 1", "match-phrase.*Size"),
        ("Size = big", "Size"),
        ("Size > " + "9" * 500 + "KB", "Size"),
        ("Size > 999999999999999999TB", "Size"),
        ("Labels[Size = 1]", "Labels.Size"),
        ("Size[Age = 1]", "array"),
        ("Labels[Labels[LabelName = x]]", "nested"),
        ("near(1, 2)", "near"),
        ("far(1, 2, 3)", "far"),
        ("within(1, 2, 3, 4, 5)", "within"),
        ("near(100, 2, 3)", "latitude"),
        ("not " * 5000 + "Size = 1", "50 brackets"),
        ("(" * 5000 + "Size = 1", "50 brackets"),
        ("Labels[" * 5000, "50 brackets"),
        ("not " * 6 + "Size = 1", "5 levels"),
        (" or ".join(["Size = 1"] * 101), "100"),
        ("Title = \ud800", "Unicode"),
        ("ProduceTime > 2024-02-30", "RFC 3339"),
    ],
)
def test_mistakes_are_named(text: str, hint: str) -> None:
    with pytest.raises(QueryError, match=hint):
        parse_expression(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Nothing = 1 and Size = 2", "Nothing"),
        ("Size = 1 and Title > 5 and Size ~ 2", "~"),
        ("Size = 1 and Size > big", "big"),
        ("Size = 1 and ProduceTime > '2024-02-30'", "'2024-02-30'"),
        ("not Labels[Size = 1]", "Size"),
        ("Size[Age = 1]", "Size"),
        ("exists(Nothing)", "Nothing"),
        ("Size = 1 far(1, 2)", "far"),
        ("near(100, 2, 3)", "100"),
        ("Title = x = y", "="),
        ("Title = 'open", "'open"),
    ],
)
def test_mistakes_are_told_where_they_stand(text: str, wrong: str) -> None:
    with pytest.raises(ExpressionError) as told:
        parse_expression(text)
    start = told.value.column - 1
    assert text[start : start + told.value.length] == wrong
    assert not told.value.at_end


@pytest.mark.parametrize(
    "text", ["Size", "Size =", "(Size = 1", "Labels[", "not", "Size = 1 and", "exists("]
)
def test_what_only_wants_to_go_on_is_wrong_at_its_end(text: str) -> None:
    with pytest.raises(ExpressionError) as told:
        parse_expression(text)
    assert told.value.at_end


def test_days_begin_at_midnight_of_the_zone() -> None:
    node = parse_expression("ProduceTime = 2024-01-31", zone="Z")
    assert node is not None
    assert to_simple_query(node)["Value"] == "2024-01-31T00:00:00Z"


LEXEMES = [
    "and",
    "or",
    "not",
    "(",
    ")",
    "[",
    "]",
    ",",
    "=",
    "!=",
    "~",
    "^=",
    ">",
    "Size",
    "Labels",
    "LabelName",
    "exists",
    "near",
    "within",
    "1",
    "5MB",
    "'x'",
    '"',
    "'",
    "\\",
    "2024-01-01",
    "ProduceTime",
    "é",
    "\0",
    "!",
    "^",
]


@given(st.one_of(st.lists(st.sampled_from(LEXEMES), max_size=12).map(" ".join), st.text()))
def test_garbage_raises_nothing_but_query_errors(text: str) -> None:
    try:
        parse_expression(text)
    except QueryError as error:
        assert str(error)
