"""ListQueryPages, an extension: the NextTokens of many pages of a query at once."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.queries import ListQueryPagesRequest, ListQueryPagesResponse, QueryPage
from bindery.api.operations import Work
from bindery.api.operations.queries.fields import read_sorted_query

WORK = Work.QUERY

_PAGES = 100
_FILES = 100


def list_query_pages(context: Context, request: ListQueryPagesRequest) -> ListQueryPagesResponse:
    """Who has these may ask SimpleQuery for any page, in any order or several at once.

    A page keeps its beginning when files come and go before it; it then has more or fewer files than are said here.
    """
    query, sort = read_sorted_query(context, request)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    found = context.catalog.queries.list_pages(
        dataset.id,
        query,
        sort=sort,
        size=request.page_size or _FILES,
        limit=request.max_results or _PAGES,
        token=request.next_token or "",
        stop=context.stop,
    )
    return ListQueryPagesResponse(
        next_token=found.next_token,
        pages=tuple(
            QueryPage(aspect_ratio_sum=page.aspect_ratio_sum, count=page.count, next_token=page.token)
            for page in found.pages
        ),
    )
