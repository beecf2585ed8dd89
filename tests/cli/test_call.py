"""``bindery call``: how its words become parameters."""

from __future__ import annotations

import click
import pytest

from bindery.cli.call import parse_parameters


def test_pairs_and_equals_signs_are_both_read() -> None:
    words = ("--ProjectName", "p", "--Query={}", "--Empty=", "--Value", "--looks-like-an-option")
    assert parse_parameters(words) == {
        "ProjectName": "p",
        "Query": "{}",
        "Empty": "",
        "Value": "--looks-like-an-option",
    }


@pytest.mark.parametrize("words", [("ProjectName", "p"), ("--",), ("--ProjectName",), ("-p", "x")])
def test_anything_else_is_a_usage_error(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        parse_parameters(words)
