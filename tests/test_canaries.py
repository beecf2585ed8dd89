"""Secrets given to a server by every way, and none of them in anything it writes."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bindery.cli.main import main

_KEY_FILES = {"root-key.json", "sealing-key.json", "buckets.json", "operator-token"}
_CONFIG = """
[buckets]
unreachable = "s3://media?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=CANARY1&session_token=CANARY2"

[events]
token = "CANARY3-CANARY3-CANARY3"

[notifications]
secret = "whsec_Q0FOQVJZNENBTkFSWTRDQU5BUlk0Q0FOQVJZNA=="

[notifications.events]
dead = "http://127.0.0.1:9/CANARY5?key=CANARY6"

[log]
level = "debug"
format = "json"
"""
_CANARIES = [b"CANARY", b"Q0FOQVJZ"]
_TYPED = [
    "s3://[x?secret_access_key=CANARY7",
    "s3://x?secret_access_key=CANARY7",
    "s3://x?endpoint=http://me:CANARY7@127.0.0.1&access_key_id=a&secret_access_key=CANARY7",
    "s3://CANARY7:CANARY7@x",
    "s3://x?endpoint=http://127.0.0.1:9&access_key_id=a%0d%0ab&secret_access_key=CANARY7",
    "s3://x?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=CANARY7",
    "oss://x?access_key_secret=CANARY7",
    "azblob://x?account_name=a&account_key=CANARY7&endpoint=http://127.0.0.1:9/a",
    "gcs://x?credential=CANARY7&endpoint=http://127.0.0.1:9",
    "ftp://me:CANARY7@x",
]


@pytest.mark.server
def test_no_secret_is_written_anywhere(start_server: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bindery.toml").write_text(_CONFIG)
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "CANARY8", "AWS_SESSION_TOKEN": "CANARY8",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "CANARY8",
    }  # fmt: skip
    data = tmp_path / "data"
    server = start_server("--config", str(tmp_path / "bindery.toml"), data=data, env=environment)
    names = {"ProjectName": "project", "DatasetName": "dataset"}
    server.make_dataset("project", "dataset")
    server.call("CreateBinding", URI="oss://unreachable", **names)
    server.call("GetBinding", URI="oss://unreachable", **names)
    said = _bind(server, _TYPED[0])
    said += b"".join(_say(server, *command) for command in _commands(tmp_path))
    assert b"Traceback" not in said
    server.stop()
    written = {path.name: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert server.log.read_bytes()
    spoken = {"said": said, "log": server.log.read_bytes(), "output": server.output.encode()}
    for name, content in (written | spoken).items():
        if name not in _KEY_FILES:
            for canary in _CANARIES:
                assert canary not in content, (name, content[content.find(canary) - 200 :][:300])


def _bind(server: Any, store: str) -> bytes:
    """What the command line says of a store that cannot be bound, as a process."""
    command = [sys.executable, "-m", "bindery.cli.main", "bind", store, "--name", "typed"]
    environment = os.environ | _environment(server)
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    assert done.returncode
    return done.stdout + done.stderr


def _environment(server: Any) -> dict[str, str]:
    return {
        "BINDERY_ENDPOINT": server.endpoint, "BINDERY_ACCESS_KEY_ID": server.key_id,
        "BINDERY_ACCESS_KEY_SECRET": server.key_secret, "BINDERY_DATA": str(server.data),
    }  # fmt: skip


def _commands(folder: Path) -> Iterator[list[str]]:
    """Commands that see secrets: typed stores, the configuration, records of what failed."""
    for store in _TYPED:
        yield ["bind", store, "--name", "typed"]
        yield ["estimate", store, "--name", "typed"]
        yield ["move", "unreachable", store, "--yes"]
        yield ["call", "RegisterBucket", "--Bucket", "typed", "--Store", store]
        yield ["doctor", "--bucket", f"typed={store}", "--data", str(folder / "elsewhere")]
    yield ["doctor", "--config", str(folder / "bindery.toml")]
    yield ["doctor", "--config", str(folder / "bindery.toml"), "--json"]
    yield [
        "serve",
        "--config",
        str(folder / "bindery.toml"),
        "--bucket",
        f"typed={_TYPED[0]}",
        "--port",
        "0",
    ]
    where = ["--project", "project", "--dataset", "dataset"]
    yield ["status"]
    yield ["status", "--json"]
    yield ["query", "Size > 1", *where]
    yield ["ledger", "unreachable", *where]
    yield ["audit", "unreachable", *where]
    yield ["unbind", "unreachable", *where]
    yield ["keys", "list"]
    yield ["call", "GetProject", "--ProjectName", "project"]


def _say(server: Any, *command: str) -> bytes:
    """What a command writes."""
    done = CliRunner().invoke(main, command, env=_environment(server))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return "".join(traceback.format_exception(done.exception)).encode()
    return done.output.encode()
