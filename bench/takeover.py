"""From the end of a server that works on a binding to a commit of another one, on a record that three servers share.

A server is killed, stopped by SIGSTOP, or cut off from PostgreSQL; in the same moment a file is written into the bound
folder. The clock runs until another server has the file in the record. Budget: 10 s, each time; beside it the time that
a server without heartbeat has to come back, before which nobody may take what it holds. All servers are up when one is
lost: each has extracted a file since its start.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figure, tell

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.conftest import RunningServer
from tests.servers.catalogue import BUCKET, picture, wait_until
from tests.servers.postgresql import Postgresql
from tests.servers.shared import Shared

from bindery.catalog.record.postgresql.servers import LEASE_SECONDS

_BUDGET_SECONDS = 10.0
_SERVERS = 3
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.02
_FIRST = "first.gif"


def main() -> None:
    """Each way so many times, in turns; prints p50 and the longest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often a server is lost in each way")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder, Postgresql() as postgresql:
        shared = Shared(_start, Path(folder), postgresql.create_schema("takeover"), _SERVERS)
        try:
            (shared.bucket_root / BUCKET).mkdir(parents=True)
            (shared.bucket_root / BUCKET / _FIRST).write_bytes(picture(10, 10))
            shared.make_dataset("dataset")
            shared.bind()
            shared.wait_calm(_PATIENCE_SECONDS)
            found = _measure(shared, times)
            shared.check_fencing()
        finally:
            shared.close()
    for way, seconds in found.items():
        _tell(way, seconds)


def _start(*options: str, data: Path, bucket_root: Path) -> RunningServer:
    return RunningServer(data, bucket_root, *options)


def _measure(shared: Shared, times: int) -> dict[str, list[float]]:
    """Seconds of each takeover, by the way in which the server was lost."""
    ways: dict[str, tuple[Callable[[int], None], Callable[[int], None]]] = {
        "killed": (lambda at: shared.servers[at].kill(), shared.restart),
        "stopped by SIGSTOP": (
            lambda at: shared.servers[at].process.send_signal(signal.SIGSTOP),
            lambda at: shared.servers[at].process.send_signal(signal.SIGCONT),
        ),
        "cut off": (shared.cut, shared.mend),
    }
    found: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(times):
        for way, (lose, back) in ways.items():
            wait_until(lambda: _are_up(shared), _PATIENCE_SECONDS, shared.alive)
            holder = shared.wait_held()
            found[way].append(_takeover(shared, holder, lose, f"{way} {number}.gif"))
            back(holder)
            shared.wait_calm(_PATIENCE_SECONDS)
    return found


def _are_up(shared: Shared) -> bool:
    """Whether all servers beat, and their workers tell that the picture is no film."""
    target = {"ProjectName": shared.names["ProjectName"], "SourceURI": f"oss://{BUCKET}/{_FIRST}"}
    return len(shared.alive()) == _SERVERS and all(
        server.request("DetectMediaMeta", **target)[0] == 400 for server in shared.servers
    )


def _takeover(shared: Shared, holder: int, lose: Callable[[int], None], key: str) -> float:
    """Seconds from the loss of who works on the binding to a commit of another server; calls go to one that stays."""
    shared.server = shared.servers[(holder + 1) % _SERVERS]
    lose(holder)
    began = time.perf_counter()
    (shared.bucket_root / BUCKET / key).write_bytes(picture(10, 10))
    while shared.holder() in (None, holder):
        time.sleep(_LOOK_SECONDS)
    held = time.perf_counter() - began
    while not shared.is_committed(key):
        time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - began
    print(f"{key:25} lease {held:5.1f} s, commit {seconds:5.1f} s", file=sys.stderr, flush=True)
    return seconds


def _tell(way: str, seconds: list[float]) -> None:
    worst = max(seconds)
    measured = f"{worst:.1f} s (p50 {statistics.median(seconds):.1f} s)"
    what = f"a server that works on a binding is {way}: until another one has committed, longest of {len(seconds)}"
    tell(
        Figure(
            what=what,
            measured=measured,
            against=f"the budget of {_BUDGET_SECONDS:.0f} s",
            ratio=worst / _BUDGET_SECONDS,
            at_most=1,
        )
    )
    tell(
        Figure(
            what=what,
            measured=measured,
            against=f"the time that a server without heartbeat has, {LEASE_SECONDS:.0f} s",
            ratio=worst / LEASE_SECONDS,
        )
    )


if __name__ == "__main__":
    main()
