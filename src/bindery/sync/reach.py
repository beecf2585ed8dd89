"""Which buckets this server can reach at all; where servers share a record each may see others."""

from __future__ import annotations

from collections.abc import Iterable, Set
from pathlib import Path

from bindery.buckets.registry import Buckets


def reached(buckets: Buckets, names: Iterable[str]) -> Set[str]:
    """Names of those that are known here, and of a local folder can be seen; no request is made.

    Raises CatalogUnusable.
    """
    return {
        name
        for name, address in buckets.addresses(names).items()
        if address.folder is None or Path(address.folder).is_dir()
    }
