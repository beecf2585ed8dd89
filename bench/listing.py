"""Lists a folder and a bucket of Ceph's object gateway, each against the plainest way to get the same facts.

The folder is compared with ``os.scandir`` and a ``stat`` per file, unsorted and unchecked; the bucket with
boto3 and with OpenDAL, and from 30 ms away with the same listing page by page. Every way lists once to warm up; then
they take turns, and the best turn counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import opendal
from figures import Figure, tell

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.servers.ceph import Ceph
from tests.servers.distant import Distant

from bindery.buckets.registry import open_store
from bindery.buckets.store import Store, StoreAddress

_TURNS = 3
_AWAY_SECONDS = 0.03


def main() -> None:
    """Fill, list, and print objects per second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        list_folder(Path(folder), options.files)
    with Ceph() as ceph:
        list_ceph(ceph, options.objects)


def list_folder(folder: Path, count: int) -> None:
    """One folder of many files, the least favourable shape."""
    for number in range(count):
        os.close(os.open(folder / f"IMG_{number:07d}.jpg", os.O_CREAT))
    store = open_store(StoreAddress(bucket="media", url=f"file://{folder}"))
    compare("folder", count, {"bindery": lambda: count_of(store), "scandir": lambda: scan(folder)})


def list_ceph(ceph: Ceph, count: int) -> None:
    """A bucket with a hundred prefixes."""
    name = ceph.create_bucket()
    options = {
        "endpoint": ceph.endpoint,
        "access_key_id": ceph.user.access_key,
        "secret_access_key": ceph.user.secret_key,
    }
    store = open_store(StoreAddress(bucket="media", url=f"s3://{name}", options=options))
    operator = opendal.Operator("s3", bucket=name, region="default", **options)
    with ThreadPoolExecutor(16) as threads:
        keys = (f"photos/{number % 100:03d}/IMG_{number:07d}.jpg" for number in range(count))
        list(threads.map(lambda key: operator.write(key, b"x"), keys))
    paginator = ceph.client().get_paginator("list_objects_v2")
    ways = {
        "bindery": lambda: count_of(store),
        "boto3": lambda: sum(len(page["Contents"]) for page in paginator.paginate(Bucket=name)),
        "opendal": lambda: sum(1 for _ in operator.list("", recursive=True, limit=1_000)),
    }
    compare("ceph", count, ways)
    with Distant(ceph.endpoint, _AWAY_SECONDS) as distant:
        away = {
            at_once: open_store(
                StoreAddress(
                    bucket="media",
                    url=f"s3://{name}",
                    options={**options, "endpoint": distant.endpoint, "listing_at_once": at_once},
                )
            )
            for at_once in ("16", "1")
        }
        ways = {"bindery": lambda: count_of(away["16"]), "page by page": lambda: count_of(away["1"])}
        compare("ceph 30 ms away", count, ways)


def count_of(store: Store) -> int:
    """Objects of a complete listing."""
    return sum(len(page) for page in store.list())


def scan(folder: Path) -> int:
    """Size and time of every file, in no order."""
    with os.scandir(folder) as entries:
        return len([(entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries])


def compare(title: str, count: int, ways: dict[str, Callable[[], int]]) -> None:
    """Let the ways take turns; print objects per second, and how Bindery's relate to the others."""
    best = dict.fromkeys(ways, 0.0)
    for turn in range(_TURNS + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            found = way()
            assert found == count, (name, found)
            if turn:
                best[name] = max(best[name], count / (time.perf_counter() - begin))
    ours = best.pop("bindery")
    for name, speed in best.items():
        tell(
            Figure(
                what=f"listing of {count:,} objects, {title}",
                measured=f"{ours:,.0f} objects/s",
                against=f"{name}, {speed:,.0f} objects/s",
                ratio=ours / speed,
            )
        )


if __name__ == "__main__":
    main()
