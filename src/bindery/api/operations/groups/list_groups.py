"""ListGroups. Source: help page api-ram-2015-05-01-listgroups."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.groups import (
    ListGroupsRequest,
    ListGroupsResponse,
    ListGroupsResponseBodyGroups,
    ListGroupsResponseBodyGroupsGroup,
)
from bindery.api.operations.entities import Page
from bindery.api.operations.groups.groups import group_answer


def list_groups(context: Context, request: ListGroupsRequest) -> ListGroupsResponse:
    """Groups that the caller may list, ascending by name."""
    page = Page("groups", request).of_named(
        context.view, lambda after, most: context.catalog.groups.list(after=after, limit=most)
    )
    return ListGroupsResponse(
        groups=ListGroupsResponseBodyGroups(
            group=tuple(group_answer(ListGroupsResponseBodyGroupsGroup, group) for group in page.items)
        ),
        is_truncated=page.is_truncated,
        marker=page.marker,
    )
