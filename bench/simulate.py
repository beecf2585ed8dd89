"""A first scan and what follows it on machines that are not here: who waits for whom, from measured costs.

A fluid model: objects flow from the listing through extraction, sync and the record into the index of every server.
Each stage takes what its cores, its store or its network allow, and no more than came to it; what waits between listing
and commit is bounded, as it is in the server (back pressure). Costs are those that the other benchmarks measure.
With the values of one machine of two cores it has to come out where ``bench/scan.py`` does; ``--check`` compares.

    python bench/simulate.py                                    # the table of docs/scaling.md
    python bench/simulate.py --objects 1e9 --servers 4 --ray-cores 256 --ranges 64
    python bench/simulate.py --check 1650                        # beside a scan measured here, files/s
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

PAGE = 1_000
WAITING = 50_000
"""Objects between listing and commit, at most, for each binding."""
TAKEOVER_SECONDS = 10.0
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Of one photo of a camera, processor time in microseconds; ``docs/performance.md`` says how each was measured."""

    worker: float = 525
    sync: float = 235
    """In the server's interpreter: listing, admission, messages, packing of the document."""
    record: float = 60
    """In the database: two rows and a change, committed by pages."""
    index: float = 126
    """In every server that answers for the dataset."""
    bytes_read: float = 53_000
    requests: float = 1.0
    record_bytes: float = 820
    index_bytes: float = 315
    unchanged: float = 12
    """Of an object that a rescan finds as it was."""
    busy: float = 0.75
    """Share of the cores that a scan puts to use: what waits for disks and for each other is the rest."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What there is to work with."""

    objects: float
    bindings: int = 1
    servers: int = 1
    server_cores: int = 2
    ray_cores: int = 0
    """Cores that extract beside the servers; none: the servers' own extract."""
    record_cores: int = 0
    """Cores of PostgreSQL; none: the record is SQLite, on the server's cores."""
    ranges: int = 1
    """Listings at the same time, of one bucket."""
    listing_seconds: float = 0.0
    """The store's time for a page of 1,000 keys; 0 for a local folder, whose listing is in ``sync``."""
    get_limit: float = math.inf
    """Requests/s that the store answers."""
    network: float = math.inf
    """Bytes/s from the store."""
    failures: tuple[tuple[float, float], ...] = ()
    """When a server dies, and for how many seconds it stays away."""


@dataclass
class Flow:
    """How far each stage has come, and for how long it was the one that others waited for."""

    listed: float = 0
    extracted: float = 0
    committed: float = 0
    indexed: float = 0
    seconds: float = 0
    held_up_by: dict[str, float] = field(default_factory=dict)


def rates(cluster: Cluster, costs: Costs, servers: float) -> dict[str, float]:
    """Objects/s that each resource allows by itself, with so many servers alive (a part: one is being taken over)."""
    alone = not cluster.ray_cores
    cores = cluster.server_cores * servers * costs.busy
    each = {
        "a store's listing": cluster.bindings * cluster.ranges * PAGE / cluster.listing_seconds
        if cluster.listing_seconds
        else math.inf,
        "the store's answers": cluster.get_limit / costs.requests,
        "the network": cluster.network / costs.bytes_read,
        "one interpreter a server": min(servers, cluster.bindings) * 1e6 / costs.sync,
    }
    own = costs.sync + (0 if cluster.record_cores else costs.record) + costs.index * max(servers, 1)
    if alone:
        each["the servers' cores"] = cores * 1e6 / (own + costs.worker)
    else:
        each["the servers' cores"] = cores * 1e6 / own
        each["cores that extract"] = cluster.ray_cores * costs.busy * 1e6 / costs.worker
    if cluster.record_cores:
        each["the record"] = min(cluster.record_cores, cluster.bindings) * 1e6 / costs.record
    return each


def simulate(cluster: Cluster, costs: Costs, step: float = 1.0) -> Flow:
    """Until every server's index holds every object; ``step`` in seconds."""
    flow = Flow()
    while flow.indexed < cluster.objects - 0.5:
        alive = _alive(cluster, flow.seconds)
        allowed = rates(cluster, costs, alive) if alive else dict.fromkeys(rates(cluster, costs, 1), 0.0)
        listing = allowed["a store's listing"]
        slowest = min((name for name in allowed if name != "a store's listing"), key=allowed.__getitem__)
        room = WAITING * cluster.bindings - (flow.listed - flow.committed)
        flow.listed += min(listing * step, max(room, 0.0), cluster.objects - flow.listed)
        done = min(allowed[slowest] * step, flow.listed - flow.committed)
        flow.extracted += done
        flow.committed += done
        by_index = 1e6 / costs.index * step if alive else 0.0
        flow.indexed += min(by_index, flow.committed - flow.indexed)
        starved = done < allowed[slowest] * step * 0.999 and flow.listed < cluster.objects
        name = "a takeover" if not alive else "a store's listing" if starved else slowest
        if flow.committed >= cluster.objects - 0.5:
            name = "the index" if done < 0.5 else name
        flow.held_up_by[name] = flow.held_up_by.get(name, 0.0) + step
        flow.seconds += step
        if flow.seconds > 10 * 365 * DAY:
            raise SystemExit("it does not end within ten years")
    return flow


