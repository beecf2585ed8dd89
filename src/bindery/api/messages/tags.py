"""Requests and answers of the family tags. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class ListTagResourcesRequestTag(Message):
    """The vendor's struct ListTagResourcesRequestTag."""

    key: str | None = None
    value: str | None = None


class ListTagResourcesResponseBodyTagResources(Message):
    """The vendor's struct ListTagResourcesResponseBodyTagResources."""

    resource_name: str | None = None
    resource_type: str | None = None
    tag_key: str | None = None
    tag_value: str | None = None


class TagResourcesRequestTag(Message):
    """The vendor's struct TagResourcesRequestTag."""

    key: str | None = None
    value: str | None = None


class ListTagResourcesRequest(Message):
    """Parameters of ListTagResources."""

    resource_type: str
    next_token: str | None = None
    page_size: int | None = None
    resource_names: tuple[str, ...] | None = None
    tag: tuple[ListTagResourcesRequestTag, ...] | None = None


class ListTagResourcesResponse(Message):
    """Answer of ListTagResources."""

    next_token: str | None = None
    tag_resources: tuple[ListTagResourcesResponseBodyTagResources, ...] | None = None


class TagResourcesRequest(Message):
    """Parameters of TagResources."""

    resource_names: tuple[str, ...]
    resource_type: str
    tag: tuple[TagResourcesRequestTag, ...]


class TagResourcesResponse(Message):
    """Answer of TagResources."""


class UntagResourcesRequest(Message):
    """Parameters of UntagResources."""

    resource_names: tuple[str, ...]
    resource_type: str
    all: bool | None = None
    tag_keys: tuple[str, ...] | None = None


class UntagResourcesResponse(Message):
    """Answer of UntagResources."""
