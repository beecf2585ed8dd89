"""What a cluster does that one machine does not: nodes come, end in the middle of a file, hang, and are refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.servers.ray import CANARY, MEMORY_BYTES, ON_RAY, RayCluster, connect

from bindery.workers.job import Answer, Cause, Job, Lost, Urgency
from bindery.workers.launcher import CannotStart
from bindery.workers.pool import WorkerLimits, WorkerPool
from bindery.workers.ray_cluster.cluster import RayWorkers
from bindery.workers.ray_cluster.messages import Batch, encode
from bindery.workers.ray_cluster.sealing import KeyPair, Unsealable
from bindery.workers.ray_cluster.settings import RaySettings
from bindery.workers.source import WorkerLost
from bindery.workers.submission import Submission

pytestmark = [*ON_RAY, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]
LIMITS = WorkerLimits(memory_bytes=MEMORY_BYTES, jobs_per_worker=1_000)


def job(name: str, body: object = b"") -> Job:
    return Job(f"some_jobs:{name}", body if isinstance(body, bytes) else str(body).encode())


def answers(submission: Submission) -> list[Answer]:
    found: dict[int, Answer] = {}
    while not submission.done:
        found |= {one.position: one.answer for one in submission.take(most_bytes=1)}
    return [found[position] for position in sorted(found)]


@pytest.fixture
def workers(ray_cluster: RayCluster) -> Iterator[RayWorkers]:
    """A connection of the test's own, which it may break."""
    with connect(ray_cluster, preload=["some_jobs"]) as connected:
        yield connected


@pytest.fixture
def pool(workers: RayWorkers) -> Iterator[WorkerPool]:
    opened = WorkerPool(2, LIMITS, source=workers)
    yield opened
    opened.close()


def test_files_under_way_when_a_node_is_lost_are_read_elsewhere(
    ray_cluster: RayCluster, pool: WorkerPool, workers: RayWorkers, tmp_path: Path
) -> None:
    """A second node joins, takes its part of what is held, and is killed with all that runs there."""
    assert pool.workers == 2
    second = ray_cluster.add_node(2)
    try:
        until(lambda: pool.workers == 4, 120)
        held = tmp_path / "go on"
        jobs = [job("wait_for_file", str(held)) if at < 4 else job("echo", at) for at in range(200)]
        submission = pool.submit(jobs, urgency=Urgency.SCAN, owner="bucket")
        until(lambda: len(pool.pids()) == 5)
        until(lambda: min(node.load for node in workers.nodes()) > 0)
    finally:
        ray_cluster.lose(second)
    until(lambda: pool.workers == 2, 120)
    held.touch()
    told = answers(submission)
    assert len(told) == 200
    assert not [answer for answer in told if isinstance(answer, Lost)]
    assert told[4:] == [str(at).encode() for at in range(4, 200)]


def test_the_process_on_a_node_is_killed_again_and_again_and_no_job_is_lost(pool: WorkerPool) -> None:
    """Each time when some have been answered since, so that no job meets as many kills as make it given up."""
    jobs = [job("sleep", 0.005) for _ in range(300)]
    submission = pool.submit(jobs, urgency=Urgency.SCAN, owner="bucket")
    told: dict[int, Answer] = {}
    kills = 0
    while not submission.done:
        told |= {one.position: one.answer for one in submission.take(most_bytes=1)}
        if kills < 4 and len(told) >= 50 * (kills + 1):
            for pid in pool.pids()[1:2]:
                with suppress(OSError):
                    os.kill(_parent_of(_parent_of(pid)), signal.SIGKILL)
                    kills += 1
    assert kills > 0
    assert told == dict.fromkeys(range(300), b"0.005")


