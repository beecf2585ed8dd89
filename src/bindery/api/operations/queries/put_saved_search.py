"""PutSavedSearch, an extension: gives a search of a dataset a name, for whoever calls."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.queries import PutSavedSearchRequest, PutSavedSearchResponse
from bindery.catalog.interface.saved_searches import SavedSearch
from bindery.clock import now_ns


def put_saved_search(context: Context, request: PutSavedSearchRequest) -> PutSavedSearchResponse:
    """A new one, another expression for one, or with PreviousName another name. It is the caller's alone."""
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    search = SavedSearch(request.search_name, request.expression, now_ns())
    owner = context.identity.principal_id
    context.catalog.saved_searches.put(dataset.id, owner, search, previous=request.previous_name or "")
    return PutSavedSearchResponse()
