"""Secrets given to a server by every way, and none of them in anything it writes."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner

from bindery.api.gateway.signature import sign_v3
from bindery.api.spec.model import load_models
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
    said = _refused(server, "bind", _TYPED[0], "--name", "typed")
    serve = (
        "serve",
        "--config",
        str(tmp_path / "bindery.toml"),
        "--bucket",
        f"typed={_TYPED[0]}",
        "--port",
        "0",
    )
    said += _refused(server, *serve)
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


def _refused(server: Any, *words: str) -> bytes:
    """What the command line says of what it refuses, as a process."""
    command = [sys.executable, "-m", "bindery.cli.main", *words]
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


_ACCESS_CONFIG = """
[metrics]
token = "a-token-of-the-metrics"

[audit]
all_calls = true

[log]
level = "debug"
"""


@pytest.mark.server
@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_that_the_server_makes_are_in_their_answer_alone(
    form: str, start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """Of keys and sessions, and of signing in: each once given, then used rightly and wrongly."""
    (tmp_path / "bindery.toml").write_text(f'{_ACCESS_CONFIG}format = "{form}"\n')
    data = tmp_path / "data"
    server = start_server("--config", str(tmp_path / "bindery.toml"), data=data)
    given = [_new_key(server)]
    given.append(_new_session(server, given[0]))
    said = [answer for key in given for answer in _use(server, *key)]
    cookie, shown = _sign_in_and_out(server, given[0])
    said += [shown, _metrics(server)]
    written = [path for path in data.rglob("*") if path.is_file() and path.name not in _KEY_FILES]
    audit = [path for path in written if path.parent.name == "audit"]
    assert server.stop() == 0
    contents = {path.name: path.read_bytes() for path in written if path.exists()}
    assert b"AssumeRole" in b"".join(path.read_bytes() for path in audit)
    assert b"answered" in server.log.read_bytes()
    contents |= {f"answer {number}": answer for number, answer in enumerate(said)}
    contents["output"] = server.output.encode()
    secrets = [secret for key in given for secret in key[1:] if secret] + [cookie]
    assert len(secrets) == 4
    for name, content in contents.items():
        for secret in secrets:
            for form_of_it in {secret, quote(secret, safe="")}:
                assert form_of_it.encode() not in content, (name, secrets.index(secret))


def _new_key(server: Any) -> tuple[str, str, str]:
    """Id and secret of a user's key, who may assume the role ``worker``; no token."""
    server.call("CreateUser", UserName="someone")
    server.call(
        "AttachPolicyToUser",
        UserName="someone",
        PolicyType="System",
        PolicyName="AliyunSTSAssumeRoleAccess",
    )
    made = server.call("CreateAccessKey", UserName="someone")["AccessKey"]
    return made["AccessKeyId"], made["AccessKeySecret"], ""


def _new_session(server: Any, key: tuple[str, str, str]) -> tuple[str, str, str]:
    """Id, secret and token."""
    account = server.call("GetCallerIdentity")["AccountId"]
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"RAM": f"acs:ram::{account}:root"},
    }
    role = server.call(
        "CreateRole",
        RoleName="worker",
        AssumeRolePolicyDocument=json.dumps({"Version": "1", "Statement": [trust]}),
    )["Role"]
    answer = _send(server, "AssumeRole", key, RoleArn=role["Arn"], RoleSessionName="canary")
    made = json.loads(answer)["Credentials"]
    return made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"]


def _use(server: Any, key_id: str, secret: str, token: str) -> Iterator[bytes]:
    """Answers to a call in order, and to those with a key, token or parameter that is wrong or in the wrong place."""
    yield _send(server, "GetCallerIdentity", (key_id, secret, token))
    yield _send(server, "GetProject", (key_id, secret, token), ProjectName="nowhere")
    yield _send(server, "GetCallerIdentity", (key_id, secret + "x", token))
    yield _send(server, "GetCallerIdentity", (secret, secret, token))
    yield _send(server, "GetCallerIdentity", (key_id, secret, token + "x"))
    yield _send(server, "GetCallerIdentity", (key_id, secret, ""))
    yield _send(server, "GetCallerIdentity", (key_id, secret, token), SecurityToken=token, Secret=secret)
    for method in ("GET", "POST"):
        query = {"Action": "GetCallerIdentity", "AccessKeyId": key_id, "SecurityToken": token or secret}
        yield _ask(server, method, "/?" + urlencode({**query, "Signature": secret}))
        yield _ask(server, method, "/nowhere?" + urlencode(query))
    yield _ask(server, "POST", "/events?" + urlencode({"token": secret}), b"{}")
    yield _ask(server, "GET", "/metrics", headers={"Authorization": f"Bearer {secret}"})


def _send(server: Any, action: str, key: tuple[str, str, str], **parameters: str) -> bytes:
    key_id, secret, token = key
    query = list(parameters.items())
    further = {"x-acs-security-token": token} if token else None
    version = load_models().version_of(action)
    headers = sign_v3(
        "POST", server.address, action, query, key_id, secret, version=version, further=further
    )
    return _ask(server, "POST", "/?" + urlencode(query), headers=headers)


def _ask(
    server: Any, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    connection = http.client.HTTPConnection(server.address, timeout=120)
    try:
        connection.request(method, target, body, headers or {})
        return connection.getresponse().read()
    finally:
        connection.close()


def _sign_in_and_out(server: Any, key: tuple[str, str, str]) -> tuple[str, bytes]:
    """The cookie of a session, and what the pages show on the way there, in it and with what is wrong."""
    key_id, secret, _ = key
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    shown = b""
    cookie = ""
    for typed in ((key_id, secret + "x"), (secret, key_id), (secret, secret), (key_id, secret)):
        connection = http.client.HTTPConnection(server.address, timeout=120)
        fields = urlencode({"key_id": typed[0], "secret": typed[1], "to": "/"})
        connection.request("POST", "/sign-in", fields, form)
        answer = connection.getresponse()
        page = answer.read() + str(answer.headers.get("Location")).encode()
        if typed[0] == key_id:  # what stands in the field of the id is shown again, for correction
            shown += page
        cookies = [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie") or []]
        connection.close()
        cookie = next((each for each in cookies if each.startswith("bindery_session=")), cookie)
    assert cookie
    for path in ("/", "/explorer/", "/console/", "/nowhere"):
        shown += _ask(server, "GET", path, headers={"Cookie": cookie, "Accept": "text/html"})
    return cookie.partition("=")[2].strip('"'), shown


def _metrics(server: Any) -> bytes:
    return _ask(server, "GET", "/metrics", headers={"Authorization": "Bearer a-token-of-the-metrics"})