def test_a_job_that_loses_its_node_each_time_is_given_up_for_now_and_not_blamed(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It kills the process on the node; what it gets in the end says that the file may be tried again."""
    monkeypatch.setattr("bindery.workers.pool._TRIES_BETWEEN", 2)
    (lost,) = answers(pool.submit([job("kill_node")], urgency=Urgency.SCAN, owner="me"))
    assert isinstance(lost, Lost)
    assert lost.cause is Cause.NO_WORKER
    assert answers(pool.submit([job("echo", b"x")], urgency=Urgency.SCAN, owner="me")) == [b"x"]


def test_a_lost_connection_to_the_cluster_is_made_again(pool: WorkerPool, workers: RayWorkers) -> None:
    submission = pool.submit([job("sleep", 0.01)] * 100, urgency=Urgency.SCAN, owner="bucket")
    until(lambda: len(pool.pids()) > 1)
    assert workers.pid is not None
    os.kill(workers.pid, signal.SIGKILL)
    assert answers(submission) == [b"0.01"] * 100


def test_a_cluster_that_is_not_there_is_told_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bindery.workers.ray_cluster.cluster._WAIT_SECONDS", 0.5)
    with capture_logs() as lines:
        pool = WorkerPool(
            1, LIMITS, source=RayWorkers(RaySettings(address="127.0.0.1:9"), [], MEMORY_BYTES)
        )
        try:
            (lost,) = answers(pool.submit([job("echo")], urgency=Urgency.CALL, owner="me"))
            assert isinstance(lost, Lost) and lost.cause is Cause.NO_WORKER
            assert "the Ray cluster at 127.0.0.1:9" in pool.trouble
        finally:
            closing = threading.Thread(target=pool.close)
            closing.start()
            closing.join(120)
    assert not closing.is_alive()
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "no worker process can be started; what they are to do waits"
    ]


def test_a_killed_server_leaves_no_process_on_the_cluster(ray_cluster: RayCluster) -> None:
    program = f"""
        import sys, time
        sys.path[:0] = [{str(Path(__file__).parent)!r}]
        from bindery.workers.job import Job, Urgency
        from bindery.workers.pool import WorkerLimits, WorkerPool
        from bindery.workers.ray_cluster.cluster import RayWorkers
        from bindery.workers.ray_cluster.settings import RaySettings
        source = RayWorkers(RaySettings(address={ray_cluster.address!r}), [], 1 << 28)
        pool = WorkerPool(1, WorkerLimits(memory_bytes=1 << 28, jobs_per_worker=9), source=source)
        pool.submit([Job("some_jobs:wait_for_file", b"/nowhere")], urgency=Urgency.SCAN, owner="me")
        while len(pool.pids()) < 2:
            time.sleep(0.05)
        print("pids", *pool.pids(), flush=True)
        time.sleep(100)
    """
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE, env={**os.environ, **ray_cluster.environment}, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        told = next(line for line in server.stdout if line.startswith("pids"))
        bridge, worker = map(int, told.split()[1:])
        actor = _parent_of(_parent_of(worker))
        assert _runs(bridge) and _runs(worker) and _runs(actor)
    finally:
        server.kill()
        server.communicate()
    until(lambda: not any(_runs(pid) for pid in (bridge, worker, actor)))


def test_what_goes_to_nodes_and_comes_back_can_be_read_by_nobody_else() -> None:
    server, node, other = KeyPair(), KeyPair(), KeyPair()
    ours, theirs = server.server_channel(node.public), node.node_channel(server.public)
    sealed = ours.seal(encode(Batch([job("echo", CANARY)], at_once=True)), 7)
    assert CANARY.encode() not in sealed
    assert CANARY.encode() in theirs.open(sealed, 7)
    assert ours.open(theirs.seal(b"answer", 7), 7) == b"answer"
    for wrong in (
        lambda: theirs.open(sealed, 8),  # of another worker
        lambda: theirs.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), 7),
        lambda: theirs.open(b"", 7),
        lambda: ours.open(sealed, 7),  # sent back
        lambda: other.node_channel(server.public).open(sealed, 7),
    ):
        with pytest.raises(Unsealable):
            wrong()


def test_a_worker_whose_node_is_gone_takes_no_batch(pool: WorkerPool, workers: RayWorkers) -> None:
    worker = workers.start()
    os.kill(_parent_of(_parent_of(worker.pid)), signal.SIGKILL)
    until(lambda: worker.is_gone)
    with pytest.raises(WorkerLost) as caught:
        worker.begin([job("echo")])
    assert caught.value.lost.cause is Cause.NO_WORKER
    worker.close()
    workers.close()
    with pytest.raises(CannotStart, match="closed"):
        workers.start()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
