"""ListBindings. Source: help page api-imm-2020-09-30-listbindings."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.listing import shown_items
from bindery.api.messages.bindings import ListBindingsRequest, ListBindingsResponse
from bindery.api.operations.bindings.bindings import binding_answer, bucket_of
from bindery.api.paging import MAX_PAGE, read_binding_token, write_binding_token


def list_bindings(context: Context, request: ListBindingsRequest) -> ListBindingsResponse:
    """Bindings of a dataset, or of those of a project that the caller may list, ascending by dataset and bucket.

    ``Name`` filters by the bucket's name: a binding has no other name of its own.
    """
    limit = request.max_results or MAX_PAGE
    bucket = bucket_of(request.uri) if request.uri else request.name
    if request.uri and request.name and bucket != request.name:
        return ListBindingsResponse(bindings=(), next_token="")
    found = shown_items(
        context.view,
        lambda _, after, most: context.catalog.bindings.list(
            project_name=request.project_name,
            dataset_name=request.dataset_name,
            bucket=bucket,
            after=after,
            limit=most,
        ),
        name=lambda binding: binding.dataset_name,
        place=lambda binding: (binding.dataset_name, binding.bucket),
        tags=lambda _: context.catalog.projects.get(request.project_name).tags,
        after=read_binding_token(request.next_token, request.project_name),
        limit=limit + 1,
    )
    shown = found[:limit]
    return ListBindingsResponse(
        bindings=tuple(binding_answer(context, binding) for binding in shown),
        next_token=write_binding_token(shown[-1]) if len(found) > limit else "",
    )
