"""A rescan of unchanged objects: listing and ledger in lock step, nothing read, nothing written.

Budget: at least 50,000 objects/s; the best published peer does 27,000. The limit of the machine is measured in
the same run: reading the ledger's rows in key order and nothing else. Memory is that of the whole process,
which must stay within 500 MiB. The store makes its listing up, so that no network is measured.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from catalog_writes import wait_for_index
from figures import Figure, tell

from bindery.buckets.identity import StoreIdentity
from bindery.buckets.store import Capabilities, ObjectDetails, ObjectInfo, StoreAddress
from bindery.catalog.records import Binding, BindingPhase, Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.pool import Completed
from bindery.file import File
from bindery.sync.engine import Engine
from bindery.sync.settings import SyncSettings

ADDRESS = StoreAddress(bucket="made-up", url="memory://made-up")
PAGE = 1_000
PUBLISHED_PEER = 27_000


class MadeUpStore:
    """Lists ``count`` objects that never change."""

    address = ADDRESS
    capabilities = Capabilities(etag="content", time_resolution_ns=10**9, details=False, watch=False)

    def __init__(self, count: int) -> None:
        self._count = count

    def check(self) -> None:
        """It is always there."""

    def identity(self) -> StoreIdentity:
        """It is always the same."""
        return StoreIdentity(ADDRESS.url, "")

    def mounts(self) -> dict[str, str]:
        """It is no folder."""
        return {}

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages of a thousand, made while they are asked for."""
        for start in range(0, self._count, PAGE):
            page = [_info(number) for number in range(start, min(start + PAGE, self._count))]
            yield [info for info in page if info.key > start_after]

    def details(self, key: str) -> ObjectDetails:
        """What the listing says."""
        return ObjectDetails(info=_info(int(key[5:14])))


def _info(number: int) -> ObjectInfo:
    etag = f"{number * 2654435761 % 2**64:032X}"
    return ObjectInfo(
        f"file-{number:09d}.jpg", 1_000_000 + number, etag, 1_700_000_000 * 10**9, "Standard", "Normal"
    )


class OneBucket:
    """Stands in for the registry."""

    def __init__(self, store: MadeUpStore) -> None:
        self._store = store

    def open(self, _: str) -> MadeUpStore:
        """The one store there is."""
        return self._store

    def check_reachable(self, _: str) -> None:
        """It is, also for a pool of this process."""


class InstantPool:
    """Answers without reading: the first scan only has to fill the ledger."""

    def submit(self, requests: Sequence[ExtractionRequest], **_: Any) -> InstantPending:
        """Nothing is started."""
        return InstantPending(requests)


class InstantPending:
    """Outcomes of files that nobody reads."""

    def __init__(self, requests: Sequence[ExtractionRequest]) -> None:
        self._requests = requests

    def take(self, **_: Any) -> list[Completed]:
        """A small file each."""
        return [
            Completed(
                number,
                Extraction(
                    file=File(size=request.object.size, etag=request.object.etag, media_type="image")
                ),
            )
            for number, request in enumerate(self._requests)
        ]

    def cancel(self) -> None:
        """Nothing is under way."""


def main() -> None:
    """Fill, rescan, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    count = parser.parse_args().objects
    with tempfile.TemporaryDirectory() as folder:
        catalog = SqliteCatalog(Path(folder), account_id="1")
        store: Any = OneBucket(MadeUpStore(count))
        pool: Any = InstantPool()
        engine = Engine(catalog, store, pool, SyncSettings(reconcile_interval=1e9))
        try:
            _measure(catalog, engine, count, Path(folder))
        finally:
            engine.close()
            catalog.close()


def _measure(catalog: SqliteCatalog, engine: Engine, count: int, folder: Path) -> None:
    catalog.projects.create(Project(name="p"))
    catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    made = Binding(dataset_id=0, project_name="p", dataset_name="d", bucket=ADDRESS.bucket)
    began = time.perf_counter()
    binding = engine.create_binding(made)
    while catalog.bindings.get_by_id(binding.id).phase is not BindingPhase.INCREMENTAL_SCANNING:
        time.sleep(0.1)
    first = count / (time.perf_counter() - began)
    wait_for_index(catalog, binding.dataset_id)
    earlier = engine.progress(binding).last_complete_listing
    began = time.perf_counter()
    engine.reconcile(binding)
    while engine.progress(binding).last_complete_listing == earlier:
        time.sleep(0.01)
    rescan = count / (time.perf_counter() - began)
    unchanged = engine.progress(binding).unchanged
    limit = _walk_rate(folder, count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"first scan            {first:10,.0f} objects/s   committed, nothing read")
    what, measured = f"rescan of {count:,} objects, {unchanged:,} unchanged", f"{rescan:,.0f} objects/s"
    tell(
        Figure(
            what=what,
            measured=measured,
            against="the budget of 50,000 objects/s",
            ratio=rescan / 50_000,
            at_least=1,
        )
    )
    tell(
        Figure(
            what=what,
            measured=measured,
            against=f"the best published peer, {PUBLISHED_PEER:,} objects/s",
            ratio=rescan / PUBLISHED_PEER,
        )
    )
    tell(
        Figure(
            what=what,
            measured=measured,
            against=f"the ledger's rows read and nothing else, {limit:,.0f}/s",
            ratio=rescan / limit,
        )
    )
    tell(
        Figure(
            what="memory of a first scan and a rescan",
            measured=f"{peak:,.0f} MiB",
            against="the budget of 500 MiB",
            ratio=peak / 500,
            at_most=1,
        )
    )


def _walk_rate(folder: Path, count: int) -> float:
    connection = sqlite3.connect(f"file:{folder / 'catalog.db'}?mode=ro", uri=True)
    began = time.perf_counter()
    for _ in connection.execute("SELECT * FROM ledger ORDER BY binding_id, key"):
        pass
    spent = time.perf_counter() - began
    connection.close()
    return count / spent


if __name__ == "__main__":
    main()
