"""A full scan by an inventory, then one object in a hundred changed and a newer inventory: list calls, objects read,
memory, time.

Goal: no list call of the bucket, and only what has changed is read. The peer is the number of requests that listing
the bucket takes, one for a thousand objects. The bucket and its inventories are made up, so that no network is
measured; extraction reads nothing, so that the time is that of the inventory and of the record.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from figures import Figure, tell
from rescan import InstantPool, MadeUpStore, _info

from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import ObjectDetails, ObjectInfo, StoreAddress
from bindery.catalog.records import Binding, Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.extract.extraction import ExtractionRequest
from bindery.sync.engine import Engine
from bindery.sync.settings import SyncSettings

_EACH = 100
"""One object of so many changes."""
_ROWS = 250_000
"""Of one file of an inventory."""
_SCHEMA = "Bucket, Key, Size, LastModifiedDate, ETag, StorageClass"


class ChangingStore(MadeUpStore):
    """Lists objects of which some change at once, and counts how often it is asked."""

    address = StoreAddress(bucket="bucket", url="memory://inventoried")

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.changed = False
        self.lists = self.looks = 0
        self.count = count

    def info(self, number: int) -> ObjectInfo:
        """An object as it is now."""
        info = _info(number)
        if not self.changed or number % _EACH:
            return info
        return ObjectInfo(
            info.key, info.size, f"F{info.etag[1:]}", info.modified_ns + 10**9, "Standard", "Normal"
        )

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Each page is a request."""
        for page in super().list(prefix=prefix, start_after=start_after):
            self.lists += 1
            yield page

    def details(self, key: str) -> ObjectDetails:
        """One request."""
        self.looks += 1
        return ObjectDetails(info=self.info(int(key[5:14])))


class CountingPool(InstantPool):
    """Counts what it is given to read."""

    def __init__(self) -> None:
        self.read = 0

    def submit(self, requests: Sequence[ExtractionRequest], **more: Any) -> Any:
        """Nothing is started."""
        self.read += len(requests)
        return super().submit(requests, **more)


class TwoBuckets:
    """Stands in for the registry."""

    def __init__(self, store: ChangingStore, reports: MemoryStore) -> None:
        self._stores: dict[str, Any] = {"bucket": store, "reports": reports}

    def open(self, name: str) -> Any:
        """Either of the two."""
        return self._stores[name]

    def check_reachable(self, name: str) -> None:
        """The pool is of this process."""


def write_inventory(store: ChangingStore, reports: MemoryStore, day: int) -> tuple[str, int]:
    """An inventory of the store as it is, as S3 writes it; its URI and its size in bytes."""
    above, files = "inventoried/daily", []
    for start in range(0, store.count, _ROWS):
        lines = (_row(store.info(number)) for number in range(start, min(start + _ROWS, store.count)))
        content = gzip.compress("".join(lines).encode(), 3)
        key = f"{above}/data/{day}-{start}.csv.gz"
        reports.put(key, content)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        files.append({"key": key, "size": len(content), "MD5checksum": digest})
    manifest = {
        "sourceBucket": "inventoried",
        "creationTimestamp": str(time.time_ns() // 1_000_000),
        "fileFormat": "CSV",
        "fileSchema": _SCHEMA,
        "files": files[::-1],
    }
    body = json.dumps(manifest).encode()
    key = f"{above}/2026-01-{day:02}T01-00Z/manifest"
    reports.put(f"{key}.checksum", hashlib.md5(body, usedforsecurity=False).hexdigest().encode())
    reports.put(f"{key}.json", body)
    return f"oss://reports/{key}.json", sum(int(str(file["size"])) for file in files)


def _row(info: ObjectInfo) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(info.modified_ns // 10**9))
    return f'"inventoried","{info.key}","{info.size}","{moment}.000Z","{info.etag}","STANDARD"\n'


def main() -> None:
    """Scan, change, scan again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    count = parser.parse_args().objects
    with tempfile.TemporaryDirectory() as folder:
        catalog = SqliteCatalog(Path(folder), account_id="1")
        reports = MemoryStore(StoreAddress(bucket="reports", url="memory://reports"))
        reports.create()
        store, pool = ChangingStore(count), CountingPool()
        buckets: Any = TwoBuckets(store, reports)
        settings = SyncSettings(reconcile_interval=1e9, inventories=Path(folder) / "inventories")
        engine = Engine(catalog, buckets, pool, settings)  # type: ignore[arg-type]
        try:
            _measure(catalog, engine, store, reports, pool)
        finally:
            engine.close()
            catalog.close()


def _measure(
    catalog: SqliteCatalog, engine: Engine, store: ChangingStore, reports: MemoryStore, pool: CountingPool
) -> None:
    catalog.projects.create(Project(name="p"))
    catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    uri, size = write_inventory(store, reports, 1)
    made = Binding(
        dataset_id=0,
        project_name="p",
        dataset_name="d",
        bucket="bucket",
        inventory=engine.check_inventory("bucket", uri),
    )
    began = time.perf_counter()
    binding = engine.create_binding(made)
    _wait(catalog, binding, uri)
    first = store.count / (time.perf_counter() - began)
    read, pool.read, store.changed = pool.read, 0, True
    newer, _ = write_inventory(store, reports, 2)
    began = time.perf_counter()
    engine.change_inventory(binding, engine.check_inventory("bucket", newer))
    _wait(catalog, binding, newer)
    rescan = store.count / (time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    changed = len(range(0, store.count, _EACH))
    print(f"first scan   {first:10,.0f} objects/s, {read:,} read, {size >> 20:,} MiB of inventory")
    print(f"second one   {rescan:10,.0f} objects/s, memory {peak:,.0f} MiB (the inventories are in it)")
    tell(
        Figure(
            what=f"list calls of both scans of {store.count:,} objects by inventories",
            measured=f"{store.lists:,}",
            against=f"listing them twice, {2 * -(-store.count // 1_000):,}",
            ratio=store.lists / (2 * -(-store.count // 1_000)),
            at_most=0,
        )
    )
    tell(
        Figure(
            what=f"objects read of {store.count:,} by the newer inventory",
            measured=f"{pool.read:,}, and {store.looks:,} looked at",
            against=f"those that have changed, {changed:,}",
            ratio=pool.read / changed,
            at_most=1,
        )
    )


def _wait(catalog: SqliteCatalog, binding: Binding, uri: str) -> None:
    while True:
        held = catalog.bindings.get_by_id(binding.id)
        if held.inventory is not None and held.inventory.scanned == uri:
            return
        if held.state.value == "Failed":
            raise SystemExit(held.reason)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
