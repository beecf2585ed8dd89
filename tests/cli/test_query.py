"""``bindery query``: expression and sort become the parameters of SimpleQuery."""

from __future__ import annotations

import click
import pytest

from bindery.cli.query import query_parameters


def test_expression_and_sort() -> None:
    found = query_parameters("Size > 1MB and MediaType = image", "Size desc, URI")
    assert found == {
        "Query": {
            "Operation": "and",
            "SubQueries": [
                {"Field": "Size", "Operation": "gt", "Value": "1000000"},
                {"Field": "MediaType", "Operation": "eq", "Value": "image"},
            ],
        },
        "Sort": "Size,URI",
        "Order": "desc,asc",
    }


def test_no_expression_asks_for_every_file() -> None:
    assert query_parameters("  ", None) == {}


@pytest.mark.parametrize(
    ("expression", "hint"), [("Size >", "value"), ("Nothing = 1", "Nothing"), ("(Size = 1", "'\\)'")]
)
def test_a_mistake_is_pointed_at(expression: str, hint: str) -> None:
    with pytest.raises(click.UsageError, match=hint):
        query_parameters(expression, None)


def test_a_malformed_sort_is_a_usage_error() -> None:
    with pytest.raises(click.UsageError, match="--sort"):
        query_parameters("", "Size desc now")
