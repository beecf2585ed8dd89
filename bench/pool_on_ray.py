"""The same photos through the local pool and through a Ray cluster of this machine with as many workers.

The ratio says what the way to a node costs; Ray's own processes take part of the same processors. The cluster is
started before the clock, and the files are in the page cache for both.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from figures import Figure, tell
from scan import fill, make_photos

from bindery.buckets.folder import FolderStore
from bindery.buckets.registry import parse_store
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import PRELOADED, ExtractionPool
from bindery.processors import count_processors
from bindery.workers.job import Urgency
from bindery.workers.ray_cluster.cluster import RayWorkers
from bindery.workers.ray_cluster.settings import LOCAL, RaySettings

_OPERATORS = frozenset({Operator.MIME, Operator.EXIF, Operator.MEDIA_META})


def main() -> None:
    """Make the photos, run both, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    count = parser.parse_args().files
    workers, limits = count_processors(), ExtractionLimits()
    with tempfile.TemporaryDirectory() as folder:
        list(fill(Path(folder), make_photos(), count))
        address = parse_store("photos", folder)
        objects = [info for page in FolderStore(address).list() for info in page]
        requests = [
            ExtractionRequest(address=address, object=info, operators=_OPERATORS) for info in objects
        ]
        local = _rate(ExtractionPool(workers, limits), requests)
        cluster = RayWorkers(RaySettings(address=LOCAL), PRELOADED, limits.memory_bytes, workers)
        ray = _rate(ExtractionPool(workers, limits, elsewhere=cluster), requests)
    tell(
        Figure(
            what=f"{count:,} made photos extracted on a Ray cluster of the same machine",
            measured=f"{ray:,.0f} files/s",
            against=f"the local pool, {local:,.0f} files/s",
            ratio=ray / local,
        )
    )


def _rate(pool: ExtractionPool, requests: list[ExtractionRequest]) -> float:
    """Files/s, once workers are there."""
    try:
        for _ in range(2):  # the first time they are started
            began = time.perf_counter()
            outcomes = pool.submit(requests, urgency=Urgency.SCAN, owner="bench").result()
            spent = time.perf_counter() - began
    finally:
        pool.close()
    failures = {outcome.failure for outcome in outcomes if outcome.failure}
    if failures:
        raise SystemExit(f"some photos were not read: {sorted(failures)[:3]}")
    return len(requests) / spent


if __name__ == "__main__":
    main()
