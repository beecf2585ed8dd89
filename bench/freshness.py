"""From a file written into a bound folder to the SimpleQuery that finds it, through a whole server.

Budget: 95 % within one second. The limit of the machine is measured in the same run: how long the same query
takes when there is nothing to wait for.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from get_binding import KEY, start_server

from bindery.cli.bind import create, ensure_dataset, follow
from bindery.cli.client import Client

TARGET = {"ProjectName": "bench", "DatasetName": "bench", "URI": "oss://folder"}
NAMES = {name: TARGET[name] for name in ("ProjectName", "DatasetName")}


def main() -> None:
    """Write files one after the other, then a burst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=60, help="files written one after the other")
    parser.add_argument("--burst", type=int, default=1_000, help="files written at once")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bucket = Path(folder) / "buckets" / "folder"
        bucket.mkdir(parents=True)
        process, endpoint = start_server(Path(folder))
        try:
            client = Client(endpoint, *KEY)
            ensure_dataset(client, NAMES["ProjectName"], NAMES["DatasetName"])
            create(client, "CreateBinding", **TARGET)
            follow(client, TARGET)
            _measure(client, bucket, arguments.files, arguments.burst)
        finally:
            process.terminate()
            process.wait()


def _measure(client: Client, bucket: Path, files: int, burst: int) -> None:
    times = sorted(_seconds_until_found(client, bucket, number) for number in range(files))
    p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
    began = time.perf_counter()
    for number in range(20):
        _found(client, f"one{number}.txt")
    query = (time.perf_counter() - began) / 20
    spent = _seconds_of_burst(client, bucket, burst)
    print(
        f"one file              p50 {p50 * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms   query {query * 1000:.1f} ms"
    )
    print(f"p95 to the budget     {p95:6.2f}   budget 1.00 (1 s)")
    print(f"burst of {burst:,} files  {spent:6.2f} s from the first write to the last one found")


def _seconds_until_found(client: Client, bucket: Path, number: int) -> float:
    name = f"one{number}.txt"
    (bucket / name).write_text(f"file {number}\n", "utf-8")
    written = time.perf_counter()
    while not _found(client, name):
        time.sleep(0.005)
    return time.perf_counter() - written


def _found(client: Client, name: str) -> bool:
    query = {"Field": "URI", "Operation": "eq", "Value": f"oss://folder/{name}"}
    return bool(_query(client, query)["TotalHits"])


def _seconds_of_burst(client: Client, bucket: Path, burst: int) -> float:
    began = time.perf_counter()
    for number in range(burst):
        (bucket / f"burst{number:06d}.txt").write_text(f"file {number}\n", "utf-8")
    query = {"Field": "URI", "Operation": "prefix", "Value": "oss://folder/burst"}
    while _query(client, query)["TotalHits"] < burst:
        time.sleep(0.01)
    return time.perf_counter() - began


def _query(client: Client, query: dict[str, Any]) -> dict[str, Any]:
    return client.call("SimpleQuery", **NAMES, Query=query, MaxResults=1)


if __name__ == "__main__":
    main()
