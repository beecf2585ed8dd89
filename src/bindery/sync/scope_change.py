"""What a new scope of a binding would do to its dataset, looked up before it is set."""

from __future__ import annotations

import time

import msgspec

from bindery.buckets.store import ObjectInfo, Store
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Scope
from bindery.sync.march import has_entry
from bindery.sync.scope import InvalidScope, list_within, matcher, outermost_prefixes

_PATIENCE_SECONDS = 8.0
"""How long a call counts. What it has not seen by then it does not know."""


class Leaving(msgspec.Struct, frozen=True):
    """Entries of a binding that are outside of a scope, and those within."""

    leaving: int
    staying: int
    complete: bool
    """The ledger was walked to its end; else there may be more of both."""


def count_leaving(catalog: Catalog, binding: Binding, scope: Scope) -> Leaving:
    """By the ledger alone, for a few seconds at most."""
    within, deadline = matcher(scope), time.monotonic() + _PATIENCE_SECONDS
    leaving = staying = 0
    for page in catalog.ledger.walk(binding.id):
        for entry in filter(has_entry, page):
            info = ObjectInfo(entry.key, entry.size, entry.etag, entry.modified_ns)
            if within is None or within(info):
                staying += 1
            else:
                leaving += 1
        if time.monotonic() > deadline:
            return Leaving(leaving, staying, complete=False)
    return Leaving(leaving, staying, complete=True)


def check_not_emptying(store: Store, scope: Scope, found: Leaving) -> None:
    """Raises InvalidScope when all entries would leave and the bucket has nothing in their place; StoreError."""
    if not found.leaving or found.staying:
        return
    within, deadline = matcher(scope), time.monotonic() + _PATIENCE_SECONDS
    for page in list_within(store, outermost_prefixes(scope) or ("",)):
        if any(within is None or within(info) for info in page):
            return
        if time.monotonic() > deadline:
            break
    raise InvalidScope(
        f"no object of the bucket was found within it, and all {found.leaving} entries of the binding would leave the "
        "dataset. Mend the scope; to empty the dataset, delete the binding with Cleanup"
    )
