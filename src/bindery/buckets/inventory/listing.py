"""A staged inventory as a listing: the same pages, in the same order, without a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from bindery.buckets.inventory.staging import Staged
from bindery.buckets.store import ObjectInfo, bound_time, odd_size

_PAGE = 1_000
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "256MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_STORAGE_CLASSES = {"STANDARD": "Standard"}
"""Of S3, as its listings are told here."""


def list_staged(
    staged: Staged, *, prefix: str = "", start_after: str = "", resolution_ns: int = 1
) -> Iterator[list[ObjectInfo]]:
    """Pages as ``Store.list`` has them, strictly ascending.

    An object of which the inventory tells too little has an empty ETag: the store is to be asked for it.
    """
    if not staged.path:
        return
    connection = duckdb.connect(":memory:", config=_SETTINGS)
    try:
        connection.execute(
            "SELECT key, size, etag, modified, storage_class, object_type FROM read_parquet($path) "
            "WHERE key > $after AND key >= $prefix AND starts_with(key, $prefix)",
            {"path": staged.path, "after": start_after, "prefix": prefix},
        )
        last = start_after
        while rows := connection.fetchmany(_PAGE):
            page: list[ObjectInfo] = []
            for row in rows:
                if row[0] != last:  # of a key that comes twice, the newest came first
                    last = row[0]
                    page.append(_info(row, resolution_ns))
            if page:
                yield page
    finally:
        connection.close()


def _info(row: tuple[Any, ...], resolution_ns: int) -> ObjectInfo:
    key, size, etag, modified, storage_class, object_type = row
    if not etag or size is None or modified is None or odd_size(size) or object_type == "Symlink":
        return ObjectInfo(key, 0, "", 0)
    instant = modified * 1_000
    return ObjectInfo(
        key,
        size,
        etag,
        bound_time(instant - instant % resolution_ns),
        _STORAGE_CLASSES.get(storage_class, storage_class) or "Standard",
        object_type or ("Multipart" if "-" in etag else "Normal"),
    )
