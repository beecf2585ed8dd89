"""Everything that happens to buckets behind the API: bindings at work, explicit indexing, detection."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreAddress
from bindery.buckets.uri import ObjectUri
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, BindingState, Dataset, Progress
from bindery.clock import now_ns
from bindery.extract.extraction import Extraction
from bindery.extract.pool import Pool
from bindery.sync.follow import Follower
from bindery.sync.indexing import Indexer
from bindery.sync.settings import SyncSettings
from bindery.sync.states import Cause, move

_STOP_SECONDS = 8.0


class WrongState(Exception):
    """The binding is in a state that does not allow the operation; ``args[0]`` is the state."""


class Engine:
    """Owns one thread per binding that is at work. Safe for threads."""

    def __init__(self, catalog: Catalog, buckets: Buckets, pool: Pool, settings: SyncSettings) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._followers: dict[int, Follower] = {}
        self._lock = threading.RLock()
        self._indexer = Indexer(catalog, buckets, pool, settings)

    def start(self) -> None:
        """Take up every binding that was not stopped, and unfinished indexing."""
        for binding in self._catalog.list_bindings():
            if binding.state is not BindingState.STOPPED:
                self._start(binding)
        self._indexer.start()

    def close(self) -> None:
        """End all work at the next safe point. What is committed stays, the rest is done again."""
        with self._lock:
            followers = list(self._followers.values())
            self._followers.clear()
        for follower in followers:
            follower.signal_stop()
        self._indexer.close()
        for follower in followers:
            follower.join(_STOP_SECONDS)

    # bindings

    def create_binding(self, binding: Binding) -> Binding:
        """Store the binding as Ready and set it to work. Raises the catalog's errors."""
        made = self._catalog.create_binding(binding)
        self._start(made)
        return made

    def stop_binding(self, binding: Binding, reason: str) -> None:
        """Stop at the next safe point; work is taken up from there by ``resume_binding``.

        Raises WrongState when it is stopped already.
        """
        with self._lock:
            self._change(binding, Cause.STOPPED, reason)
            self._end(binding.id)

    def resume_binding(self, binding: Binding) -> None:
        """Go on from the cursor. Raises WrongState unless it is stopped or failed."""
        with self._lock:
            self._end(binding.id)
            self._start(self._change(binding, Cause.RESUMED, ""))

    def delete_binding(self, binding: Binding) -> None:
        """End the work and forget the binding. Entries stay, as the vendor documents."""
        with self._lock:
            self._end(binding.id)
            self._catalog.delete_binding(binding.id)

    def progress(self, binding: Binding) -> Progress:
        """The books of a binding at this moment."""
        follower = self._followers.get(binding.id)
        live = None if follower is None else follower.live_progress()
        return binding.progress if live is None else live

    def reconcile(self, binding: Binding) -> None:
        """List the bucket again as soon as possible."""
        follower = self._followers.get(binding.id)
        if follower is not None:
            follower.reconcile_now()

    # files

    def index_files(self, dataset: Dataset, files: Sequence[tuple[str, bytes]]) -> None:
        """Accept files for explicit indexing; see ``indexing.Indexer.accept``."""
        self._indexer.accept(dataset, files)

    def detect(self, uri: ObjectUri) -> Extraction:
        """Metadata of one object, stored nowhere. Raises StoreError."""
        return self._indexer.detect(uri)

    # buckets

    def register_bucket(self, address: StoreAddress) -> None:
        """Add a bucket to those of the configuration. Raises StoreError when it cannot be listed."""
        self._buckets.register(address)
        self._buckets.open(address.bucket).check()

    def bucket_names(self) -> list[str]:
        """Names of all buckets, ascending."""
        return self._buckets.names()

    def _change(self, binding: Binding, cause: Cause, reason: str) -> Binding:
        now = now_ns()

        def change(held: Binding) -> Binding:
            moved = move(held, cause, reason=reason, now=now)
            if moved is None:
                raise WrongState(held.state.value)
            return moved

        return self._catalog.update_binding(binding.id, change)

    def _start(self, binding: Binding) -> None:
        with self._lock:
            follower = Follower(binding, self._catalog, self._buckets, self._pool, self._settings)
            self._followers[binding.id] = follower
            follower.start()

    def _end(self, binding_id: int) -> None:
        follower = self._followers.pop(binding_id, None)
        if follower is not None:
            follower.signal_stop()
            follower.join(_STOP_SECONDS)
