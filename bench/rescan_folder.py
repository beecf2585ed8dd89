"""A rescan of an unchanged local folder, against a recursive ``os.scandir`` and ``rclone lsf`` over the same files.

Both peers only list: names, sizes and times. A rescan lists in key order, asks the ledger about each file, and finds
that nothing is to be read. rclone is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog_writes import wait_for_index
from figures import Figure, tell
from rescan import InstantPool

from bindery.buckets.registry import open_store
from bindery.buckets.store import Store, StoreAddress
from bindery.catalog.records import Binding, BindingPhase, Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.sync.engine import Engine
from bindery.sync.settings import SyncSettings

BUCKET = "media"
_TURNS = 3


class OneBucket:
    """Stands in for the registry."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, _: str) -> Store:
        """The one store there is."""
        return self._store

    def check_reachable(self, _: str) -> None:
        """It is, also for a pool of this process."""


def main() -> None:
    """Make the files, scan them, rescan them in turns with the peers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / BUCKET
        _fill(folder, count)
        catalog = SqliteCatalog(Path(temporary) / "data", account_id="1")
        stores: Any = OneBucket(open_store(StoreAddress(bucket=BUCKET, url=f"file://{folder}")))
        pool: Any = InstantPool()
        engine = Engine(catalog, stores, pool, SyncSettings(reconcile_interval=1e9))
        try:
            _compare(engine, catalog, folder, count)
        finally:
            engine.close()
            catalog.close()


def _fill(folder: Path, count: int) -> None:
    for number in range(count):
        path = folder / f"{number // 1000:04d}" / f"IMG_{number:07d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT))


def _compare(engine: Engine, catalog: SqliteCatalog, folder: Path, count: int) -> None:
    catalog.projects.create(Project(name="p"))
    catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    made = Binding(dataset_id=0, project_name="p", dataset_name="d", bucket=BUCKET)
    binding = engine.create_binding(made)
    while catalog.bindings.get_by_id(binding.id).phase is not BindingPhase.INCREMENTAL_SCANNING:
        time.sleep(0.1)
    wait_for_index(catalog, binding.dataset_id)

    def rescan() -> None:
        earlier = engine.progress(binding).last_complete_listing
        engine.reconcile(binding)
        while engine.progress(binding).last_complete_listing == earlier:
            time.sleep(0.005)
        assert engine.progress(binding).unchanged == count

    peers: dict[str, Callable[[], object]] = {"os.scandir": lambda: _scandir(folder)}
    if shutil.which("rclone"):
        peers["rclone lsf"] = lambda: _rclone(folder)
    ours = count / min(_seconds(rescan) for _ in range(_TURNS))
    for name, list_all in peers.items():
        theirs = count / min(_seconds(list_all) for _ in range(_TURNS))
        tell(
            Figure(
                what=f"rescan of a folder of {count:,} files",
                measured=f"{ours:,.0f} files/s",
                against=f"{name} of the same files, {theirs:,.0f} files/s",
                ratio=ours / theirs,
            )
        )


def _scandir(folder: Path) -> int:
    found = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found += _scandir(Path(entry.path))
            else:
                entry.stat(follow_symlinks=False)
                found += 1
    return found


def _rclone(folder: Path) -> None:
    command = ["rclone", "lsf", "--recursive", "--files-only", "--format", "pst", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
