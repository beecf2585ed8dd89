"""What ListUsage answers, added up and as CSV: for the command line and for pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from bindery.api.prices import DIMENSIONS, decimal_text

Row = Mapping[str, Any]
_STORED = ("Files", "Bytes")
"""Units of what lasts: of several days not the sum counts, but the last."""
_COLUMNS = ("Date", "ProjectName", "Dimension", "Quantity", "Unit", "Amount", "Currency")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ORDER = {dimension.name: at for at, dimension in enumerate(DIMENSIONS)}


class Total(msgspec.Struct):
    """What a project has used of a dimension over some days."""

    project: str
    dimension: str
    unit: str
    quantity: int = 0
    amount: Decimal = Decimal(0)
    currency: str = ""
    last_day: str = ""

    def add(self, row: Row) -> None:
        """One day more; days ascend."""
        self.quantity = row["Quantity"] + (0 if self.unit in _STORED else self.quantity)
        self.amount += Decimal(row.get("Amount") or 0)
        self.currency = row.get("Currency") or self.currency
        self.last_day = row["Date"]

    def row(self) -> dict[str, Any]:
        """As ListUsage has them, without a day."""
        amount = {"Amount": decimal_text(self.amount), "Currency": self.currency} if self.currency else {}
        return {
            "ProjectName": self.project,
            "Dimension": self.dimension,
            "Quantity": self.quantity,
            "Unit": self.unit,
            **amount,
        }


def totals(rows: Iterable[Row]) -> list[Total]:
    """By project and dimension, of rows that ascend by day. What is no longer stored on the last day is none."""
    found: dict[tuple[str, str], Total] = {}
    last = ""
    for row in rows:
        key = row["ProjectName"], row["Dimension"]
        found.setdefault(key, Total(*key, row["Unit"])).add(row)
        last = row["Date"]
    for total in found.values():
        if total.unit in _STORED and total.last_day != last:
            total.quantity = 0
    return sorted(found.values(), key=lambda each: (each.project, _ORDER.get(each.dimension, len(_ORDER))))


def csv_text(rows: Iterable[Row], *, head: bool = True) -> str:
    """RFC 4180, with a head where it begins. No cell is read as a formula by programs for tables."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if head:
        writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow([_cell(row.get(column, "")) for column in _COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Source: OWASP, "CSV Injection"."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
