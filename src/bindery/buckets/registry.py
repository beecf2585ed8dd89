"""From bucket names to stores. The one place that knows which URL scheme is which store."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog

from bindery.buckets import azure, gcs, oss, s3
from bindery.buckets.azure import open_azure
from bindery.buckets.folder import FolderStore
from bindery.buckets.folder_files import is_folder
from bindery.buckets.gcs import open_gcs
from bindery.buckets.identity import StoreIdentity, location_of
from bindery.buckets.memory import MemoryStore
from bindery.buckets.object_store import ObjectStore, root_of
from bindery.buckets.off_limits import check_apart, check_outside, folder_id
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.oss import open_oss
from bindery.buckets.registered import Registered, RegisteredBuckets
from bindery.buckets.s3 import open_s3
from bindery.buckets.shared import check_shared, shared_folders
from bindery.buckets.store import (
    BucketNotFound,
    Store,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
    WritableStore,
)
from bindery.buckets.store_url import Kind, parse_folder, parse_url
from bindery.buckets.uri import check_bucket_name

_log = structlog.get_logger()

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
    """A new store at ``address``; no request is made yet. Raises StoreMisconfigured, also for what a release that
    knows more stores has registered."""
    scheme = address.url.partition("://")[0]
    if scheme not in _STORES:
        raise StoreMisconfigured(
            f"there is no store for the scheme {scheme[:32]!r} of the bucket {address.bucket}"
        )
    return _STORES[scheme](address)


def open_for_writing(address: StoreAddress) -> WritableStore:
    """A new store at ``address`` that objects can be put into; a folder is none. Raises StoreMisconfigured."""
    store = open_store(address)
    if not isinstance(store, ObjectStore | OpendalStore):
        store.close()
        raise StoreMisconfigured(f"nothing can be written to {address.url.partition('://')[0]}://")
    return store


def check_address(address: StoreAddress) -> None:
    """Raise StoreMisconfigured when no store can be opened at the address; no request is made."""
    open_store(address).close()


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

    Buckets come from the configuration, from ``register`` (kept in ``registered``), and from folders of ``root``;
    of two with the same name the first in this order counts. ``folder_options`` hold for folders whose
    address says nothing else.
    """

    def __init__(
        self,
        addresses: Mapping[str, StoreAddress],
        root: Path | None = None,
        data: Path | None = None,
        *,
        registered: Registered | None = None,
        folder_options: Mapping[str, str] | None = None,
        within: Iterable[str] | None = None,
    ) -> None:
        """``registered``: without it they last as long as this. ``data``: the server's data folder, which no bucket may
        hold. ``within``: the folders that workers on other machines have too; None when workers have all of them."""
        self._within = None if within is None else shared_folders(within)
        self._data = data
        for address in addresses.values():
            check_apart_from(address, data)
        self._configured = dict(addresses)
        self._folder_options = dict(folder_options or {})
        self._registered: Registered = registered or RegisteredBuckets()
        self._root = root
        self._passed_over: set[str] = set()
        """Folders of the root of which the log tells already."""
        self._open: dict[str, Store] = {}
        self._lock = threading.Lock()

    def register(self, address: StoreAddress) -> None:
        """Add a bucket, or move it to another address; it is kept across restarts.

        Raises StoreMisconfigured when the configuration says otherwise, or the folder is not apart from the server's
        data folder.
        """
        if self._may_register(address):
            self._registered.keep(address)

    def register_over(self, address: StoreAddress, mark: bytes | None) -> bool:
        """The same, unless somebody has registered it otherwise since ``mark`` was asked for; whether it is done."""
        return not self._may_register(address) or self._registered.keep_over(address, mark)

    def mark(self, bucket: str) -> bytes | None:
        """Something that changes when the bucket is registered."""
        return self._registered.mark(bucket)

    def _may_register(self, address: StoreAddress) -> bool:
        """False when the configuration says the same. Raises StoreMisconfigured."""
        self.check_apart(address)
        configured = self._configured.get(address.bucket)
        if configured is not None and not _is_same(configured, address):
            raise StoreMisconfigured(
                f"the bucket {address.bucket} is set in the configuration; change it there, or use another name"
            )
        return configured is None

    def check_apart(self, address: StoreAddress) -> None:
        """Raise StoreMisconfigured when a bucket is a folder that holds the server's data, or is held by it, or that
        workers cannot reach."""
        check_apart_from(address, self._data)
        if self._within is not None:
            check_shared(address, self._within)

    def check_reachable(self, bucket: str) -> None:
        """Raise StoreMisconfigured when the bucket is known, and workers cannot reach it."""
        if self._within is not None:
            with suppress(BucketNotFound):
                check_shared(self.address(bucket), self._within)

    def names(self) -> list[str]:
        """Names of all buckets, ascending."""
        names = {*self._configured, *self._registered.addresses()}
        if self._root is not None and is_folder(self._root):
            names |= {path.name for path in self._root.iterdir() if self._is_bucket(path.name)}
        return sorted(names)

    def address(self, bucket: str) -> StoreAddress:
        """Where the bucket lives. Raises BucketNotFound, StoreMisconfigured when that is sealed, CatalogUnusable."""
        known = self._configured.get(bucket) or self._registered.find(bucket)
        if known is not None:
            return known
        if (folder := self._of_root(bucket)) is not None:
            return folder
        raise BucketNotFound(
            f"no bucket {bucket}; name it with --bucket or put a folder into --bucket-root"
        )

    def addresses(self, buckets: Iterable[str]) -> dict[str, StoreAddress]:
        """Where these live, as far as they are known; what is registered is asked for once."""
        known = self._known()
        found = {bucket: known.get(bucket) or self._of_root(bucket) for bucket in buckets}
        return {bucket: address for bucket, address in found.items() if address is not None}

    def _known(self) -> dict[str, StoreAddress]:
        registered = self._registered.addresses()
        return {name: each for name, each in registered.items() if each is not None} | self._configured

    def _of_root(self, bucket: str) -> StoreAddress | None:
        if self._root is None or not self._is_bucket(bucket):
            return None
        return StoreAddress(bucket=bucket, url=f"file://{(self._root / bucket).resolve()}", trusted=True)

    def named_at_store(self, name: str) -> list[tuple[str, str]]:
        """Buckets that a message of a store may mean by ``name``, each with the prefix that its keys have there.

        Those whose address names it, and the one that is called so here. Of one whose address cannot be read it cannot
        be told. Raises CatalogUnusable.
        """
        found = [
            address for address in self._known().values() if name and urlsplit(address.url).netloc == name
        ]
        with suppress(BucketNotFound, StoreMisconfigured):
            if (own := self.address(name)) not in found:
                found.append(own)
        return [(address.bucket, root_of(address)) for address in found]

    def open(self, bucket: str) -> Store:
        """The bucket's store. Raises BucketNotFound."""
        address = self._with_defaults(self.address(bucket))
        if self._within is not None:
            check_shared(address, self._within)
        if self._data is not None and address.folder is not None:
            check_outside(os.fsencode(address.folder), os.fsencode(self._data))
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
        if address.folder is None:
            return address
        held = None if self._data is None else folder_id(os.fsencode(self._data))
        return msgspec.structs.replace(
            address,
            options=self._folder_options | address.options,
            off_limits=() if held is None else (held,),
        )

    def _is_bucket(self, name: str) -> bool:
        """Whether a folder of the root is a bucket. One that holds the server's data, or is held by it, is none."""
        if self._root is None or not _is_plain_name(name) or not is_folder(path := self._root / name):
            return False
        try:
            if self._data is not None:
                check_apart(os.fsencode(path), os.fsencode(self._data))
        except StoreMisconfigured as error:
            if name not in self._passed_over:
                self._passed_over.add(name)
                _log.warning(
                    "a folder of the bucket root is no bucket", folder=str(path), reason=str(error)
                )
            return False
        return True

    def close(self) -> None:
        """Close every store."""
        with self._lock:
            for store in self._open.values():
                store.close()
            self._open.clear()


def check_apart_from(address: StoreAddress, data: Path | None) -> None:
    """Raise StoreMisconfigured when a bucket is a folder that holds the server's data, or is held by it."""
    if address.folder is not None and data is not None:
        check_apart(os.fsencode(address.folder), os.fsencode(data))


def _is_same(configured: StoreAddress, address: StoreAddress) -> bool:
    """Whether both say the same, whoever says it."""
    return configured.url == address.url and configured.options == address.options


def _is_plain_name(bucket: str) -> bool:
    try:
        check_bucket_name(bucket)
    except ValueError:
        return False
    return True
