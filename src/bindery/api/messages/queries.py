"""Requests and answers of the family queries. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bindery.message import Message


class SimpleQueryRequestAggregations(Message):
    """The vendor's struct SimpleQueryRequestAggregations."""

    field: str | None = None
    operation: str | None = None


class SimpleQueryResponseBodyAggregations(Message):
    """The vendor's struct SimpleQueryResponseBodyAggregations."""

    field: str | None = None
    groups: tuple[SimpleQueryResponseBodyAggregationsGroups, ...] | None = None
    operation: str | None = None
    value: float | None = None


class SimpleQueryResponseBodyAggregationsGroups(Message):
    """The vendor's struct SimpleQueryResponseBodyAggregationsGroups."""

    count: int | None = None
    value: str | None = None


class FuzzyQueryRequest(Message):
    """Parameters of FuzzyQuery."""

    dataset_name: str
    project_name: str
    query: str
    max_results: int | None = None
    next_token: str | None = None
    order: str | None = None
    sort: str | None = None
    with_fields: tuple[str, ...] | None = None


class FuzzyQueryResponse(Message):
    """Answer of FuzzyQuery."""

    files: tuple[msgspec.Raw, ...] | None = None
    next_token: str | None = None
    total_hits: int | None = None


class SimpleQueryRequest(Message):
    """Parameters of SimpleQuery."""

    dataset_name: str
    project_name: str
    aggregations: tuple[SimpleQueryRequestAggregations, ...] | None = None
    max_results: int | None = None
    next_token: str | None = None
    order: str | None = None
    query: Any = None
    sort: str | None = None
    with_fields: tuple[str, ...] | None = None
    without_total_hits: bool | None = None


class SimpleQueryResponse(Message):
    """Answer of SimpleQuery."""

    aggregations: tuple[SimpleQueryResponseBodyAggregations, ...] | None = None
    files: tuple[msgspec.Raw, ...] | None = None
    next_token: str | None = None
    total_hits: int | None = None
