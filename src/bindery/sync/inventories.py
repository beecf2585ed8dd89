"""Scans of a binding by inventories: which one is due, brought to this machine, and what it lists.

The store writes an inventory of a bucket once a day or a week, and reading it takes a request for some hundred
thousand objects, where a listing takes one for each thousand. The one that the caller has named is scanned first, and
each newer one beside it when it is there. What changes in between comes by events, by the next inventory, or by a
listing; those are made the rarer, the more requests they take.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from bindery.buckets.inventory.listing import list_staged
from bindery.buckets.inventory.manifest import HOW_TO_GO_ON, InventoryRefused
from bindery.buckets.inventory.staging import Staged, discard, find_newer, read_manifest, stage
from bindery.buckets.registry import Buckets
from bindery.buckets.store import ObjectInfo, Store, StoreError, StoreUnavailable
from bindery.buckets.uri import ObjectUri, parse_object_uri
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Inventory
from bindery.clock import now_ns
from bindery.sync.lookups import look, look_up_all
from bindery.sync.scope import list_within
from bindery.sync.settings import SyncSettings
from bindery.sync.worker import Worker

_LISTED_AT_ONCE = 1_000
"""Objects of one request."""
_log = structlog.get_logger()


class InventoryProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the inventory in hand is."""

    uri: str
    created: int
    """When the store began to write it, in nanoseconds since 1970."""
    files: int
    files_read: int
    objects: int | None = None
    """None while it is not sorted."""


class Inventories:
    """For the thread of one binding; ``progress`` is for any."""

    def __init__(
        self, binding_id: int, *, catalog: Catalog, buckets: Buckets, settings: SyncSettings
    ) -> None:
        self._binding_id = binding_id
        self._catalog = catalog
        self._buckets = buckets
        self._settings = settings
        self._folder = inventory_folder(settings, binding_id)
        self._refused: dict[str, str] = {}
        """Why an inventory cannot be used, by its URI: it is not fetched again by each further try."""
        self.progress: InventoryProgress | None = None
        """None when none is in hand."""
        self._at = ""
        """Where the one in hand is."""

    def take(self, worker: Worker) -> Staged | None:
        """The inventory to scan now, ready to be read; None when there is none.

        Raises InventoryRefused when the one that the caller has named cannot be used, StoreUnavailable when it cannot
        be read now, Interrupted. A newer one that cannot be used is passed over, and one that cannot be read now is
        looked for again by the next call: the bucket itself can be listed.
        """
        held = self._held()
        if held is None:
            discard(self._folder)
            return None
        if not held.scanned:
            return self._stage(worker, held.uri)
        newer = self._newer(held)
        if newer is None:
            return None
        try:
            return self._stage(worker, newer)
        except InventoryRefused as error:
            _log.warning("an inventory is passed over", inventory=newer, reason=str(error))
            self._keep(msgspec.structs.replace(held, scanned=newer))
        except StoreError as error:
            _log.warning("a newer inventory cannot be read now", inventory=newer, reason=str(error))
        return None

    def finish(self, staged: Staged) -> None:
        """It was scanned to its end."""
        held = self._held()
        if held is not None:
            done = msgspec.structs.replace(
                held,
                scanned=self._at,
                created=staged.manifest.created_ns,
                objects=staged.rows,
                finished_time=now_ns(),
            )
            self._keep(done)
        self.progress = None
        discard(self._folder)

    def is_listing_due(self, worker: Worker) -> bool:
        """Whether the bucket may be listed by itself again: always without an inventory."""
        binding = self._catalog.bindings.get_by_id(self._binding_id)
        held = binding.inventory
        if held is None:
            return True
        last = max(binding.progress.last_complete_listing or 0, held.finished_time)
        requests = worker.books.listed / _LISTED_AT_ONCE
        elapsed = now_ns() - last
        # a clock that was set back is no reason to wait
        return not 0 <= elapsed < requests / self._settings.inventory_list_requests * 1e9

    def _stage(self, worker: Worker, uri: str) -> Staged:
        if uri in self._refused:
            raise InventoryRefused(self._refused[uri])
        try:
            return self._staged(worker, parse_object_uri(uri))
        except StoreError as error:
            self.progress = None
            if error.retryable:
                raise
            told = f"{uri} cannot be used: {str(error).rstrip('.')}. {HOW_TO_GO_ON}"
            self._refused[uri] = told
            discard(self._folder)
            raise InventoryRefused(told) from error
        except OSError as error:  # the disk is full, or has no process left
            self.progress = None
            raise StoreUnavailable(f"{uri} cannot be brought to this machine: {error.strerror}") from error

    def _staged(self, worker: Worker, uri: ObjectUri) -> Staged:
        store = self._buckets.open(uri.bucket)
        manifest = read_manifest(store, uri.key, of=worker.store.address)

        files = len(manifest.files)

        def taken(count: int, objects: int | None = None) -> None:
            self.progress = InventoryProgress(
                uri=str(uri), created=manifest.created_ns, files=files, files_read=count, objects=objects
            )

        taken(0)
        staged = stage(
            store,
            manifest,
            self._folder,
            of=worker.store.address,
            check_stop=worker.check_stop,
            taken=taken,
        )
        taken(files, staged.rows)
        self._at = str(uri)
        _log.info("an inventory is scanned", inventory=str(uri), objects=staged.rows, odd=staged.odd)
        return staged

    def _newer(self, held: Inventory) -> str | None:
        uri = parse_object_uri(held.scanned)
        try:
            key = find_newer(self._buckets.open(uri.bucket), uri.key)
        except StoreError as error:
            _log.warning(
                "newer inventories cannot be looked for", inventory=held.scanned, reason=str(error)
            )
            return None
        return None if key is None else str(ObjectUri(uri.bucket, key))

    def _held(self) -> Inventory | None:
        return self._catalog.bindings.get_by_id(self._binding_id).inventory

    def _keep(self, inventory: Inventory) -> None:
        def change(binding: Binding) -> Binding:
            same = binding.inventory is not None and binding.inventory.uri == inventory.uri
            return msgspec.structs.replace(binding, inventory=inventory) if same else binding

        self._catalog.bindings.update(self._binding_id, change)


