"""Raw tags as the page of a file groups them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bindery.catalog.query.expression import parse_expression
from bindery.catalog.query.syntax import Leaf
from bindery.web.gallery.raw_tags import group_tags


def exif(**tags: Any) -> str:
    return json.dumps({name: {"value": value} for name, value in tags.items()})


def test_groups_and_their_order() -> None:
    tags = {
        "xmp:Tool": ["x"],
        "Genre": ["Jazz", "Bebop"],
        "TXXX:me": ["1"],
        "odd name": ["o"],
        "©xyz:a": ["b"],
    }
    groups = group_tags({"EXIF": exif(Model="One", Make="Two"), "Tags": tags})
    shown = [(group.name, [name for name, _ in group.tags]) for group in groups]
    assert shown == [
        ("common", ["Genre"]),
        ("EXIF", ["Model", "Make"]),
        ("TXXX", ["TXXX:me"]),
        ("xmp", ["xmp:Tool"]),
        ("others", ["odd name", "©xyz:a"]),
    ]  # fmt: skip
    assert [value.text for value in groups[0].tags[0][1]] == ["Jazz", "Bebop"]
    assert [group.count for group in groups] == [1, 2, 1, 1, 2]


@pytest.mark.parametrize(
    ("entry", "field", "value"),
    [
        ({"EXIF": exif(FNumber="28/10")}, "EXIF.FNumber", "2.8"),
        ({"EXIF": exif(ISOSpeedRatings="100")}, "EXIF.ISOSpeedRatings", "100"),
        ({"EXIF": exif(Model='"><script>')}, "EXIF.Model", '"><script>'),
        ({"Tags": {"Keywords": ["a and b"]}}, "Tags.Keywords", "a and b"),
        ({"Tags": {"odd name": ["x"]}}, "Tags.odd name", "x"),
        ({"Tags": {"TrackNumber": ["3/12"]}}, "Tags.TrackNumber", "3"),
    ],
)
def test_a_value_is_searched_for(entry: dict[str, Any], field: str, value: str) -> None:
    ((_, (shown,)),) = group_tags(entry)[0].tags
    assert parse_expression(shown.search) == Leaf(field=field, operation="eq", value=value)


def test_what_is_not_searched_for_is_shown() -> None:
    entry = {"EXIF": exif(Model="x" * 101, FNumber="no number", UserComment="two\nlines", Flash=None)}
    values = [value for _, (value,) in group_tags(entry)[0].tags]
    assert [value.search for value in values] == [""] * 4
    assert values[1].text == "no number"


@pytest.mark.parametrize("entry", [{}, {"EXIF": "{}"}, {"Tags": {}}, {"Tags": ["x"]}, {"Tags": {"a": "b"}}])
def test_entries_without_tags(entry: dict[str, Any]) -> None:
    assert group_tags(entry) == []


def test_a_broken_text_is_shown_as_it_is() -> None:
    for text in ("{", "[1]"):
        ((name, (value,)),) = group_tags({"EXIF": text})[0].tags
        assert (name, value.text) == ("EXIF", text)
