"""A real Ray cluster on loopback: the processes that ``ray start`` starts, two processors, a small object store."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.servers.ending import ends_with_us
from tests.servers.ports import free_port

from bindery.workers.ray_cluster.cluster import RayWorkers
from bindery.workers.ray_cluster.remote import RemoteWorker
from bindery.workers.ray_cluster.settings import RaySettings

TESTS = Path(__file__).parents[1]
CANARY = "canary-7d1f"
MEMORY_BYTES = 256 * 1024 * 1024
ON_RAY = (pytest.mark.server, pytest.mark.timeout(900))
"""Marks of tests on the cluster; the first of them starts it, which takes minutes on a busy machine."""


def on_ray(test: Callable[..., None]) -> Callable[..., None]:
    """A test with these marks."""
    for mark in ON_RAY:
        test = mark(test)
    return test


Process = tuple[int, int]
"""Its number, and when it began: numbers come again."""

_PRELOADED = ("poison", "some_jobs", "bindery.extract.preload")
_ATTEMPTS = 2
_START_SECONDS = 240.0
_STORE_BYTES = 80 * 1024 * 1024
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # what Ray calls it to use a cluster on loopback
    "RAY_enable_worker_prestart": "0",
    # a busy machine is no failure, nor is what others on it hold in memory
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_raylet_start_wait_time_s": "240",
    "RAY_agent_register_timeout_ms": "240000",
}


_RAY_ON_LOOPBACK = """
import ray._private.services
from ray.scripts.scripts import main
ray._private.services.get_node_ip_address = lambda *_: "127.0.0.1"
main()
"""
"""A node joins a cluster that is not on loopback, else; there is no option for it."""


class RayCluster:
    """A head with two processors; ``address`` and ``environment`` are for whoever connects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port, self.client_port = free_port(), free_port()
        self.address = f"127.0.0.1:{self._port}"
        self.environment = {**_QUIET, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

    def start(self) -> None:
        """The head, which takes work too."""
        head = ["--head", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        ports = [f"--port={self._port}", f"--ray-client-server-port={self.client_port}"]
        self._start(*head, *ports, processors=2)

    def add_node(self, processors: int) -> subprocess.Popen[bytes]:
        """One more node on this machine; its process, to be ended by ``lose``."""
        return self._start(f"--address={self.address}", processors=processors)

    def lose(self, node: subprocess.Popen[bytes]) -> None:
        """A node is gone from one moment to the next, with all that ran there."""
        with suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()

    def workers(self) -> set[Process]:
        """What servers have on the nodes: their actors, and the processes below these."""
        parents: dict[Process, int] = {}
        actors: set[Process] = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it may end at any time
                process, parent = _told(folder)
                parents[process] = parent
                if self._is_actor(folder):
                    actors.add(process)
        found: set[Process] = set()
        more = actors
        while more:
            found |= more
            numbers = {number for number, _ in more}
            more = {process for process, parent in parents.items() if parent in numbers} - found
        return found

    def _is_actor(self, process: Path) -> bool:
        """Of this cluster, not of another one on the machine."""
        if not (process / "comm").read_bytes().startswith(b"ray::NodeWorker"):
            return False
        return self.environment["RAY_AUTH_TOKEN"].encode() in (process / "environ").read_bytes()

    def _start(self, *options: str, processors: int) -> subprocess.Popen[bytes]:
        """Ray takes ports that are free when it is started; somebody else may be quicker, then it waits for ever."""
        for _ in range(_ATTEMPTS):
            log = self.folder / f"node-{len(self._processes)}.log"
            process = self._launch(options, processors, log)
            self._processes.append(process)
            end = time.monotonic() + _START_SECONDS
            while process.poll() is None and time.monotonic() < end:
                if b"Ray runtime started" in log.read_bytes():
                    return process
                time.sleep(0.1)
            self.lose(process)
        raise AssertionError(log.read_text()[-3_000:])

    def _launch(self, options: Sequence[str], processors: int, log: Path) -> subprocess.Popen[bytes]:
        ports = ("dashboard-agent-grpc", "dashboard-agent-listen", "runtime-env-agent", "metrics-export")
        command = [sys.executable, "-c", _RAY_ON_LOOPBACK, "start", "--block", *options]
        command += [f"--{name}-port={free_port()}" for name in ports]
        command += [
            "--node-ip-address=127.0.0.1", "--min-worker-port=0", "--max-worker-port=0", "--include-log-monitor=false",
            "--disable-usage-stats", f"--num-cpus={processors}", f"--object-store-memory={_STORE_BYTES}",
        ]  # fmt: skip
        paths = [TESTS.parent / "src", TESTS / "extract", TESTS / "workers"]
        environment = {
            **os.environ, **self.environment,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "AWS_SECRET_ACCESS_KEY": CANARY, "MY_OWN_PASSWORD": CANARY,
        }  # fmt: skip
        with log.open("wb") as output:
            return subprocess.Popen(
                ends_with_us(command, by="TERM"),
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End all processes."""
        for process in self._processes:
            self.lose(process)


def living(processes: set[Process]) -> set[Process]:
    """Those that have not ended, whoever is their parent now."""
    found = set()
    for process in processes:
        with suppress(OSError):
            if _told(Path("/proc") / str(process[0]))[0] == process:
                found.add(process)
    return found


def _told(process: Path) -> tuple[Process, int]:
    """Itself and its parent. Raises OSError."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(process.name), int(fields[19])), int(fields[1])


@contextmanager
def run_ray() -> Iterator[RayCluster]:
    """Start a cluster, and end it."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'bindery-imm[ray]'")
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # a short path: Ray has sockets in it
    cluster = RayCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


class LentWorkers:
    """A ``WorkerSource`` that outlives the pools it is lent to: connecting takes seconds."""

    def __init__(self, workers: RayWorkers) -> None:
        self._workers = workers

    @property
    def pid(self) -> int | None:
        return self._workers.pid

    def open(self, resize: Callable[[int], None]) -> None:
        """The pool keeps the number of workers that the test wants."""

    def start(self) -> RemoteWorker:
        return self._workers.start()

    def close(self) -> None:
        """Stays open."""


@contextmanager
def connect(cluster: RayCluster, preload: Sequence[str] = _PRELOADED) -> Iterator[RayWorkers]:
    """Workers on the cluster with what the tests of pools let them do."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        workers = RayWorkers(RaySettings(address=cluster.address), preload, MEMORY_BYTES)
    try:
        workers.open(lambda _: None)
        end = time.monotonic() + _START_SECONDS
        while not workers.nodes():
            assert time.monotonic() < end, workers.problem
            time.sleep(0.05)
        yield workers
    finally:
        workers.close()
