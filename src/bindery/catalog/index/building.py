"""An index is made anew beside the one that answers, and takes its place once it is as far as that one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import duckdb

from bindery.catalog.index.dataset_index import DatasetIndex
from bindery.catalog.index.texts import TextsDamaged
from bindery.catalog.records import CatalogUnusable
from bindery.stopping import Interrupted


def build_beside(
    current: DatasetIndex,
    building: DatasetIndex,
    total: int,
    progress: Callable[[int, int], None] | None,
    stop: threading.Event | None,
) -> None:
    """``progress(done, total)`` counts changes. Raises Interrupted, CatalogUnusable, IndexUnavailable; then
    ``current`` is as before."""
    done = 0

    def advance(changes: int) -> None:
        nonlocal done
        if stop is not None and stop.is_set():
            raise Interrupted
        done = min(total, done + changes)
        if progress is not None:
            progress(done, total)

    try:
        with current.awaiting(building):
            building.rebuild(advance)
            # Words that are not taken yet would make FuzzyQuery read every text that waits.
            while building.hold_texts():
                advance(0)
            # What was committed meanwhile, as far as possible while queries are answered.
            building.catch_up(lambda _: advance(0))
            current.replace_by(building)
    except (duckdb.Error, TextsDamaged, OSError) as error:
        raise CatalogUnusable(
            f"the index could not be built anew ({error}); the present one goes on answering. "
            "Make room on the disk, or see the server's log, and ask again"
        ) from error
