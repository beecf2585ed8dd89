"""The sync room over a real catalog and real buckets, with a pool that extracts in the calling thread."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from faulty_store import Faults, FaultyStore

from bindery.buckets import memory
from bindery.buckets.memory import MemoryStore
from bindery.buckets.registry import Buckets, parse_store
from bindery.buckets.store import Store, StoreAddress
from bindery.catalog.record_catalog import RecordCatalog
from bindery.catalog.records import (
    Binding,
    BindingPhase,
    BindingState,
    Dataset,
    LedgerEntry,
    Outcome,
    Progress,
    Project,
    Scope,
)
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.extract import extract as extraction_of_one
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import Completed, Pool
from bindery.stopping import Interrupted
from bindery.sync.engine import Engine
from bindery.sync.guard import Refusal
from bindery.sync.reports import Reports
from bindery.sync.settings import SyncSettings
from bindery.sync.worker import Worker
from bindery.workers.job import Urgency

PROJECT, DATASET = "project", "dataset"
QUICK = SyncSettings(
    reconcile_interval=0.2,
    folder_reconcile_interval=60.0,
    settle_time=0.02,
    removal_quiet=0.1,
    retry_initial=0.01,
    retry_longest=0.1,
)
_numbers = itertools.count()


class InlinePool:
    """Runs ``extract`` when the result is asked for, through the faulty stores. ``gate`` holds everything back
    while it is closed; ``answer`` may give another outcome for a request, or raise."""

    def __init__(self, answer: Callable[[ExtractionRequest], Extraction | None] = lambda _: None) -> None:
        self.answer = answer
        self.gate = threading.Event()
        self.gate.set()
        self.extracted: list[str] = []
        self.waiting = threading.Event()

    trouble = ""

    def waiting(self) -> dict[Urgency, int]:
        return dict.fromkeys(Urgency, 0)

    def submit(
        self, requests: Sequence[ExtractionRequest], *, urgency: Urgency = Urgency.CALL, owner: str = ""
    ) -> InlinePending:
        return InlinePending(self, requests)

    def close(self) -> None:
        self.gate.set()


class InlinePending:
    def __init__(self, pool: InlinePool, requests: Sequence[ExtractionRequest]) -> None:
        self._pool, self._requests = pool, requests
        self._next = 0

    @property
    def done(self) -> bool:
        return self._next == len(self._requests)

    def take(
        self,
        stop: threading.Event | None = None,
        *,
        seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> list[Completed]:
        end = None if seconds is None else time.monotonic() + seconds
        taken: list[Completed] = []
        while not self.done:
            while not self._pool.gate.wait(0.01):
                self._pool.waiting.set()
                if stop is not None and stop.is_set():
                    raise Interrupted
                if end is not None and time.monotonic() > end:
                    return taken
            if stop is not None and stop.is_set():
                raise Interrupted
            try:
                extraction = self._extract(self._requests[self._next])
            except Exception:
                if taken:
                    break  # it raises again when it is asked for next
                raise
            taken.append(Completed(self._next, extraction))
            self._next += 1
            if end is not None and time.monotonic() > end:
                break
        return taken

    def result(self, stop: threading.Event | None = None) -> list[Extraction]:
        return [completed.extraction for completed in self.take(stop)]

    def cancel(self) -> None:
        self._next = len(self._requests)

    def _extract(self, request: ExtractionRequest) -> Extraction:
        extraction = self._pool.answer(request) or extraction_of_one.extract(request, ExtractionLimits())
        self._pool.extracted.append(request.object.key)
        return extraction


class FaultyBuckets(Buckets):
    """Buckets whose stores can be made to fail."""

    def __init__(self, addresses: dict[str, StoreAddress], faults: Faults | None = None) -> None:
        super().__init__(addresses)
        self.stores: dict[str, FaultyStore] = {}
        self._faults = faults

    def open(self, bucket: str) -> Store:
        store = super().open(bucket)
        known = self.stores.get(bucket)
        if known is None or known.address != store.address:
            known = self.stores[bucket] = FaultyStore(store, self._faults)
            _reached[store.address.url] = known
        return known


_reached: dict[str, FaultyStore] = {}
_open_directly = extraction_of_one._store


def _open_store(address: StoreAddress) -> Store:
    return _reached.get(address.url) or _open_directly(address)


extraction_of_one._store = _open_store
_end_listing = Reports.end_listing


def _count_and_end(reports: Reports, worker: Worker, held: Refusal | None, said: Binding) -> None:
    _end_listing(reports, worker, held, said)
    if isinstance(worker.store, FaultyStore):
        worker.store.complete_listings += 1


Reports.end_listing = _count_and_end  # type: ignore[method-assign]


class DeadCatalog:
    """A catalog whose process may be killed: from then on every call fails and changes nothing."""

    def __init__(self, catalog: RecordCatalog) -> None:
        self._catalog = catalog
        self._alive = True
        self._lock = threading.RLock()

    def kill(self) -> None:
        with self._lock:
            self._alive = False
        assert self._catalog.close(60)

    def __getattr__(self, noun: str) -> Any:
        if (
            noun == "servers"
        ):  # of SQLite it writes nothing; of PostgreSQL it fails by itself once all is closed
            return self._catalog.servers
        return _Guarded(self, noun)

    def _call(self, noun: str, name: str) -> Any:
        found = getattr(getattr(self._catalog, noun) if noun else self._catalog, name)

        def call(*args: Any, **keywords: Any) -> Any:
            with self._lock:
                if not self._alive:
                    raise RuntimeError("this server was killed")
                return found(*args, **keywords)

        return call


class _Guarded:
    """One noun of a catalog that may die."""

    def __init__(self, catalog: DeadCatalog, noun: str) -> None:
        self._held = catalog, noun

    def __getattr__(self, name: str) -> Any:
        catalog, noun = self._held
        return catalog._call(noun, name)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """A method of the catalog itself."""
        catalog, name = self._held
        return catalog._call("", name)(*args, **keywords)


class Room:
    """One server's sync, over a data folder that outlives it."""

    def __init__(
        self,
        data: Path,
        addresses: dict[str, StoreAddress],
        *,
        pool: Pool | None = None,
        settings: SyncSettings = QUICK,
        faults: Faults | None = None,
        start: bool = True,
        catalog: RecordCatalog | None = None,
    ) -> None:
        """``catalog``: one that is not in SQLite in the data folder."""
        self._threads_before = set(threading.enumerate())
        self.data, self.addresses, self.settings = data, addresses, settings
        self.catalog = DeadCatalog(catalog or SqliteCatalog(data, account_id="1"))
        self.buckets = FaultyBuckets(addresses, faults)
        self.pool = pool or InlinePool()
        self.engine = Engine(self.catalog, self.buckets, self.pool, settings)  # type: ignore[arg-type]
        if start:
            self.engine.start()

    @property
    def inline(self) -> InlinePool:
        assert isinstance(self.pool, InlinePool)
        return self.pool

    def make_dataset(self, name: str = DATASET) -> Dataset:
        if not self.catalog.projects.list():
            self.catalog.projects.create(Project(name=PROJECT))
        return self.catalog.datasets.create(Dataset(project_id=0, project_name=PROJECT, name=name))

    def bind(self, bucket: str, dataset: str = DATASET, scope: Scope | None = None) -> Binding:
        made = Binding(
            dataset_id=0,
            project_name=PROJECT,
            dataset_name=dataset,
            bucket=bucket,
            scope=scope or Scope(),
            create_time=1,
            update_time=1,
        )
        return self.engine.create_binding(made)

    def binding(self, bucket: str, dataset: str = DATASET) -> Binding:
        return self.catalog.bindings.get(PROJECT, dataset, bucket)

    def progress(self, bucket: str, dataset: str = DATASET) -> Progress:
        return self.engine.progress(self.binding(bucket, dataset))

    def store(self, bucket: str) -> FaultyStore:
        self.buckets.open(bucket)
        return self.buckets.stores[bucket]

    def binding_threads(self) -> list[threading.Thread]:
        """Threads of this room's bindings; those of a room before it may still be ending."""
        return [
            thread
            for thread in threading.enumerate()
            if thread.name.startswith("binding-") and thread not in self._threads_before
        ]

    def wait(self, until: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := until()):
            assert time.monotonic() < deadline, self.describe()
            time.sleep(0.005)
        return found

    def wait_followed(self, bucket: str) -> Binding:
        """Until the full scan is done."""

        def followed() -> Binding | None:
            binding = self.binding(bucket)
            scanned = binding.phase is BindingPhase.INCREMENTAL_SCANNING
            return binding if scanned and binding.state is BindingState.RUNNING else None

        return self.wait(followed)

    def wait_state(self, bucket: str, state: BindingState) -> Binding:
        def reached() -> Binding | None:
            binding = self.binding(bucket)
            return binding if binding.state is state else None

        return self.wait(reached)

    def wait_keys(self, bucket: str, keys: set[str], dataset: str = DATASET) -> None:
        self.wait(lambda: self.keys(bucket, dataset) == keys)

    def wait_listed(self, bucket: str, times: int = 2) -> None:
        """Until so many complete listings have ended; of two the second has begun from now on."""
        store = self.store(bucket)
        target = store.complete_listings + times
        self.wait(lambda: self.engine.reconcile(self.binding(bucket)) or store.complete_listings >= target)

    def documents(self, dataset: str = DATASET) -> dict[str, dict[str, Any]]:
        held = self.catalog.datasets.get(PROJECT, dataset)
        found: dict[str, dict[str, Any]] = {}
        token = ""
        while True:
            page = self.catalog.queries.search(held.id, None, limit=1_000, token=token, total=False)
            for document in page.documents:
                fields = msgspec.json.decode(document)
                assert fields["URI"] not in found, "an entry is there twice"
                found[fields["URI"]] = fields
            token = page.next_token
            if not token:
                return found

    def keys(self, bucket: str, dataset: str = DATASET) -> set[str]:
        prefix = f"oss://{bucket}/"
        return {uri.removeprefix(prefix) for uri in self.documents(dataset) if uri.startswith(prefix)}

    def ledger(self, bucket: str) -> dict[str, LedgerEntry]:
        binding = self.binding(bucket)
        return {entry.key: entry for page in self.catalog.ledger.walk(binding.id) for entry in page}

    def live(self, bucket: str) -> dict[str, LedgerEntry]:
        return {key: row for key, row in self.ledger(bucket).items() if row.outcome is not Outcome.DELETED}

    def check_books(self, bucket: str) -> Progress:
        """The stored books against the ledger. Only while nothing changes."""
        books, live = self.binding(bucket).progress, self.live(bucket)
        check_balance(books)
        counts = {outcome: sum(row.outcome is outcome for row in live.values()) for outcome in Outcome}
        assert books.listed == len(live)
        assert books.indexed + books.unchanged == counts[Outcome.INDEXED]
        assert (books.failed, books.pending) == (counts[Outcome.FAILED], counts[Outcome.PENDING])
        assert books.excluded == counts[Outcome.EXCLUDED]
        return books

    def describe(self) -> str:
        try:
            bindings = self.catalog.bindings.list()
            return "\n".join(f"{binding} live={self.engine.progress(binding)}" for binding in bindings)
        except Exception as error:
            return repr(error)

    def close(self) -> None:
        self.engine.close()
        self.pool.close()
        self.catalog.kill()

    def kill(self) -> None:
        """As after SIGKILL: what is committed stays, nothing else happens any more."""
        self.catalog.kill()
        self.engine.close()
        self.pool.close()


def check_balance(books: Progress) -> None:
    assert (
        books.listed == books.indexed + books.unchanged + books.excluded + books.failed + books.pending
    ), books
    assert min(books.indexed, books.unchanged, books.excluded, books.failed, books.pending) >= 0, books


def memory_bucket(bucket: str = "media") -> tuple[MemoryStore, StoreAddress]:
    """A fresh bucket in memory, and where it is."""
    address = StoreAddress(bucket=bucket, url=f"memory://{bucket}-{next(_numbers)}")
    store = MemoryStore(address)
    store.create()
    return store, address


def remove_together(store: MemoryStore, keys: Iterable[str]) -> None:
    """No listing finds some of them gone and others there still, whenever it runs."""
    with memory._LOCK:
        for key in keys:
            store._contents().objects.pop(key, None)


def folder_address(folder: Path, bucket: str = "media") -> StoreAddress:
    return parse_store(bucket, str(folder))


def write(path: Path, content: str | bytes, age: float = 0) -> Path:
    """A file, with its folders; ``age`` seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if age:
        os.utime(path, (time.time() - age, time.time() - age))
    return path
