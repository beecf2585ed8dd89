"""Requests and answers of the family usage. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class UsageRecord(Message):
    """The vendor's struct UsageRecord."""

    amount: str | None = None
    currency: str | None = None
    date: str | None = None
    dimension: str | None = None
    project_name: str | None = None
    quantity: int | None = None
    unit: str | None = None


class ListUsageRequest(Message):
    """Parameters of ListUsage."""

    project_name: str | None = None
    dimension: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    max_results: int | None = None
    next_token: str | None = None


class ListUsageResponse(Message):
    """Answer of ListUsage."""

    next_token: str | None = None
    usage_records: tuple[UsageRecord, ...] | None = None
