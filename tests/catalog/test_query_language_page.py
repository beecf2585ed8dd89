"""The page about the query language says what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bindery.catalog.query import parse, values
from bindery.catalog.query.expression import parse_expression
from bindery.catalog.query.fields import ARRAYS, FIELDS, FUZZY_FIELDS, Kind, find_field, operations_of
from bindery.catalog.query.parse import parse_simple_query, to_simple_query
from bindery.catalog.query.values import MAX_POLYGON_POINTS
from bindery.tag_kinds import EXIF_TEXTS, TAG_KINDS, TagKind

PAGE = (Path(__file__).parents[2] / "docs" / "query-language.md").read_text("utf-8")
EXAMPLES = [
    line for block in re.findall(r"```bindery\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]


@pytest.mark.parametrize("expression", EXAMPLES)
def test_examples_parse(expression: str) -> None:
    node = parse_expression(expression)
    assert node is not None
    assert parse_simple_query(to_simple_query(node)) == node


def test_the_tree_shown_is_that_of_the_third_example() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert parse_expression(EXAMPLES[2]) == parse_simple_query(json.loads(shown))


def test_names_in_the_tables_exist_with_their_operators() -> None:
    rows = re.findall(
        r"^\| (\w[\w ,]*) \| (`.*?) \| (.*?) \|",
        PAGE.split("## Fields and what they allow")[1],
        re.MULTILINE,
    )
    classes = {
        "integer, decimal": {Kind.INT, Kind.FLOAT}, "time": {Kind.TIME}, "key": {Kind.KEY}, "text": {Kind.TEXT},
        "recognised text": {Kind.TEXT}, "in maps": {Kind.MAP}, "place": {Kind.GEO},
        "raw tags, texts": {Kind.TEXT}, "raw tags, numbers": {Kind.FLOAT}, "notes": {Kind.KEY},
    }  # fmt: skip
    seen = set()
    for name, names, operators in rows:
        for field_name in re.findall(r"`([A-Z][\w.]*)`", names):
            seen.add(name)
            field, _ = find_field(field_name)
            assert field.kind in classes[name], field_name
            assert ("~" in operators) == ("match-phrase" in operations_of(field)) or name == "key"
    assert seen == classes.keys()
    assert set(re.findall(r"`(\w+)\.\*`", PAGE)) == ARRAYS


def test_tags_said_to_be_numbers_or_to_have_columns() -> None:
    (numbers,) = re.findall(r"Tags that are one number \((.*?)\)", PAGE, re.DOTALL)
    assert {name.removeprefix("Tags.") for name in re.findall(r"`([\w.]+)`", numbers)} <= {
        name for name, kind in TAG_KINDS.items() if kind is TagKind.NUMBER
    }
    (columns,) = re.findall(r"as quickly as other fields: (.*?)\. Others", PAGE, re.DOTALL)
    stored, head = [], ""
    for name in re.findall(r"`([\w.]+)`", columns):
        head = name.partition(".")[0] if "." in name else head
        stored.append(f"{head}.{name.rpartition('.')[2]}")
    assert sorted(stored) == sorted(name for name, field in FIELDS.items() if field.tag)


def test_fields_said_not_to_be_queryable_are_not() -> None:
    (names,) = re.findall(r"Not queryable are (.*?)\. Everything", PAGE, re.DOTALL)
    listed = re.findall(r"`(\w+)`", names)
    assert len(listed) == 10
    assert not {*listed} & FIELDS.keys()


def test_fuzzy_fields_and_limits() -> None:
    (names,) = re.findall(
        r"looks for a piece of text, in any case, in (.*?)\. It has no syntax", PAGE, re.DOTALL
    )
    fields, tags = names.split("the values of `Tags`")
    assert re.findall(r"`([\w.]+)`", fields) == list(FUZZY_FIELDS)
    assert set(re.findall(r"`(\w+)`", tags)) == EXIF_TEXTS | {"EXIF"}
    limits = dict(re.findall(r"^\| ([\w` ]+) \| ([\d,]+)", PAGE.split("## Limits")[1], re.MULTILINE))
    assert {name: int(value.replace(",", "")) for name, value in limits.items()} == {
        "conditions of one `SubQueries`": parse.MAX_CONDITIONS,
        "levels of `SubQueries`": parse.MAX_DEPTH,
        "conditions of a query in all": parse.MAX_LEAVES,
        "points of a polygon": MAX_POLYGON_POINTS,
        "points of all polygons of a query": parse.MAX_CORNERS,
        "sort fields": parse.MAX_SORT_FIELDS,
        "aggregations of a request": parse.MAX_AGGREGATIONS,
        "groups of an aggregation": 2_000,
        "characters of a text that conditions look at": values.MAX_TEXT,
        "elements of an array that conditions look at": values.MAX_ELEMENTS,
        "characters of all texts of one field in an array or map": values.MAX_LIST_TEXT,
        "time of a query": 60,
        "integers": 64,
    }