def _alive(cluster: Cluster, now: float) -> float:
    """Servers at work; what a dead one did waits until its leases are over, then its neighbours do it."""
    alive = float(cluster.servers)
    for began, away in cluster.failures:
        if began <= now < began + max(away, TAKEOVER_SECONDS):
            alive -= 1
    return max(alive, 0.0)


def bottleneck(flow: Flow) -> str:
    """What held the scan up for the longest time."""
    return max(flow.held_up_by, key=flow.held_up_by.__getitem__)


_EIGHT = Cluster(objects=1e7, server_cores=8, ranges=16, listing_seconds=0.1, get_limit=5_500)
_TEN_BUCKETS = replace(_EIGHT, objects=1e8, bindings=10, get_limit=55_000)
_TWO = replace(_TEN_BUCKETS, servers=2, ray_cores=32, record_cores=8)
_FOUR = replace(
    _TWO,
    objects=1e9,
    bindings=100,
    servers=4,
    server_cores=16,
    ray_cores=64,
    record_cores=16,
    get_limit=550_000,
)
CASES: tuple[tuple[str, Cluster], ...] = (
    ("this machine, a local folder", Cluster(objects=1e6)),
    ("one server of 8 cores, one bucket, listed by 16 ranges", _EIGHT),
    ("the same, ten buckets", _TEN_BUCKETS),
    ("2 servers of 8, PostgreSQL of 8, 32 cores of Ray, ten buckets", _TWO),
    ("4 servers of 16, PostgreSQL of 16, 64 cores of Ray, a hundred buckets", _FOUR),
    (
        "the same over 10 Gbit/s, a server dead for an hour",
        replace(_FOUR, network=1.25e9, failures=((3_600, 3_600),)),
    ),
)


def table(costs: Costs) -> Iterator[str]:
    """A line for each case: how long, how fast, what holds it up, and what is left on the disks."""
    yield "| what | objects | first scan | objects/s | held up by | record | index, each server | a pass over all |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, cluster in CASES:
        flow = simulate(cluster, costs, step=max(1.0, cluster.objects / 2e7))
        yield (
            f"| {name} | {cluster.objects:,.0f} | {_time(flow.seconds)} | {cluster.objects / flow.seconds:,.0f} "
            f"| {bottleneck(flow)} | {cluster.objects * costs.record_bytes / 1e9:,.1f} GB "
            f"| {cluster.objects * costs.index_bytes / 1e9:,.1f} GB | {_time(rescan_seconds(cluster, costs))} |"
        )


def rescan_seconds(cluster: Cluster, costs: Costs) -> float:
    """A pass over unchanged objects: listing and ledger, with nothing read."""
    by_server = min(cluster.servers, cluster.bindings) * 1e6 / costs.unchanged
    by_store = (
        cluster.bindings * cluster.ranges * PAGE / cluster.listing_seconds
        if cluster.listing_seconds
        else math.inf
    )
    return cluster.objects / min(by_server, by_store)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"


def main() -> None:
    """Print the table, one case, or the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=float)
    parser.add_argument("--bindings", type=int, default=1)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--server-cores", type=int, default=8)
    parser.add_argument("--ray-cores", type=int, default=0)
    parser.add_argument("--record-cores", type=int, default=0)
    parser.add_argument("--ranges", type=int, default=1)
    parser.add_argument("--listing-seconds", type=float, default=0.1, help="of a page of 1,000 keys")
    parser.add_argument("--get-limit", type=float, default=math.inf, help="requests/s of the store")
    parser.add_argument("--network", type=float, default=math.inf, help="bytes/s from the store")
    parser.add_argument("--bytes", type=float, help="read of each object")
    parser.add_argument("--check", type=float, metavar="FILES/S", help="a scan measured here, on two cores")
    given = vars(parser.parse_args())
    measured, size = given.pop("check"), given.pop("bytes")
    costs = replace(Costs(), bytes_read=size) if size else Costs()
    if measured:
        flow = simulate(CASES[0][1], costs)
        rate = 1e6 / flow.seconds
        print(f"simulated {rate:,.0f} files/s, measured {measured:,.0f}: {rate / measured:.2f}")
    elif given["objects"]:
        cluster = Cluster(**given)
        flow = simulate(cluster, costs, step=max(1.0, cluster.objects / 2e7))
        print(
            f"first scan: {_time(flow.seconds)}, {cluster.objects / flow.seconds:,.0f} objects/s, held up by"
        )
        for name, seconds in sorted(flow.held_up_by.items(), key=lambda pair: -pair[1]):
            print(f"  {name}: {_time(seconds)}")
        for name, rate in sorted(rates(cluster, costs, cluster.servers).items(), key=lambda pair: pair[1]):
            print(f"  {name} alone would allow {rate:,.0f} objects/s")
    else:
        print("\n".join(table(costs)))


if __name__ == "__main__":
    main()
