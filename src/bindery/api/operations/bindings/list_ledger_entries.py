"""ListLedgerEntries, an extension: what Bindery knows of each object of a binding."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import ListLedgerEntriesRequest, ListLedgerEntriesResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.ledger import binding_of, filter_of, ledger_answer
from bindery.api.paging import MAX_PAGE, read_ledger_token, write_ledger_token

WORK = Work.SLOW


def list_ledger_entries(context: Context, request: ListLedgerEntriesRequest) -> ListLedgerEntriesResponse:
    """Rows that pass every filter, ascending by key. Deleted objects are there too.

    A page may be short or empty where few of very many rows pass; the token leads on.
    """
    limit = request.max_results or MAX_PAGE
    binding = binding_of(context, request)
    after = read_ledger_token(request.next_token, binding)
    page = context.catalog.ledger.list(binding.id, filter_of(request), after=after, limit=limit + 1)
    shown = page.rows[:limit]
    behind = shown[-1].key if len(page.rows) > limit else page.after
    return ListLedgerEntriesResponse(
        ledger_entries=tuple(ledger_answer(context, entry) for entry in shown),
        next_token="" if behind is None else write_ledger_token(binding, behind),
    )
