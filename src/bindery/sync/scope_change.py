"""What a scope would do to the entries of a binding, or of one before it, looked up before it is set."""

from __future__ import annotations

import time
from contextlib import suppress

import msgspec

from bindery.buckets.registry import Buckets
from bindery.buckets.store import ObjectInfo, Store, StoreError
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, NotFound, Scope
from bindery.sync.march import has_entry
from bindery.sync.scope import (
    WHOLE_BUCKET,
    InvalidScope,
    exclusions_of,
    list_within,
    matcher,
    matcher_with,
    outermost_prefixes,
)

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
    within = matcher_with(scope, exclusions_of(scope, catalog.ledger, binding.id))
    deadline = time.monotonic() + _PATIENCE_SECONDS
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


def check_left_over(catalog: Catalog, buckets: Buckets, binding: Binding) -> None:
    """Raises InvalidScope when a binding that is about to be made would remove all that an earlier one left, and the
    bucket has nothing in its place; NotFound. A bucket that cannot be asked refuses nothing."""
    if binding.scope in (Scope(), WHOLE_BUCKET):
        return
    dataset = catalog.datasets.get(binding.project_name, binding.dataset_name)
    found = _count_left_over(catalog, dataset.id, binding)
    if found.staying or not found.leaving:
        return
    with suppress(StoreError):
        check_not_emptying(buckets.open(binding.bucket), binding.scope, found)


def _count_left_over(catalog: Catalog, dataset_id: int, binding: Binding) -> Leaving:
    """Entries that no living binding has, for a few seconds at most, and up to the first that stays."""
    nothing = Leaving(0, 0, complete=True)
    if _is_bound(catalog, binding) or catalog.bindings.is_cleaned_up(dataset_id, binding.bucket):
        return nothing
    within, deadline = matcher(binding.scope), time.monotonic() + _PATIENCE_SECONDS
    prefix, leaving = f"{binding.uri}/", 0
    for page in catalog.files.walk(dataset_id, prefix):
        for entry in page:
            if entry.binding_id is None:
                continue  # of explicit indexing: no business of a binding
            info = ObjectInfo(entry.uri.removeprefix(prefix), entry.size, "", 0)
            if within is None or within(info):
                return Leaving(leaving, 1, complete=False)
            leaving += 1
        if time.monotonic() > deadline:
            return Leaving(leaving, 0, complete=False)
    return Leaving(leaving, 0, complete=True)


def _is_bound(catalog: Catalog, binding: Binding) -> bool:
    try:
        catalog.bindings.get(binding.project_name, binding.dataset_name, binding.bucket)
    except NotFound:
        return False
    return True


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
        f"no object of the bucket was found within it, and all {found.leaving} entries that a binding made of it would "
        "leave the dataset. Mend the scope; to empty the dataset, delete the binding with Cleanup"
    )
