"""What a thief of the data folder's files has, but for the root key and the sealing key: no secret."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bindery.access.sealing import make_sealer
from bindery.cli.client import ApiError, Client

_KEY_FILES = {"root-key.json", "sealing-key.json", "operator-token"}
_ACCOUNT = "1000000000000001"


def spellings(secret: str) -> Iterator[bytes]:
    """How a secret might stand somewhere."""
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield base64.b64encode(raw)
    yield secret.encode("utf-16-le")


def statement(**members: Any) -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", **members}]})


@pytest.mark.server
def test_no_file_and_no_command_line_has_a_secret(start_server: Callable[..., Any], tmp_path: Path) -> None:
    """Users, keys and sessions are made, used, misused and deleted while everything is logged; then a kill."""
    (tmp_path / "bindery.toml").write_text('[log]\nlevel = "debug"\n[audit]\nall_calls = true\n')
    server = start_server("--config", str(tmp_path / "bindery.toml"))
    server.call("CreateUser", UserName="alice")
    made = [server.call("CreateAccessKey", **owner)["AccessKey"] for owner in ({"UserName": "alice"}, {})]
    user, own = ((key["AccessKeyId"], key["AccessKeySecret"]) for key in made)
    arn = f"acs:ram::{_ACCOUNT}:role/reader"
    trust = statement(Action="sts:AssumeRole", Principal={"RAM": [f"acs:ram::{_ACCOUNT}:root"]})
    server.call("CreateRole", RoleName="reader", AssumeRolePolicyDocument=trust)
    allowed = statement(Action="sts:AssumeRole", Resource=arn)
    server.call("CreatePolicy", PolicyName="assume", PolicyDocument=allowed)
    server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName="assume", UserName="alice")
    alice = Client(server.endpoint, *user)
    given = alice.call("AssumeRole", RoleArn=arn, RoleSessionName="me")["Credentials"]
    secrets = [user[1], own[1], given["AccessKeySecret"], given["SecurityToken"]]
    said = ""
    for attempt in (
        lambda: alice.call("ListProjects"),
        lambda: Client(server.endpoint, user[0], own[1]).call("GetCallerIdentity"),
        lambda: Client(server.endpoint, given["AccessKeyId"], given["AccessKeySecret"]).call(
            "ListProjects"
        ),
        lambda: server.call("GetCallerIdentity", SecurityToken=given["SecurityToken"])["none"],
    ):
        with pytest.raises((ApiError, KeyError, AssertionError)) as refused:
            attempt()
        said += str(refused.value) if isinstance(refused.value, ApiError) else ""
    server.call("ResealAccessKeys")
    server.call("DeleteAccessKey", UserAccessKeyId=own[0])
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True, timeout=120).stdout
    server.kill()
    assert b"AssumeRole" in server.log.read_bytes()
    written = {path.name: path.read_bytes() for path in server.data.rglob("*") if path.is_file()}
    assert {"catalog.db", "catalog.db-wal", "sealing-key.json"} <= written.keys()
    sealing = [entry["Key"] for entry in json.loads(written["sealing-key.json"])["Keys"]]
    raw = [base64.b64decode(key) for key in sealing]
    looked = {name: content for name, content in written.items() if name not in _KEY_FILES}
    looked |= {"log": server.log.read_bytes(), "processes": processes, "answers": said.encode()}
    for name, content in looked.items():
        for secret in [*secrets, *sealing]:
            for spelled in spellings(secret):
                assert spelled not in content, (name, secret[:4])
        for key in raw:
            assert key not in content, name


@pytest.mark.server
def test_a_copy_of_the_catalog_opens_nothing(start_server: Callable[..., Any], tmp_path: Path) -> None:
    """Copied file by file, or by SQLite's backup, from a running server; also beside a sealing key of the thief's."""
    server = start_server()
    server.call("CreateUser", UserName="alice")
    made = server.call("CreateAccessKey", UserName="alice")["AccessKey"]
    user = made["AccessKeyId"], made["AccessKeySecret"]
    arn = f"acs:ram::{_ACCOUNT}:role/reader"
    trust = statement(Action="sts:AssumeRole", Principal={"RAM": [f"acs:ram::{_ACCOUNT}:root"]})
    server.call("CreateRole", RoleName="reader", AssumeRolePolicyDocument=trust)
    server.call(
        "AttachPolicyToUser",
        PolicyType="System",
        PolicyName="AliyunSTSAssumeRoleAccess",
        UserName="alice",
    )
    given = Client(server.endpoint, *user).call("AssumeRole", RoleArn=arn, RoleSessionName="me")[
        "Credentials"
    ]
    copied, backup = tmp_path / "copied", tmp_path / "backup"
    for folder in (copied, backup):
        folder.mkdir()
    for path in server.data.glob("catalog.db*"):
        (copied / path.name).write_bytes(path.read_bytes())
    with (
        closing(sqlite3.connect(server.data / "catalog.db")) as source,
        closing(sqlite3.connect(backup / "catalog.db")) as target,
    ):
        source.backup(target)
    for path in [*copied.iterdir(), *backup.iterdir()]:
        for spelled in spellings(user[1]):
            assert spelled not in path.read_bytes(), path
    make_sealer(backup)
    stolen = start_server(data=backup)
    assert _code(Client(stolen.endpoint, *user)) == "InvalidAccessKeyId.NotFound"
    session = given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"]
    assert (
        _code(Client(stolen.endpoint, *session[:2], token=session[2])) == "InvalidSecurityToken.Malformed"
    )
    assert b"sealed with a key that is not here" in stolen.log.read_bytes()
    stolen.stop()
    command = [sys.executable, "-m", "bindery.cli.main", "doctor", "--data", str(backup)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, "forget-lost" in done.stdout) == (1, True)
    (backup / "sealing-key.json").write_bytes((server.data / "sealing-key.json").read_bytes())
    restored = start_server(data=backup)
    assert _code(Client(restored.endpoint, *user)) == "OK"
    assert _code(Client(restored.endpoint, *session[:2], token=session[2])) == "OK"


def _code(client: Client) -> str:
    try:
        client.call("GetCallerIdentity")
    except ApiError as refused:
        return refused.code
    return "OK"


@pytest.mark.server
def test_a_catalog_without_its_sealing_key_opens_nothing(start_server: Callable[..., Any]) -> None:
    """The server does not start with it, and says what to do."""
    server = start_server()
    server.call("CreateUser", UserName="alice")
    server.call("CreateAccessKey", UserName="alice")
    server.stop()
    (server.data / "sealing-key.json").unlink()
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0", "--data", str(server.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "the sealing key is missing" in done.stderr
    assert "bindery keys forget-lost" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (server.data / "sealing-key.json").exists()
