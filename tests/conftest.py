"""Fixtures for every room: real Bindery servers, each a process of its own."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from hypothesis import settings
from tests.own_threads import begin_test
from tests.servers.ending import ends_with_us
from tests.servers.postgresql import Postgresql, catalog_table
from tests.servers.ray import RayCluster
from xdist.scheduler import LoadScopeScheduling

from bindery.api.gateway.signature import sign_v3
from bindery.api.spec.model import load_models
from bindery.clock import DEFAULT_ZONE, day_number, now_ns

RANDOM = bool(os.environ.get("BINDERY_RANDOM"))
"""Try other random inputs each time. Without it the same are tried, so that a change is judged by itself alone."""

# A busy machine is no failure: tests say what happens, never how fast.
settings.register_profile("bindery", deadline=None, derandomize=not RANDOM, print_blob=True)
settings.load_profile("bindery")

_configure = structlog.configure


def _configure_without_cache(**settings: Any) -> None:
    _configure(**settings | {"cache_logger_on_first_use": False})


# Servers of tests end by these; a shell that runs the tests behind itself has them ignored, which children inherit.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

# A logger that is kept as one test has it would be out of reach of the next.
structlog.configure = _configure_without_cache

LONGEST_COUNT_NS = 120_000_000_000
"""How long a test that counts by day takes at most, beside others."""

_ON_RAY = re.compile(r"\[ray\b|on_ray\b|test_ray")
"""Ids of tests that need a Ray cluster."""


class OneCluster(LoadScopeScheduling):
    """With several processes, all tests on a Ray cluster run in one of them, for a cluster takes 2 GiB. Their ids tell
    which they are: xdist 3.8 marks groups in a member of nodes that pytest 9.2 no longer has."""

    def _split_scope(self, nodeid: str) -> str:
        return "on a Ray cluster" if _ON_RAY.search(nodeid) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneCluster:
    """How tests are spread over processes."""
    return OneCluster(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def process_stays() -> Iterator[None]:
    """What a test does to its process must not change what the next one finds; servers are processes of their own."""
    begin_test()
    mask, log = _umask(), structlog.get_config() if structlog.is_configured() else None
    yield
    structlog.reset_defaults()
    if log is not None:
        structlog.configure(**log)
    changed = _umask()
    os.umask(mask)
    assert changed == mask, f"this test changed the umask of its process to {changed:04o}"


def _umask() -> int:
    """Read, and not set for a moment, in which another thread may make a file."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:")), 8)


MOVED_CLOCK = str(Path(__file__).parent / "servers" / "moved_clock.py")
_TLS = "--tls-certificate"
ROOT_KEY = ("LTAItestRootKey", "test-root-secret")


