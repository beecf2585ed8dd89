"""From bucket names to stores. The one place that knows which URL scheme is which store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bindery.buckets import azure, gcs, oss, s3
from bindery.buckets.azure import open_azure
from bindery.buckets.folder import FolderStore
from bindery.buckets.gcs import open_gcs
from bindery.buckets.identity import StoreIdentity, location_of
from bindery.buckets.memory import MemoryStore
from bindery.buckets.object_store import split_root
from bindery.buckets.oss import open_oss
from bindery.buckets.registered import RegisteredBuckets
from bindery.buckets.s3 import open_s3
from bindery.buckets.store import (
    BucketNotFound,
    Store,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
)
from bindery.buckets.store_url import Kind, parse_folder, parse_url
from bindery.buckets.uri import check_bucket_name

_STORES: dict[str, Callable[[StoreAddress], Store]] = {
    "file": FolderStore,
    "s3": open_s3,
    "oss": open_oss,
    "gcs": open_gcs,
    "azblob": open_azure,
    "memory": MemoryStore,
}
_KINDS: dict[str, Kind] = {
    "file": Kind(options=frozenset({"follow"})),
    "s3": s3.KIND,
    "oss": oss.KIND,
    "gcs": gcs.KIND,
    "azblob": azure.KIND,
    "memory": Kind(options=frozenset()),
}


def parse_store(bucket: str, store: str, *, trusted: bool = True) -> StoreAddress:
    """The address of a bucket from a folder path or a URL; raises StoreMisconfigured.

    ``s3://name?endpoint=…&region=…``: the name in the URL is the bucket's name at the store. ``trusted``: the
    operator wrote it, so it may use files and credentials of the server.
    """
    try:
        check_bucket_name(bucket)
    except ValueError as error:
        raise StoreMisconfigured(str(error)) from error
    if "://" not in store:
        return StoreAddress(bucket=bucket, url=parse_folder(store, trusted=trusted), trusted=trusted)
    kinds = _KINDS if trusted else {name: kind for name, kind in _KINDS.items() if name != "memory"}
    parsed = parse_url(store, kinds, trusted=trusted)
    return StoreAddress(bucket=bucket, url=parsed.url, options=parsed.options, trusted=trusted)


def open_store(address: StoreAddress) -> Store:
    """A new store at ``address``; no request is made yet."""
    return _STORES[urlsplit(address.url).scheme](address)


def identify(address: StoreAddress) -> StoreIdentity:
    """Which store an address leads to. Raises StoreError when it cannot be listed."""
    store = open_store(address)
    try:
        store.check()
        return store.identity()
    finally:
        store.close()


class Buckets:
    """The buckets of a server, by name. Stores are opened once and shared; safe for threads.

    Buckets come from the configuration, from ``register`` (kept in ``data``), and from folders of ``root``;
    of two with the same name the first in this order counts. ``folder_options`` hold for folders whose
    address says nothing else.
    """

    def __init__(
        self,
        addresses: Mapping[str, StoreAddress],
        root: Path | None = None,
        data: Path | None = None,
        *,
        folder_options: Mapping[str, str] | None = None,
    ) -> None:
        self._configured = dict(addresses)
        self._folder_options = dict(folder_options or {})
        self._registered = RegisteredBuckets(data)
        self._root = root
        self._open: dict[str, Store] = {}
        self._lock = threading.Lock()

    def register(self, address: StoreAddress) -> None:
        """Add a bucket, or move it to another address; it is kept across restarts.

        Raises StoreMisconfigured when the configuration says otherwise.
        """
        configured = self._configured.get(address.bucket)
        if configured is not None and not _is_same(configured, address):
            raise StoreMisconfigured(
                f"the bucket {address.bucket} is set in the configuration; change it there, or use another name"
            )
        if configured is None:
            self._registered.keep(address)

    def names(self) -> list[str]:
        """Names of all buckets, ascending."""
        names = {*self._configured, *self._registered.addresses}
        if self._root is not None and self._root.is_dir():
            names |= {
                path.name for path in self._root.iterdir() if _is_plain_name(path.name) and path.is_dir()
            }
        return sorted(names)

    def address(self, bucket: str) -> StoreAddress:
        """Where the bucket lives. Raises BucketNotFound."""
        known = self._configured.get(bucket) or self._registered.addresses.get(bucket)
        if known is not None:
            return known
        if self._root is not None and _is_plain_name(bucket) and (self._root / bucket).is_dir():
            return StoreAddress(
                bucket=bucket, url=f"file://{(self._root / bucket).resolve()}", trusted=True
            )
        raise BucketNotFound(
            f"no bucket {bucket}; name it with --bucket or put a folder into --bucket-root"
        )

    def named_at_store(self, name: str) -> list[tuple[str, str]]:
        """Buckets that a message of a store may mean by ``name``, each with the prefix that its keys have there.

        Those whose address names it, and the one that is called so here.
        """
        known = self._registered.addresses | self._configured
        found = [address for address in known.values() if name and urlsplit(address.url).netloc == name]
        with suppress(BucketNotFound):
            if (own := self.address(name)) not in found:
                found.append(own)
        return [(address.bucket, _root(address)) for address in found]

    def open(self, bucket: str) -> Store:
        """The bucket's store. Raises BucketNotFound."""
        address = self._with_defaults(self.address(bucket))
        with self._lock:
            store = self._open.get(bucket)
            if store is None or store.address != address:
                replaced, store = store, open_store(address)
                self._open[bucket] = store
                if replaced is not None:
                    replaced.close()  # who works with it still can; it holds no idle connections any more
            return store

    def identity(self, bucket: str) -> StoreIdentity | None:
        """Which store a name leads to now; None when there is none. A folder that is not there is known by its path."""
        try:
            store = self.open(bucket)
        except StoreError:
            return None
        try:
            return store.identity()
        except StoreError:
            return StoreIdentity(location_of(store.address.url, store.address.options))

    def _with_defaults(self, address: StoreAddress) -> StoreAddress:
        if not self._folder_options or urlsplit(address.url).scheme != "file":
            return address
        return msgspec.structs.replace(address, options=self._folder_options | address.options)

    def close(self) -> None:
        """Close every store."""
        with self._lock:
            for store in self._open.values():
                store.close()
            self._open.clear()


def _root(address: StoreAddress) -> str:
    parts = urlsplit(address.url)
    return "" if parts.scheme == "file" else split_root(parts.path)


def _is_same(configured: StoreAddress, address: StoreAddress) -> bool:
    """Whether both say the same, whoever says it."""
    return configured.url == address.url and configured.options == address.options


def _is_plain_name(bucket: str) -> bool:
    try:
        check_bucket_name(bucket)
    except ValueError:
        return False
    return True
