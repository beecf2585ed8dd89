"""A whole server as a process: replays across kills, many clients at once, keys, --strict, the end."""

from __future__ import annotations

import http.client
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bindery.api.gateway.signature import sign_v3
from bindery.api.spec.model import load_models
from bindery.cli.client import Client

if TYPE_CHECKING:
    from tests.conftest import RunningServer

pytestmark = pytest.mark.server


def send(server: RunningServer, headers: dict[str, str], target: str = "/") -> tuple[int, str]:
    """Status and code of one request as it is."""
    connection = http.client.HTTPConnection(server.address, timeout=120)
    try:
        connection.request("POST", target, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("Code", "")
    finally:
        connection.close()


def signed(
    server: RunningServer, action: str = "ListProjects", key: tuple[str, str] | None = None
) -> dict[str, str]:
    return sign_v3(
        "POST", server.address, action, [], *(key or (server.key_id, server.key_secret)),
        version=load_models().version_of(action),
    )  # fmt: skip


def test_a_replay_is_refused_after_a_kill_and_after_a_stop(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server()
    headers = signed(server)
    assert send(server, headers) == (200, "")
    for end in ("kill", "stop"):
        getattr(server, end)()
        server = start_server(data=server.data, bucket_root=server.bucket_root)
        assert send(server, headers) == (400, "SignatureNonceUsed")
    assert send(server, signed(server)) == (200, "")
    assert server.stop() == 0


def test_of_many_replays_at_once_one_passes(server: RunningServer) -> None:
    headers = signed(server)
    together = threading.Barrier(20)

    def attempt(_: int) -> tuple[int, str]:
        together.wait()
        return send(server, headers)

    with ThreadPoolExecutor(20) as threads:
        outcomes = sorted(threads.map(attempt, range(20)))
    assert outcomes == [(200, ""), *[(400, "SignatureNonceUsed")] * 19]


def test_keys_of_users_come_and_go_while_calls_run(start_server: Callable[..., RunningServer]) -> None:
    server = start_server()
    server.call("CreateUser", UserName="alice")
    made = [server.call("CreateAccessKey", UserName="alice")["AccessKey"] for _ in range(2)]
    one, other = ((key["AccessKeyId"], key["AccessKeySecret"]) for key in made)
    for key in (one, other):
        assert send(server, signed(server, "GetCallerIdentity", key=key)) == (200, "")
    server.call("UpdateAccessKey", UserName="alice", UserAccessKeyId=one[0], Status="Inactive")
    refused = (400, "InvalidAccessKeyId.Inactive")
    assert send(server, signed(server, "GetCallerIdentity", key=one)) == refused
    assert send(server, signed(server, "GetCallerIdentity", key=other)) == (200, "")
    mixed = (other[0], one[1])
    assert send(server, signed(server, "GetCallerIdentity", key=mixed)) == (400, "SignatureDoesNotMatch")
    server.kill()
    again = start_server(data=server.data)
    assert send(again, signed(again, "GetCallerIdentity", key=one)) == refused
    assert send(again, signed(again, "GetCallerIdentity", key=other)) == (200, "")
    again.call("DeleteAccessKey", UserName="alice", UserAccessKeyId=other[0])
    gone = send(again, signed(again, "GetCallerIdentity", key=other))
    assert gone == (404, "InvalidAccessKeyId.NotFound")


def test_a_strict_server(start_server: Callable[..., RunningServer]) -> None:
    server = start_server("--strict")
    server.make_dataset("project", "dataset")
    names = {"ProjectName": "project", "DatasetName": "dataset", "URI": "oss://bucket"}
    (server.bucket_root / "bucket").mkdir()
    assert "Progress" not in server.call("CreateBinding", **names)["Binding"]
    assert "Progress" not in server.call("GetBinding", **names)["Binding"]
    assert server.request("StopBinding", **names)[1]["Code"] == "InvalidAction.NotFound"
    operator = Client(server.endpoint, server.key_id, server.key_secret, data=server.data)
    assert "Progress" in operator.call("GetBinding", **names)["Binding"]
    assert operator.call("ListLedgerEntries", **names)["LedgerEntries"] == []
    assert "Progress" not in server.call("GetBinding", **names)["Binding"]


def test_a_server_that_may_open_no_more_files_waits_and_says_so(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server()
    opened = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
    hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (opened + 5, hard))
    name, _, port = server.address.partition(":")
    before = processor_seconds(server)
    began = time.monotonic()
    with ExitStack() as held:
        for _ in range(40):
            held.enter_context(socket.create_connection((name, int(port)), timeout=120))
        while b"no connection can be taken" not in server.log.read_bytes():
            assert time.monotonic() < began + 60
            time.sleep(0.1)
        time.sleep(1.5)
    used = processor_seconds(server) - before
    assert used < 0.5 * (time.monotonic() - began)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
    server.call("ListProjects")
    assert server.log.read_bytes().count(b"no connection can be taken") == 1
    assert b"Traceback" not in server.log.read_bytes()


def processor_seconds(server: RunningServer) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_broken_key_file_says_what_to_do(start_server: Callable[..., RunningServer]) -> None:
    with pytest.raises(
        AssertionError, match="set both BINDERY_ACCESS_KEY_ID and BINDERY_ACCESS_KEY_SECRET"
    ):
        start_server(env={"BINDERY_ACCESS_KEY_SECRET": ""})


def test_a_stop_does_not_wait_for_idle_or_dead_clients(start_server: Callable[..., RunningServer]) -> None:
    server = start_server()
    idle = http.client.HTTPConnection(server.address, timeout=120)
    idle.request("POST", "/", headers=signed(server))
    idle.getresponse().read()
    half = http.client.HTTPConnection(server.address, timeout=120)
    half.putrequest("POST", "/")
    half.putheader("Content-Length", "10")
    half.endheaders(b"abc")
    assert server.stop() == 0
    idle.close()
    half.close()
