"""ListSavedSearches, an extension: the searches of a dataset that the caller has given a name."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.queries import ListSavedSearchesRequest, ListSavedSearchesResponse, SavedSearch


def list_saved_searches(context: Context, request: ListSavedSearchesRequest) -> ListSavedSearchesResponse:
    """Ascending by name; there are a hundred at most. Those of others are not shown to anybody."""
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    found = context.catalog.saved_searches.list(dataset.id, context.identity.principal_id)
    return ListSavedSearchesResponse(
        saved_searches=tuple(
            SavedSearch(
                expression=each.expression,
                search_name=each.name,
                update_time=context.time(each.update_time),
            )
            for each in found
        )
    )
