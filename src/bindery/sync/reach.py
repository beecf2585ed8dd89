"""Which buckets this server can reach at all; where servers share a record each may see others."""

from __future__ import annotations

from collections.abc import Iterable, Set

from bindery.buckets.folder_files import is_folder
from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreUnavailable
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Dataset, NotFound

_NO_LEASE = "-"
"""No lease is called so."""


def reached(buckets: Buckets, names: Iterable[str]) -> Set[str]:
    """Names of those that are known here, and of a local folder can be seen; no request is made.

    Raises CatalogUnusable.
    """
    return {
        name
        for name, address in buckets.addresses(names).items()
        if address.folder is None or is_folder(address.folder)
    }


def is_for_others(catalog: Catalog, buckets: Buckets, bucket: str, *, is_bound: bool) -> bool:
    """Whether this server cannot reach a bucket at all, and there are others that may.

    A name that is not bound yet, and that is not known here, may be a mistake, which the caller is told at once. Raises
    CatalogUnusable.
    """
    servers = catalog.servers
    if not servers.shared or bucket in reached(buckets, [bucket]):
        return False
    if not is_bound and not buckets.addresses([bucket]):
        return False
    return len(servers.survey(_NO_LEASE).servers) > 1


def check_seen(catalog: Catalog, buckets: Buckets, dataset: Dataset, names: Set[str]) -> None:
    """Raises StoreUnavailable for a bucket that only other servers can reach: what this one would find out of its
    files is that they are not there.

    Raises CatalogUnusable.
    """
    unseen = names - reached(buckets, names) if catalog.servers.shared else set()
    for name in sorted(unseen):
        if is_for_others(catalog, buckets, name, is_bound=_is_bound(catalog, dataset, name)):
            raise StoreUnavailable(
                f"the server that was called cannot see the bucket {name}; make it known there, with its folder under "
                "the same path, or have another server called"
            )


def _is_bound(catalog: Catalog, dataset: Dataset, bucket: str) -> bool:
    try:
        catalog.bindings.get(dataset.project_name, dataset.name, bucket)
    except NotFound:
        return False
    return True
