"""Requests and answers of the family queries. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bindery.message import Message


class DateBucket(Message):
    """The vendor's struct DateBucket."""

    aspect_ratio_sum: float | None = None
    count: int | None = None
    end_time: str | None = None
    start_time: str | None = None
    value: str | None = None


class GeoTile(Message):
    """The vendor's struct GeoTile."""

    city: str | None = None
    count: int | None = None
    country: str | None = None
    east: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    north: float | None = None
    south: float | None = None
    uri: str | None = None
    west: float | None = None


class QueryPage(Message):
    """The vendor's struct QueryPage."""

    aspect_ratio_sum: float | None = None
    count: int | None = None
    next_token: str | None = None


class SavedSearch(Message):
    """The vendor's struct SavedSearch."""

    expression: str | None = None
    search_name: str | None = None
    update_time: str | None = None


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


class SqlColumn(Message):
    """The vendor's struct SqlColumn."""

    name: str | None = None
    type: str | None = None


class TagName(Message):
    """The vendor's struct TagName."""

    name: str | None = None
    type: str | None = None


class DeleteSavedSearchRequest(Message):
    """Parameters of DeleteSavedSearch."""

    dataset_name: str
    project_name: str
    search_name: str


class DeleteSavedSearchResponse(Message):
    """Answer of DeleteSavedSearch."""


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


class ListQueryPagesRequest(Message):
    """Parameters of ListQueryPages."""

    dataset_name: str
    project_name: str
    max_results: int | None = None
    next_token: str | None = None
    order: str | None = None
    page_size: int | None = None
    query: Any = None
    sort: str | None = None


class ListQueryPagesResponse(Message):
    """Answer of ListQueryPages."""

    next_token: str | None = None
    pages: tuple[QueryPage, ...] | None = None


class ListSavedSearchesRequest(Message):
    """Parameters of ListSavedSearches."""

    dataset_name: str
    project_name: str


class ListSavedSearchesResponse(Message):
    """Answer of ListSavedSearches."""

    saved_searches: tuple[SavedSearch, ...] | None = None


class PutSavedSearchRequest(Message):
    """Parameters of PutSavedSearch."""

    dataset_name: str
    expression: str
    project_name: str
    search_name: str
    previous_name: str | None = None


class PutSavedSearchResponse(Message):
    """Answer of PutSavedSearch."""


class QueryDateHistogramRequest(Message):
    """Parameters of QueryDateHistogram."""

    dataset_name: str
    project_name: str
    field: str | None = None
    interval: str | None = None
    query: Any = None


class QueryDateHistogramResponse(Message):
    """Answer of QueryDateHistogram."""

    buckets: tuple[DateBucket, ...] | None = None
    undated: DateBucket | None = None


class QueryGeoTilesRequest(Message):
    """Parameters of QueryGeoTiles."""

    dataset_name: str
    project_name: str
    max_results: int | None = None
    query: Any = None
    zoom: int | None = None


class QueryGeoTilesResponse(Message):
    """Answer of QueryGeoTiles."""

    tiles: tuple[GeoTile, ...] | None = None
    total_hits: int | None = None


class QueryTagNamesRequest(Message):
    """Parameters of QueryTagNames."""

    dataset_name: str
    project_name: str
    contains: str | None = None
    max_results: int | None = None


class QueryTagNamesResponse(Message):
    """Answer of QueryTagNames."""

    tag_names: tuple[TagName, ...] | None = None


class RunSqlRequest(Message):
    """Parameters of RunSql."""

    dataset_name: str
    project_name: str
    statement: str
    max_results: int | None = None
    timeout: int | None = None


class RunSqlResponse(Message):
    """Answer of RunSql."""

    columns: tuple[SqlColumn, ...] | None = None
    is_cut: bool | None = None
    rows: tuple[str, ...] | None = None


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