class _Listed:
    """A staged inventory in the place of the store that it is of, for ``list_within``."""

    def __init__(self, worker: Worker, staged: Staged) -> None:
        self._worker = worker
        self._staged = staged

    def _completed(self, page: list[ObjectInfo]) -> list[ObjectInfo]:
        """With what the store tells of those of which the inventory tells too little, and without those that it does
        not have any more."""
        untold = [info.key for info in page if not info.etag]
        store: Store = self._worker.store
        looked_up = look_up_all(
            lambda key: look(store, key), untold, store.capabilities.rate.at_once, self._worker.check_stop
        )
        found = dict(zip(untold, looked_up, strict=True))
        completed = (found[info.key] if not info.etag else info for info in page)
        return [info for info in completed if info is not None]

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages in key order. Raises StoreError."""
        resolution = self._worker.store.capabilities.time_resolution_ns
        for page in list_staged(
            self._staged, prefix=prefix, start_after=start_after, resolution_ns=resolution
        ):
            yield self._completed(page) if any(not info.etag for info in page) else page


def inventory_folder(settings: SyncSettings, binding_id: int) -> Path:
    """Where the inventory of a binding is brought to."""
    root = settings.inventories or Path(tempfile.gettempdir()) / "bindery-inventories"
    return root / str(binding_id)


def list_inventory(worker: Worker, inventory: Staged, start_after: str = "") -> Iterator[list[ObjectInfo]]:
    """Pages of what an inventory lists within the prefixes of a binding, as one listing. Raises StoreError."""
    return list_within(_Listed(worker, inventory), worker.prefixes, start_after)


def check_inventory(buckets: Buckets, bucket: str, uri: str) -> Inventory:
    """The inventory at ``uri``, of which only the manifest is read.

    Raises InventoryRefused when it is none of the bucket's, ValueError for a URI that is none, StoreError.
    """
    at = parse_object_uri(uri)
    store = buckets.open(bucket)
    try:
        manifest = read_manifest(buckets.open(at.bucket), at.key, of=store.address)
    except InventoryRefused:
        raise
    except StoreError as error:
        if error.retryable:
            raise
        raise InventoryRefused(f"the manifest cannot be read: {error}") from error
    return Inventory(uri=str(at), created=manifest.created_ns)
