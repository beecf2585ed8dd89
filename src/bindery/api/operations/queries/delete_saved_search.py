"""DeleteSavedSearch, an extension: the caller no longer wants a search that he has given a name."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.queries import DeleteSavedSearchRequest, DeleteSavedSearchResponse


def delete_saved_search(context: Context, request: DeleteSavedSearchRequest) -> DeleteSavedSearchResponse:
    """Those of others stay, whatever their names are."""
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    context.catalog.saved_searches.delete(dataset.id, context.identity.principal_id, request.search_name)
    return DeleteSavedSearchResponse()
