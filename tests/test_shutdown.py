"""SIGTERM in the middle of every kind of work: status 0, within seconds, without a traceback, and nothing is lost.

``BINDERY_CLOSINGS=100`` ends as many servers in each test, ``BINDERY_SEED`` repeats what failed. Run it with ``-s``
to see how long each end took.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pty
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.servers.ending import ends_with_us
from tests.servers.postgresql import Postgresql, catalog_table

CLOSINGS = int(os.environ.get("BINDERY_CLOSINGS", "2"))
FILES = 600
LONGEST_PAUSE_SECONDS = 1.5
LIMIT_SECONDS = 120
"""What a busy machine may need; the server itself gives up on what does not end after 4.5 s."""

pytestmark = [pytest.mark.server, pytest.mark.timeout(180 + 60 * CLOSINGS)]

Start = Callable[..., Any]
Work = Callable[[Any, int], int]
"""Called again and again, with the number of the round, while the server is told to stop; returns the status."""

PLACE = {"ProjectName": "p", "DatasetName": "d"}
BUCKET = {**PLACE, "URI": "oss://media"}


def _query(server: Any, _: int) -> int:
    leaves = [{"Field": "ContentType", "Operation": "prefix", "Value": f"te{n}"} for n in range(60)]
    return server.request(
        "SimpleQuery", **PLACE, Query={"Operation": "or", "SubQueries": leaves}, MaxResults=100
    )[0]


def _index(server: Any, number: int) -> int:
    files = [{"URI": f"oss://media/{(number * 50 + n) % FILES:04d}.txt"} for n in range(50)]
    told = {"MNS": {"TopicName": "deaf"}}
    return server.request("BatchIndexFileMeta", **PLACE, Files=files, Notification=told)[0]


def _bind_again(server: Any, _: int) -> int:
    server.request("DeleteBinding", **BUCKET)
    return server.request("CreateBinding", **BUCKET)[0]


def _clean_up(server: Any, _: int) -> int:
    server.request("DeleteBinding", **BUCKET, Cleanup="true")
    return server.request("CreateBinding", **BUCKET)[0]


def _change_files(server: Any, number: int) -> int:
    for n in range(100):
        (server.bucket_root / "media" / f"{n:04d}.txt").write_text(f"changed {number}")
    return 200


def _send_events(server: Any, number: int) -> int:
    records = [
        {"s3": {"bucket": {"name": "media"}, "object": {"key": f"{(number + n) % FILES:04d}.txt"}}}
        for n in range(20)
    ]
    connection = http.client.HTTPConnection(server.address, timeout=120)
    headers = {"Authorization": "Bearer hush", "Content-Type": "application/json"}
    connection.request("POST", "/events", json.dumps({"Records": records}), headers)
    with contextlib.closing(connection):
        return connection.getresponse().status


def _ask(action: str, **parameters: Any) -> Work:
    return lambda server, _: server.request(action, **parameters)[0]


WORKS: dict[str, list[Work]] = {
    "scans and deletions of bindings": [_bind_again, _ask("SimpleQuery", **PLACE)],
    "deletions of bindings with what they made": [_clean_up, _ask("SimpleQuery", **PLACE)],
    "changes, events and notifications": [_change_files, _send_events, _index],
    "queries and a rebuilt index": [_query, _query, _query],
    "work behind calls": [
        _ask("RetryLedgerEntries", **BUCKET, Outcome="Indexed"),
        _ask("AuditBinding", **BUCKET),
        _ask("RebuildIndex", **PLACE),
        _ask("EstimateBinding", ProjectName="p", URI="oss://media"),
    ],
    "calls that wait": [
        _ask("DetectMediaMeta", ProjectName="p", SourceURI="oss://media/0000.txt"),
        _ask("DetectMediaMeta", ProjectName="p", SourceURI="oss://media/0001.txt"),
        _index,
    ],
}


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("BINDERY_SEED") or random.randrange(1_000_000))
    print(f"BINDERY_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def deaf() -> Any:
    """A receiver of notifications that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path, deaf: str) -> str:
    """With the record in either of them."""
    record = ""
    if request.param == "postgresql":
        postgresql: Postgresql = request.getfixturevalue("postgresql")
        record = catalog_table(postgresql.create_schema(f"s{uuid.uuid4().hex}"))
    path = tmp_path / "bindery.toml"
    path.write_text(
        f"{record}"
        '[sync]\nsettle_time = 0.05\n[extraction]\nworkers = 1\n[events]\ntoken = "hush"\n'
        f'[notifications]\nsecret = "whsec_{"QmluZGVyeSBzaWducyB3aGF0IGl0IHRlbGxzIG90aGVycw=="}"\n'
        f'[notifications.topics]\ndeaf = "{deaf}"\n'
    )
    return f"--config={path}"


