"""TagResources. Source: help page api-ram-2015-05-01-tagresources."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.tags import TagResourcesRequest, TagResourcesResponse
from bindery.api.operations.entities import tags_of
from bindery.api.operations.tags.tags import change_tags, check_count


def tag_resources(context: Context, request: TagResourcesRequest) -> TagResourcesResponse:
    """Add tags to roles or policies; a tag whose key is there already has the new value."""
    tags = tags_of(request.tag)
    change_tags(
        context, request.resource_type, request.resource_names, lambda held: check_count(held | tags)
    )
    return TagResourcesResponse()
