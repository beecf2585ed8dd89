"""From bucket names to stores. The one place that knows which URL scheme is which store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from bindery.buckets.folder import FolderStore
from bindery.buckets.memory import MemoryStore
from bindery.buckets.object_store import azure_store, gcs_store, oss_store, s3_store
from bindery.buckets.store import BucketNotFound, Store, StoreAddress, StoreMisconfigured
from bindery.buckets.uri import check_bucket_name

_STORES: dict[str, Callable[[StoreAddress], Store]] = {
    "file": FolderStore,
    "s3": s3_store,
    "oss": oss_store,
    "gcs": gcs_store,
    "azblob": azure_store,
    "memory": MemoryStore,
}


def parse_store(bucket: str, store: str) -> StoreAddress:
    """The address of a bucket from a folder path or a URL; raises StoreMisconfigured.

    ``s3://name?endpoint=…&region=…``: the name in the URL is the bucket's name at the store.
    """
    try:
        check_bucket_name(bucket)
    except ValueError as error:
        raise StoreMisconfigured(str(error)) from error
    if "://" not in store:
        return StoreAddress(bucket=bucket, url=f"file://{Path(store).expanduser().resolve()}")
    parts = urlsplit(store)
    if parts.scheme not in _STORES:
        known = ", ".join(sorted(_STORES))
        raise StoreMisconfigured(f"no store for {parts.scheme}://; write a folder or one of: {known}")
    if parts.scheme == "file":
        return StoreAddress(bucket=bucket, url=store)
    if not parts.netloc:
        raise StoreMisconfigured(f"the URL names no bucket; write {parts.scheme}://NAME?endpoint=…")
    options = dict(parse_qsl(parts.query))
    return StoreAddress(bucket=bucket, url=f"{parts.scheme}://{parts.netloc}{parts.path}", options=options)


def open_store(address: StoreAddress) -> Store:
    """A new store at ``address``; no request is made yet."""
    return _STORES[urlsplit(address.url).scheme](address)


class Buckets:
    """The buckets of a server, by name. Stores are opened once and shared; safe for threads."""

    def __init__(self, addresses: Mapping[str, StoreAddress], root: Path | None = None) -> None:
        self._addresses = dict(addresses)
        self._root = root
        self._open: dict[tuple[str, str], Store] = {}
        self._lock = threading.Lock()

    def register(self, address: StoreAddress) -> None:
        """Add a bucket, or move it to another address."""
        with self._lock:
            self._addresses[address.bucket] = address

    def names(self) -> list[str]:
        """Names of all buckets, ascending."""
        names = set(self._addresses)
        if self._root is not None and self._root.is_dir():
            names |= {path.name for path in self._root.iterdir() if path.is_dir()}
        return sorted(names)

    def address(self, bucket: str) -> StoreAddress:
        """Where the bucket lives. Raises BucketNotFound."""
        if bucket in self._addresses:
            return self._addresses[bucket]
        if self._root is not None and _is_plain_name(bucket) and (self._root / bucket).is_dir():
            return StoreAddress(bucket=bucket, url=f"file://{(self._root / bucket).resolve()}")
        raise BucketNotFound(
            f"no bucket {bucket}; name it with --bucket or put a folder into --bucket-root"
        )

    def open(self, bucket: str) -> Store:
        """The bucket's store. Raises BucketNotFound."""
        address = self.address(bucket)
        with self._lock:
            key = (address.bucket, address.url)
            if key not in self._open or self._open[key].address != address:
                self._open[key] = open_store(address)
            return self._open[key]

    def close(self) -> None:
        """Close every store."""
        with self._lock:
            for store in self._open.values():
                store.close()
            self._open.clear()


def _is_plain_name(bucket: str) -> bool:
    try:
        check_bucket_name(bucket)
    except ValueError:
        return False
    return bucket not in (".", "..") and "/" not in bucket
