"""A program that closes a catalog in the middle of everything, again and again; prints what it saw.

A process of its own: closing a native connection under its user ends the process without a traceback.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bindery.catalog.records import CatalogUnusable
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import Place, make_place, scan_of

FILES = 2_000
LONGEST_PAUSE_SECONDS = 0.3


def close_once(chance: random.Random) -> None:
    """Readers, queries, writers and a rebuild of the index, and a close at a random moment."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = SqliteCatalog(Path(folder), account_id="1")
        place = make_place(catalog)
        catalog.bindings.commit(scan_of(place, *(f"k{n:05d}" for n in range(FILES)), title="t" * 200))
        outcomes: list[str] = []
        threads = [
            threading.Thread(target=repeat, args=(work, outcomes), daemon=True)
            for work in works(catalog, place)
        ]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
        catalog.close()
        for thread in threads:
            thread.join(60)
        assert catalog.close(60)  # what a busy machine left open
        assert outcomes == ["closed"] * len(threads), outcomes
        SqliteCatalog(Path(folder), account_id="1").close()  # the folder is free and the record sound


def works(catalog: SqliteCatalog, place: Place) -> list[Callable[[], object]]:
    """What is under way; each is repeated until the catalog is closed."""

    def walk() -> None:
        for page in catalog.ledger.walk(place.binding.id):
            catalog.files.get(place.dataset.id, [f"oss://bucket/{entry.key}" for entry in page])

    def query() -> None:
        catalog.queries.search(place.dataset.id, None, limit=100)

    def write() -> None:
        catalog.bindings.commit(scan_of(place, *(f"n{n}" for n in range(50)), title="x"))

    def build_beside() -> None:
        catalog.queries.rebuild_dataset(place.dataset.id)

    return [walk, walk, walk, query, query, write, write, catalog.queries.rebuild, build_beside]


def repeat(work: Callable[[], object], outcomes: list[str]) -> None:
    """Until the catalog says that it is closed; anything else that is raised is kept."""
    try:
        while True:
            work()
    except CatalogUnusable as error:
        outcomes.append("closed" if "closed" in str(error) else str(error))
    except BaseException as error:
        outcomes.append(repr(error))


if __name__ == "__main__":
    seed, times = int(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(seed)
    for _ in range(times):
        close_once(chance)
    print(f"closed {times} times")