class RunningServer:
    """A ``bindery serve`` process. Every folder in ``bucket_root`` is a bucket."""

    def __init__(
        self,
        data: Path,
        bucket_root: Path,
        *options: str,
        env: dict[str, str] | None = None,
        log: Path | None = None,
        clock: Path | None = None,
    ) -> None:
        self.data, self.bucket_root = data, bucket_root
        self.certificate = options[options.index(_TLS) + 1] if _TLS in options else None
        """What it shows by TLS."""
        self.key_id, self.key_secret = ROOT_KEY
        bucket_root.mkdir(parents=True, exist_ok=True)
        data.mkdir(parents=True, exist_ok=True)
        program = ["-m", "bindery.cli.main"] if clock is None else [MOVED_CLOCK, str(clock)]
        command = [sys.executable, *program, "serve", "--port", "0"]
        command += ["--data", str(data), "--bucket-root", str(bucket_root), *options]
        keys = {"BINDERY_ACCESS_KEY_ID": self.key_id, "BINDERY_ACCESS_KEY_SECRET": self.key_secret}
        self.log = log or data / "server.log"
        with self.log.open("ab") as stderr:
            self.process = subprocess.Popen(
                ends_with_us(command),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={**os.environ, **keys, **(env or {})},
            )
        self.output = ""
        """What it has written to standard output, complete once it has ended."""
        self.endpoint = self._wait_until_ready()
        self.address = self.endpoint.partition("://")[2]

    def _wait_until_ready(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if line.startswith("bindery ready "):
                return line.split()[2]
        self._reap()
        raise AssertionError(f"the server did not start:\n{self.log.read_text()}")

    def request(self, action: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Status and decoded body of one signed POST with all parameters in the query."""
        query = [(name, _text(value)) for name, value in parameters.items() if value is not None]
        headers = sign_v3(
            "POST", self.address, action, query, self.key_id, self.key_secret,
            version=load_models().version_of(action),
        )  # fmt: skip
        connection = self._connect()
        try:
            connection.request("POST", "/?" + urlencode(query), headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self.certificate is None:
            return http.client.HTTPConnection(self.address, timeout=120)
        trusted = ssl.create_default_context(cafile=self.certificate)
        return http.client.HTTPSConnection(self.address, timeout=120, context=trusted)

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """The body of an answer that must be a success."""
        status, body = self.request(action, **parameters)
        assert status == 200, (action, parameters, body)
        return body

    def request_again(self, action: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """The same, sent again as 503 asks for as long as a busy machine does not come to it in time."""
        deadline = time.monotonic() + 180
        while (answer := self.request(action, **parameters))[0] == 503 and time.monotonic() < deadline:
            time.sleep(0.5)
        return answer

    def wait(
        self, action: str, until: Callable[[dict[str, Any]], Any], seconds: float = 180, **parameters: Any
    ) -> dict[str, Any]:
        """The first answer for which ``until`` is true."""
        deadline = time.monotonic() + seconds
        while not until(body := self.call(action, **parameters)):
            assert time.monotonic() < deadline, (action, parameters, body)
            time.sleep(0.05)
        return body

    def make_dataset(self, project: str, dataset: str) -> None:
        """A fresh project with one dataset."""
        self.call("CreateProject", ProjectName=project)
        self.call("CreateDataset", ProjectName=project, DatasetName=dataset)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        self.process.kill()
        self._reap()

    def _reap(self) -> int:
        code = self.process.wait(timeout=120)
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.output += self.process.stdout.read()
            self.process.stdout.close()
        return code


@contextmanager
def starting_servers(folders: pytest.TempPathFactory) -> Iterator[Callable[..., RunningServer]]:
    """What starts servers; those that still run at the end are stopped."""
    running: list[RunningServer] = []

    def start(
        *options: str,
        data: Path | None = None,
        bucket_root: Path | None = None,
        env: dict[str, str] | None = None,
        clock: Path | None = None,
    ) -> RunningServer:
        folder = folders.mktemp("server")
        server = RunningServer(
            data or folder / "data",
            bucket_root or folder / "buckets",
            *options,
            env=env,
            clock=clock,
        )
        running.append(server)
        return server

    try:
        yield start
    finally:
        for server in running:
            if server.process.poll() is None:
                server.stop()


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningServer]]:
    """``start_server(*options, data=…, bucket_root=…, env=…)``; what still runs after the module is stopped.

    Folders that are not given are fresh ones. ``clock`` is a file with the seconds by which its time of day is moved.
    """
    with starting_servers(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def start_lasting_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., RunningServer]]:
    """The same for servers that all tests of a process share."""
    with starting_servers(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def node_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the vendor's packages for Node."""
    made = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(Path(__file__).parent / "node" / name, made / name)
    subprocess.run(["npm", "ci", "--silent"], cwd=made, check=True, timeout=240)
    return made


@pytest.fixture(scope="session")
def server(start_lasting_server: Callable[..., RunningServer]) -> RunningServer:
    """One server for the whole session; take names from ``new_name``, for others use it too."""
    return start_lasting_server()


@pytest.fixture(scope="session")
def server_with_postgresql(
    start_lasting_server: Callable[..., RunningServer],
    postgresql: Postgresql,
    tmp_path_factory: pytest.TempPathFactory,
) -> RunningServer:
    """As ``server``, with its record in PostgreSQL."""
    file = tmp_path_factory.mktemp("configuration") / "bindery.toml"
    file.write_text(catalog_table(postgresql.create_schema("server")))
    return start_lasting_server("--config", str(file))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server_on_ray(
    request: pytest.FixtureRequest,
    start_lasting_server: Callable[..., RunningServer],
    ray_cluster: RayCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> RunningServer:
    """As ``server``, with extraction on a Ray cluster, whose only node has the same folders; with either record."""
    root = tmp_path_factory.mktemp("shared")
    file = tmp_path_factory.mktemp("configuration") / "bindery.toml"
    settings = (
        f'[extraction]\npool = "ray"\n[ray]\naddress = "{ray_cluster.address}"\nfolders = ["{root}"]\n'
    )
    if request.param == "postgresql":
        postgresql: Postgresql = request.getfixturevalue("postgresql")
        settings += catalog_table(postgresql.create_schema("onray"))
    file.write_text(settings)
    return start_lasting_server("--config", str(file), bucket_root=root, env=ray_cluster.environment)


@pytest.fixture
def within_a_day() -> None:
    """What is counted by day is counted on one day: a midnight of the account that is near is waited for."""
    while day_number(now_ns() + LONGEST_COUNT_NS, DEFAULT_ZONE) != day_number(now_ns(), DEFAULT_ZONE):
        time.sleep(1)


@pytest.fixture(scope="session")
def new_name() -> Callable[[str], str]:
    """``new_name("project")``: a name that no other test has."""
    numbers = itertools.count(1)
    return lambda stem: f"{stem}-{next(numbers)}"


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
