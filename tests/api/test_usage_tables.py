"""Usage added up, and as CSV."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.api.prices import DIMENSIONS, Prices
from bindery.api.usage_tables import csv_text, totals


def row(day: int, project: str, dimension: str, quantity: int, **more: Any) -> dict[str, Any]:
    unit = next(each.unit for each in DIMENSIONS if each.name == dimension)
    return {
        "Date": f"2026-01-{day:02}", "ProjectName": project, "Dimension": dimension,
        "Quantity": quantity, "Unit": unit, **more,
    }  # fmt: skip


def test_what_was_done_is_added_up_and_what_lasts_is_that_of_the_last_day() -> None:
    found = totals(
        [
            row(1, "a", "FileCount", 10),
            row(1, "a", "MIME", 5),
            row(1, "b", "FileCount", 7),
            row(2, "a", "FileCount", 12),
            row(2, "a", "MIME", 5),
        ]
    )
    assert [(each.project, each.dimension, each.quantity) for each in found] == [
        ("a", "MIME", 10),
        ("a", "FileCount", 12),
        ("b", "FileCount", 0),
    ]


def test_money_of_all_days_is_added_up_exactly() -> None:
    (total,) = totals(row(day, "a", "FileCount", 1, Amount="0.1", Currency="EUR") for day in range(1, 11))
    assert total.amount == Decimal(1)
    assert total.row()["Amount"] == "1"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_no_cell_is_a_formula(text: str) -> None:
    ((_, project, *_),) = list(csv.reader(io.StringIO(csv_text([row(1, text, "MIME", 1)]), "")))[1:]
    assert project == "'" + text


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), max_size=5))
def test_csv_is_read_as_it_was_meant(projects: list[str]) -> None:
    text = csv_text([row(1, name, "MIME", 3) for name in projects])
    head, *rows = csv.reader(io.StringIO(text, ""))
    assert head == ["Date", "ProjectName", "Dimension", "Quantity", "Unit", "Amount", "Currency"]
    assert [each[1].removeprefix("'") for each in rows] == [name.removeprefix("'") for name in projects]


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        (0.1, 1, "0.0001"),
        (0.1, 0, "0"),
        (0.01, 10**15, "10000000000"),
        (1_000_000, 3, "3000"),
        (1e-9, 1, "0"),
    ],
)
def test_amounts_have_no_exponent_and_no_rounding_of_floats(
    price: float, quantity: int, amount: str
) -> None:
    assert Prices(mime=price).amount("MIME", quantity) == amount


def test_every_dimension_has_a_price_and_every_price_a_dimension() -> None:
    fields = set(Prices.__struct_fields__) - {"currency"}
    assert {each.setting for each in DIMENSIONS} == fields
    assert not Prices().any
    for each in DIMENSIONS:
        assert Prices(**{each.setting: 1}).any
