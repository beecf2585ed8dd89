"""ListTagResources. Source: help page api-ram-2015-05-01-listtagresources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from bindery.api.context import Context
from bindery.api.listing import shown_items
from bindery.api.messages.tags import (
    ListTagResourcesRequest,
    ListTagResourcesResponse,
    ListTagResourcesResponseBodyTagResources,
)
from bindery.api.operations.entities import read_marker, tags_of, write_marker
from bindery.api.operations.tags.tags import Tagged, get_tagged, list_tagged
from bindery.api.tagged import tags_of as tags_of_resource


def list_tag_resources(context: Context, request: ListTagResourcesRequest) -> ListTagResourcesResponse:
    """Tags of the named resources, or of all that carry the tags asked for, as far as the caller may list them.

    Resources are never cut in two: a page may hold up to 19 tags more than PageSize.
    """
    if request.resource_names:
        wanted = tags_of(request.tag).items()
        named = [  # those of a list that was too long to be decided on before are decided on here
            get_tagged(context, request.resource_type, name)
            for name in dict.fromkeys(request.resource_names)
            if context.view.shows(name, partial(_tags_of, context, request.resource_type, name))
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


def _tags_of(context: Context, kind: str, name: str) -> Mapping[str, str]:
    """None when there is no such resource, which is told only to callers who may see it."""
    account = context.settings.account_id
    return tags_of_resource(context.catalog, f"acs:ram::{account}:{kind}/{name}", account)


def _page(context: Context, request: ListTagResourcesRequest) -> tuple[Sequence[Tagged], bool]:
    """The resources of a page, and whether there are more."""
    limit = request.page_size or 100
    after = read_marker(_list_of(request), request.next_token, "NextToken")
    tags = tags_of(request.tag) or None
    found = shown_items(
        context.view,
        lambda _, behind, most: list_tagged(context, request.resource_type, tags, after=behind, limit=most),
        name=lambda tagged: tagged.name,
        tags=lambda tagged: tagged.tags,
        after=after,
        limit=limit + 1,
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
