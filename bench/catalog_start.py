"""Starts on an existing catalog: of the catalog alone, of the whole server, and after a kill amid writes.

Budget: ready within 2 s on a catalog of 1,000,000 files. The first answer of a query is shown as well.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

from catalog_writes import PAGE, built_folder, commit_of
from figures import Figure, tell

from bindery.catalog.sqlite_catalog import SqliteCatalog

BUDGET_SECONDS = 2.0
_OPEN = """
import sys, time
from pathlib import Path
from bindery.catalog.sqlite_catalog import SqliteCatalog
from catalog_writes import wait_for_index
begin = time.perf_counter()
catalog = SqliteCatalog(Path(sys.argv[1]), account_id="10001")
opened = time.perf_counter()
dataset = catalog.datasets.get("bench", "bench")
wait_for_index(catalog, dataset.id)
hits = catalog.queries.search(dataset.id, None, limit=1).total_hits
print(opened - begin, time.perf_counter() - begin, hits)
catalog.close()
"""
_WRITE = (
    "import sys; from pathlib import Path; import catalog_start; catalog_start.write_on(Path(sys.argv[1]))"
)


def main() -> None:
    """Build the catalog, then start on it in each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="keep the catalog here, or use the one that is here")
    options = parser.parse_args()
    with built_folder(options.data, options.files) as folder:
        print_start("catalog", *open_catalog(folder))
        print_start("server", start_server(folder))
        kill_amid_writes(folder)
        print_start("catalog after a kill", *open_catalog(folder))


def open_catalog(folder: Path) -> tuple[float, float]:
    """Seconds until the catalog is open, and until it has answered a query."""
    done = subprocess.run(
        [sys.executable, "-c", _OPEN, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    opened, answered, _ = done.stdout.split()
    return float(opened), float(answered)


def start_server(folder: Path) -> float:
    """Seconds from the command to its line of readiness, interpreter and imports included."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - begin
    process.terminate()
    process.wait()
    assert line.startswith("bindery ready"), line
    return seconds


def kill_amid_writes(folder: Path) -> None:
    """A process that commits and is killed, so that both logs are left behind."""
    process = subprocess.Popen([sys.executable, "-c", _WRITE, str(folder)], cwd=Path(__file__).parent)
    time.sleep(8)
    process.kill()
    process.wait()
    left = sum(path.stat().st_size for path in (folder / "index").glob("*.wal"))
    print(f"the kill left {left / 2**20:.0f} MiB of the index's log")


def write_on(folder: Path) -> None:
    """Rewrite files at random, without end."""
    catalog = SqliteCatalog(folder, account_id="10001")
    binding = catalog.bindings.get("bench", "bench", "bench-bucket")
    count = catalog.datasets.statistics("bench", "bench").file_count
    chance = random.Random(4)
    while True:
        catalog.bindings.commit(commit_of(binding, sorted(chance.sample(range(count), PAGE)), chance))


def print_start(name: str, ready: float, answered: float | None = None) -> None:
    """One line of figures."""
    first = "" if answered is None else f" (first answer after {answered:.2f} s)"
    tell(
        Figure(
            what=f"start of the {name}",
            measured=f"{ready:.2f} s{first}",
            against=f"the budget of {BUDGET_SECONDS:g} s",
            ratio=ready / BUDGET_SECONDS,
            at_most=1,
        )
    )


if __name__ == "__main__":
    main()
