"""RetryLedgerEntries, an extension: extracts objects again, chosen by what the ledger says of them."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.ledger import binding_of, filter_of
from bindery.api.messages import RetryLedgerEntriesRequest, RetryLedgerEntriesResponse
from bindery.catalog.records import LedgerFilter


def retry_ledger_entries(
    context: Context, request: RetryLedgerEntriesRequest
) -> RetryLedgerEntriesResponse:
    """How many objects will be extracted again; a stopped binding does it when it is resumed."""
    binding, chosen = binding_of(context, request), filter_of(request)
    if chosen == LedgerFilter() and not request.keys:
        raise invalid_argument(
            "Say which rows: Outcome, Reason, Prefix, ExtractorVersionBelow or Keys is needed."
        )
    return RetryLedgerEntriesResponse(count=context.engine.retry(binding, chosen, request.keys or ()))
