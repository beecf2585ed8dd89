"""What an object of a full scan costs as the bucket grows: processor time of server and workers between milestones.

Budget: 10 % more at 1,000,000 objects than at 10,000, and memory that stays flat. The files are small JPEGs with tags
of their own on the local disk; to make a million of them takes longer than to scan them, so ``--folder`` keeps them.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from get_binding import KEY, start_server
from scan import TARGET, fill, make_photos

from bindery.cli.bind import create, ensure_dataset
from bindery.cli.client import Client

SIZES = ((160, 120),)
FIRST = (10_000, 20_000, 50_000)
STEP = 100_000
WARM_SECONDS = 5.0
"""Until the workers have loaded what they need."""
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Spent(NamedTuple):
    """Seconds of processor time until now, and bytes of memory of the server."""

    server: float
    workers: float
    resident: int


def main() -> None:
    """Make the files unless they are there, scan them, and print a line for each milestone."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the files here, or use those that are here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        bucket = (options.folder or Path(temporary) / "files").absolute()
        if not bucket.exists():
            bucket.mkdir(parents=True)
            for _ in fill(bucket, make_photos(SIZES), options.files):
                pass
        root = Path(temporary) / "server" / "buckets"
        root.mkdir(parents=True)
        (root / "photos").symlink_to(bucket)
        os.sync()
        scan(root.parent)


def scan(folder: Path) -> None:
    """Bind the bucket, and tell what each stretch of the scan took."""
    process, endpoint = start_server(folder)
    try:
        client = Client(endpoint, *KEY)
        ensure_dataset(client, TARGET["ProjectName"], TARGET["DatasetName"])
        time.sleep(WARM_SECONDS)
        before, began, indexed = spent(process.pid), time.perf_counter(), 0
        create(client, "CreateBinding", **TARGET)
        for milestone in itertools.chain(FIRST, itertools.count(STEP, STEP)):
            reached, is_over = _wait(client, milestone)
            now, at = spent(process.pid), time.perf_counter()
            if reached > indexed:
                _tell(reached, reached - indexed, at - began, before, now)
            before, began, indexed = now, at, reached
            if is_over:
                return
    finally:
        process.terminate()
        process.wait()


def _wait(client: Client, milestone: int) -> tuple[int, bool]:
    """How many entries are written once the milestone is reached or the scan is over, and which it is."""
    while True:
        binding = client.call("GetBinding", **TARGET)["Binding"]
        indexed, is_over = binding["Progress"]["Indexed"], binding["Phase"] == "IncrementalScanning"
        if is_over or indexed >= milestone:
            return indexed, is_over
        time.sleep(0.2)


def _tell(reached: int, count: int, seconds: float, before: Spent, now: Spent) -> None:
    server, workers = (
        (after - earlier) / count * 1e6 for earlier, after in zip(before[:2], now[:2], strict=True)
    )
    print(
        f"{reached:>10,}  {server + workers:6.0f} µs an object (server {server:.0f}, workers {workers:.0f})  "
        f"{count / seconds:7,.0f} objects/s  {now.resident / 2**20:5.0f} MiB",
        flush=True,
    )


def spent(server: int) -> Spent:
    """Of the server, and of all processes below it, those that have ended too."""
    parents, times, resident = {}, {}, 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text("ascii").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            number = int(entry.name)
            parents[number] = int(fields[1])
            times[number] = [int(ticks) / _TICK for ticks in fields[11:15]]
            if number == server:
                resident = int(fields[21]) * _PAGE
    below = {number for number in parents if server in _ancestors(number, parents)}
    own, ended = sum(times[server][:2]), sum(times[server][2:])
    return Spent(own, ended + sum(sum(times[number]) for number in below), resident)


def _ancestors(number: int, parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while (number := parents.get(number, 0)) and number not in found:
        found.add(number)
    return found


if __name__ == "__main__":
    main()