@pytest.mark.parametrize("kind", WORKS)
def test_whatever_runs(
    kind: str, start_server: Start, tmp_path: Path, config: str, chance: random.Random
) -> None:
    media = tmp_path / "buckets" / "media"
    media.mkdir(parents=True)
    for number in range(FILES):
        (media / f"{number:04d}.txt").write_text(f"text {number}")
    for closing in range(CLOSINGS):
        server = start_server(config, data=tmp_path / "data", bucket_root=media.parent)
        if closing == 0:
            server.make_dataset("p", "d")
            server.call("CreateBinding", **BUCKET)
        ended = threading.Event()
        statuses: set[int] = set()
        threads = [
            threading.Thread(target=_repeat, args=(work, server, ended, statuses), daemon=True)
            for work in WORKS[kind]
        ]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.0, LONGEST_PAUSE_SECONDS))
        print(f"{kind}: ended after {_stop(server):.1f} s")
        ended.set()
        for thread in threads:
            thread.join(LIMIT_SECONDS)
        # 400: DetectMediaMeta of a text, where it got so far before the end
        assert statuses <= {200, 400, 404, 409, 503}, statuses
        log = server.log.read_text()
        assert "Traceback" not in log, log
        assert '"exception"' not in log, log
        if "index" in kind:
            shutil.rmtree(tmp_path / "data" / "index")


def _repeat(work: Work, server: Any, ended: threading.Event, statuses: set[int]) -> None:
    number = 0
    while not ended.is_set():
        # Whoever is not answered any more finds the connection refused, reset or cut short.
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            statuses.add(work(server, number))
        number += 1


def _stop(server: Any, number: signal.Signals = signal.SIGTERM) -> float:
    began = time.monotonic()
    server.process.send_signal(number)
    assert server.process.wait(timeout=LIMIT_SECONDS) == 0
    return time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_end_it_too(start_server: Start, number: signal.Signals) -> None:
    _stop(start_server(), number)


def test_ctrl_c_twice(start_server: Start) -> None:
    server = start_server()
    server.process.send_signal(signal.SIGINT)
    _stop(server, signal.SIGINT)


COMMAND = (sys.executable, "-m", "bindery.cli.main", "serve")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")}


def test_a_port_in_use_is_said_in_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    """Least of all a root key that was never shown."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port, "--data", tmp_path / "data"],
            capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS, env=_environment(),
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: cannot listen on 127.0.0.1:{port} (")
    assert "--port" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "nohost.invalid"])
def test_an_address_of_another_machine(tmp_path: Path, host: str) -> None:
    done = subprocess.run(
        [*COMMAND, "--host", host, "--port", "0", "--data", tmp_path / "data"],
        capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS, env=_environment(),
    )  # fmt: skip
    assert done.returncode == 1
    assert f"cannot listen on {host}:0 (" in done.stderr
    assert "choose an address of this machine with --host" in done.stderr


def test_a_data_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [*COMMAND, "--port", "0", "--data", tmp_path / "file" / "below"],
        capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS, env=_environment(),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the data folder ")
    assert "--data" in done.stderr


def _ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().startswith("bindery ready ")


def test_the_new_root_secret_reaches_no_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with subprocess.Popen(
        ends_with_us([*COMMAND, "--port", "0", "--data", data]),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment(),
    ) as process:  # fmt: skip
        _ready(process)
        process.terminate()
        _, said = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0
    key = json.loads((data / "root-key.json").read_text())
    assert key["AccessKeySecret"] not in said
    assert str(data / "root-key.json") in said
    for line in said.splitlines():
        json.loads(line)  # the log is one JSON object a line


def test_the_new_root_secret_is_shown_on_a_terminal(tmp_path: Path) -> None:
    terminal, theirs = pty.openpty()
    with subprocess.Popen(
        ends_with_us([*COMMAND, "--port", "0", "--data", tmp_path / "data"]),
        stdout=subprocess.PIPE, stderr=theirs, text=True, env=_environment(),
    ) as process:  # fmt: skip
        _ready(process)
        process.terminate()
    os.close(theirs)
    said = ""
    with contextlib.suppress(OSError):  # the end: nobody has the other side open any more
        while part := os.read(terminal, 65_536):  # one call may bring one line
            said += part.decode()
    os.close(terminal)
    key = json.loads((tmp_path / "data" / "root-key.json").read_text())
    assert f"BINDERY_ACCESS_KEY_SECRET={key['AccessKeySecret']}" in said


def test_the_data_folder_is_its_owners_alone(start_server: Start, tmp_path: Path) -> None:
    """Also one that an earlier version made for everybody to read, and whatever the umask is."""
    data = tmp_path / "data"
    first = start_server(data=data)
    first.make_dataset("p", "d")
    first.call("SimpleQuery", **PLACE)
    first.stop()
    data.chmod(0o755)
    for path in data.iterdir():
        path.chmod(0o755 if path.is_dir() else 0o644)
    server = start_server(data=data)
    server.make_dataset("q", "d")
    server.call("SimpleQuery", ProjectName="q", DatasetName="d")
    assert data.stat().st_mode & 0o777 == 0o700
    found = _for_others(data.iterdir())
    found.pop("server.log")
    assert {"catalog.db", "catalog.db-wal", "catalog.db-shm", "index"} <= found.keys()
    assert not any(_for_others((data / "index").rglob("*")).values())
    assert not any(found.values()), found


def _for_others(paths: Iterable[Path]) -> dict[str, int]:
    """What others may do with each; the server goes on, and removes some meanwhile."""
    found = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            found[path.name] = path.stat().st_mode & 0o077
    return found
