"""RetryLedgerEntries, an extension: extracts objects again, chosen by what the ledger says of them."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.bindings import RetryLedgerEntriesRequest, RetryLedgerEntriesResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.ledger import binding_of, filter_of
from bindery.catalog.records import LedgerFilter

WORK = Work.SLOW


def retry_ledger_entries(
    context: Context, request: RetryLedgerEntriesRequest
) -> RetryLedgerEntriesResponse:
    """How many objects will be extracted again; a stopped binding does it when it is resumed.

    A filter works in a task (TaskType LedgerRetry), for it may choose millions; the count is left out while
    it is not known, and is the task's Result in the end.
    """
    binding, chosen = binding_of(context, request), filter_of(request)
    if chosen == LedgerFilter() and not request.keys:
        raise invalid_argument(
            "Say which rows: Outcome, Reason, Prefix, ExtractorVersionBelow or Keys is needed."
        )
    if request.keys:
        return RetryLedgerEntriesResponse(count=context.engine.retry_keys(binding, request.keys, chosen))
    task, count = context.engine.retry_chosen(binding, chosen)
    return RetryLedgerEntriesResponse(count=count, task_id=task.id)
