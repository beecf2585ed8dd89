"""An index that is built from the record, as at the first start of a server that joins: by the server's own process,
and with the workers that it has.

Budget: 40,000 files/s. The peer is DuckDB, which copies the columns of the finished index from one file to another.
The processor time is the server's own: workers take theirs beside it, on as many processors as there are.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
from catalog_writes import built_folder, wait_for_index
from figures import Figure, tell

from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import ExtractionPool
from bindery.processors import count_processors
from bindery.workers.elsewhere import Elsewhere

BUDGET = 40_000


def main() -> None:
    """Build a record, then its index in both ways."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--data", type=Path, help="keep the catalog here, or use the one that is here")
    options = parser.parse_args()
    with built_folder(options.data, options.files) as folder:
        limit = copied(folder, options.files)
        tell_rate("by the server alone", options.files, *taken_by(lambda: build(folder)), limit)
        with closing(ExtractionPool(count_processors(), ExtractionLimits())) as pool:
            elsewhere = Elsewhere(pool.workers, "index")
            elsewhere("bindery.catalog.index.tokens:content_job", b"a text")  # the workers have started
            tell_rate("with its workers", options.files, *taken_by(lambda: build(folder, elsewhere)), limit)


def build(folder: Path, elsewhere: Elsewhere | None = None) -> None:
    """Build the index of the one dataset from nothing."""
    shutil.rmtree(folder / "index", ignore_errors=True)
    with closing(SqliteCatalog(folder, account_id="10001")) as catalog:
        if elsewhere is not None:
            catalog.queries.work_elsewhere(elsewhere)
        wait_for_index(catalog, catalog.datasets.get("bench", "bench").id)


def copied(folder: Path, count: int) -> float:
    """Files/s of DuckDB alone, which copies the columns of the index."""
    [columns] = (folder / "index").glob("*.duckdb")
    with tempfile.TemporaryDirectory() as other, duckdb.connect(f"{other}/copy.duckdb") as connection:
        connection.execute(f"ATTACH '{columns}' AS built (READ_ONLY)")
        [(table,)] = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'built' ORDER BY estimated_size DESC LIMIT 1"
        ).fetchall()
        began = time.perf_counter()
        connection.execute(f'CREATE TABLE copy AS FROM built."{table}"')
        connection.execute("CHECKPOINT")
        return count / (time.perf_counter() - began)


def taken_by(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of this process on all processors."""
    began, spent = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - spent


def tell_rate(how: str, count: int, seconds: float, processor: float, limit: float) -> None:
    """Two figures: beside the budget, and beside the limit."""
    what = f"index of {count:,} files built from the record {how}"
    rate = count / seconds
    measured = (
        f"{rate:,.0f} files/s ({processor / count * 1e6:.0f} µs of the server's processor time a file)"
    )
    budget, peer = (
        f"the budget of {BUDGET:,} files/s",
        f"its columns copied by DuckDB, {limit:,.0f} files/s",
    )
    tell(Figure(what=what, measured=measured, against=budget, ratio=rate / BUDGET, at_least=1))
    tell(Figure(what=what, measured=measured, against=peer, ratio=rate / limit))


if __name__ == "__main__":
    main()
