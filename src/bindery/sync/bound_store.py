"""The store that a binding is bound to, and what happens when its bucket's name leads to another one.

A binding remembers where its store was and what told it apart. A store that was only moved or mounted elsewhere is
known by its mark. Another folder at the same path may be the same files put back, so their listing decides; a store
at another place never is: that takes ``RegisterBucket`` with ``Move``.
"""

from __future__ import annotations

import msgspec
import structlog

from bindery.buckets.identity import StoreIdentity
from bindery.buckets.store import Store, StoreChanged
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding
from bindery.sync.march import has_entry, march
from bindery.sync.scope import (
    exclusions_of,
    list_within,
    matcher_with,
    outermost_prefixes,
    walk_within,
)

_log = structlog.get_logger()


def bound_store(binding: Binding) -> StoreIdentity | None:
    """What the binding remembers; None before its first life, and of bindings of earlier releases."""
    if not binding.store_location:
        return None
    return StoreIdentity(binding.store_location, binding.store_mark)


def bind_to(catalog: Catalog, binding: Binding, store: StoreIdentity, *, moved: bool = False) -> Binding:
    """Remember a store; ``moved`` when it is another one on purpose. Raises NotFound."""
    return catalog.bindings.update(
        binding.id,
        lambda held: msgspec.structs.replace(
            held, store_location=store.location, store_mark=store.mark, moved=held.moved or moved
        ),
    )


def check_bound(catalog: Catalog, binding: Binding, store: Store, *, share: float) -> Binding:
    """The binding, when ``store`` is its own; it is remembered when none was.

    ``share``: of so many of the known objects, as a share of 1, a folder that was put back may lack.
    Raises StoreChanged, saying what to do; StoreError when the store cannot be looked at.
    """
    held, found = bound_store(binding), store.identity()
    if held == found:
        return binding
    if held is not None and not held.is_same(found):
        if held.location != found.location:
            raise StoreChanged(describe_change(binding.bucket, held, found))
        listed, lacking, known = _compare(catalog, binding, store)
        if listed and lacking > share * known:
            raise StoreChanged(_describe_exchange(binding.bucket, found, lacking, known))
        # an empty folder brings nothing that is not ours, and the deletion guard asks about the rest
        return bind_to(catalog, binding, found, moved=lacking > 0)
    _log.info("the binding is bound to its store", store=found.location)
    return bind_to(catalog, binding, found)


def describe_change(bucket: str, held: StoreIdentity, found: StoreIdentity) -> str:
    """Why ``found`` is not taken for the bucket ``held``, and what to do."""
    return (
        f"oss://{bucket} is {held.location}, and {found.location} is another store; nothing was removed. Put the "
        f"former address back, or use another name for the other store (bindery bind STORE --name NAME). "
        f"{_how_to_move(bucket)}"
    )


def _describe_exchange(bucket: str, found: StoreIdentity, lacking: int, known: int) -> str:
    return (
        f"another folder is at {found.location} now, in which {lacking} of {known} known objects are missing or have "
        f"another size; nothing was removed. Put the former folder back, or mount its disk. {_how_to_move(bucket)}"
    )


def _how_to_move(bucket: str) -> str:
    return (
        f"If this is the bucket from now on, say so: bindery move {bucket} STORE, or RegisterBucket "
        "with Move"
    )


def _compare(catalog: Catalog, binding: Binding, store: Store) -> tuple[int, int, int]:
    """How many objects a store lists; how many with an entry it lacks or has in another size, of how many."""
    prefixes = outermost_prefixes(binding.scope) or ("",)
    ledger = walk_within(catalog, binding.id, prefixes)
    within = matcher_with(binding.scope, exclusions_of(binding.scope, catalog.ledger, binding.id))
    listed = lacking = known = 0
    for step in march(list_within(store, prefixes), ledger, within):
        listed += step.listed
        known += step.known
        lacking += len(step.gone)
        lacking += sum(
            row is not None and has_entry(row) and info.size != row.size for info, row in step.changed
        )
    return listed, lacking, known
