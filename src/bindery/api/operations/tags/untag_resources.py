"""UntagResources. Source: help page api-ram-2015-05-01-untagresources."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import missing_parameter
from bindery.api.messages.tags import UntagResourcesRequest, UntagResourcesResponse
from bindery.api.operations.tags.tags import change_tags


def untag_resources(context: Context, request: UntagResourcesRequest) -> UntagResourcesResponse:
    """Remove the tags with the given keys, or with ``All`` every tag; keys that are not there are passed over."""
    if not request.tag_keys and not request.all:
        raise missing_parameter("TagKeys")
    keys = request.tag_keys or ()

    def change(tags: dict[str, str]) -> dict[str, str]:
        return {} if request.all else {key: value for key, value in tags.items() if key not in keys}

    change_tags(context, request.resource_type, request.resource_names, change)
    return UntagResourcesResponse()
