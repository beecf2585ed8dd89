"""ListTagResources. Source: help page api-ram-2015-05-01-listtagresources."""

from __future__ import annotations

from collections.abc import Sequence

from bindery.api.context import Context
from bindery.api.messages.tags import (
    ListTagResourcesRequest,
    ListTagResourcesResponse,
    ListTagResourcesResponseBodyTagResources,
)
from bindery.api.operations.entities import read_marker, tags_of, write_marker
from bindery.api.operations.tags.tags import Tagged, get_tagged, list_tagged


def list_tag_resources(context: Context, request: ListTagResourcesRequest) -> ListTagResourcesResponse:
    """Tags of the named resources, or of all that carry the tags asked for.

    Resources are never cut in two: a page may hold up to 19 tags more than PageSize.
    """
    if request.resource_names:
        wanted = tags_of(request.tag).items()
        named = [
            get_tagged(context, request.resource_type, name)
            for name in dict.fromkeys(request.resource_names)
        ]
        carrying = [tagged for tagged in named if wanted <= tagged.tags.items()]
        return ListTagResourcesResponse(
            tag_resources=_answers(request.resource_type, carrying), next_token=""
        )
    shown, more = _page(context, request)
    return ListTagResourcesResponse(
        tag_resources=_answers(request.resource_type, shown),
        next_token=write_marker(_list_of(request), shown[-1].name) if more else "",
    )


def _page(context: Context, request: ListTagResourcesRequest) -> tuple[Sequence[Tagged], bool]:
    """The resources of a page, and whether there are more."""
    limit = request.page_size or 100
    after = read_marker(_list_of(request), request.next_token, "NextToken")
    found = list_tagged(
        context, request.resource_type, tags_of(request.tag) or None, after=after, limit=limit + 1
    )
    count = 0
    for number, tagged in enumerate(found[:limit], start=1):
        count += len(tagged.tags)
        if count >= limit:
            return found[:number], len(found) > number
    return found[:limit], len(found) > limit


def _list_of(request: ListTagResourcesRequest) -> str:
    return f"tags of {request.resource_type}"


def _answers(kind: str, found: Sequence[Tagged]) -> tuple[ListTagResourcesResponseBodyTagResources, ...]:
    return tuple(
        ListTagResourcesResponseBodyTagResources(
            resource_type=kind, resource_name=tagged.name, tag_key=key, tag_value=value
        )
        for tagged in found
        for key, value in tagged.tags.items()
    )
