"""Secrets in the hands of functions that fail, in every room of a server: none in what it writes or answers."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bindery.api.gateway.signature import sign_v3

_FAULTY = """
import functools, importlib, os, pathlib
_FAULTS = pathlib.Path(os.environ["FAULTS"])

def _break(place):
    module, _, path = place.partition(":")
    *outer, name = path.split(".")
    holder = functools.reduce(getattr, outer, importlib.import_module(module))
    whole = getattr(holder, name)
    @functools.wraps(whole)
    def faulty(*args, **kwargs):
        if (_FAULTS / path).exists():
            (_FAULTS / (path + ".reached")).touch()
            secret = os.environ["AWS_SECRET_ACCESS_KEY"]
            held = {name: value for name, value in os.environ.items() if "CANARY" in value}
            try:
                raise KeyError("x-acs-security-token", secret)
            except KeyError as error:
                raise RuntimeError(f"{args!r} {kwargs!r} {held!r}") from error
        return whole(*args, **kwargs)
    setattr(holder, name, faulty)

for _place in os.environ["FAULTY"].split():
    _break(_place)
"""
_ROOMS = [
    "bindery.notifications.delivery:Courier._post",
    "bindery.api.gateway.gateway:validate",
    "bindery.api.gateway.gateway:render",
    "bindery.api.gateway.metrics:Metrics.text",
    "bindery.api.gateway.readiness:Readiness._find",
    "bindery.sync.changed:look_at",
    "bindery.buckets.folder:FolderStore.details",
    "bindery.sync.engine:Engine.register_bucket",
    "bindery.sync.engine:Engine.accept_events",
    "bindery.catalog.record.bindings:Bindings.commit",
    "bindery.catalog.record.projects:Projects.create",
    "bindery.buckets.folder:FolderStore.list",
    "bindery.extract.pool:ExtractionPool.submit",
]
"""The first one while it tries often: the longer a destination is away, the longer are the pauses."""
_CONFIG = """
[events]
token = "CANARY-events-CANARY-events"

[notifications]
secret = "whsec_Q0FOQVJZNENBTkFSWTRDQU5BUlk0Q0FOQVJZNA=="

[notifications.events]
dead = "http://127.0.0.1:9/CANARY?key=CANARY"

[register]
endpoints = ["http://127.0.0.1:9"]

[log]
level = "debug"
"""
_ENVIRONMENT = {
    "BINDERY_ACCESS_KEY_SECRET": "CANARY-root", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "CANARY",
    "AWS_SESSION_TOKEN": "CANARY", "OSS_ACCESS_KEY_SECRET": "CANARY", "OSS_SESSION_TOKEN": "CANARY",
}  # fmt: skip
_CANARIES = (b"CANARY", b"Q0FOQVJZ")
_KEY_FILES = {"root-key.json", "sealing-key.json", "buckets.json", "operator-token"}
_STORE = (
    "s3://media?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=CANARY&session_token=CANARY"
)


@pytest.mark.server
@pytest.mark.timeout(900)
@pytest.mark.parametrize("form", ["json", "console"])
def test_failures_show_no_secret(form: str, start_server: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "sitecustomize.py").write_text(_FAULTY)
    (tmp_path / "bindery.toml").write_text(f'{_CONFIG}format = "{form}"\n')
    faults = tmp_path / "faults"
    faults.mkdir()
    photos = tmp_path / "buckets" / "photos"
    photos.mkdir(parents=True)
    (photos / "a.txt").write_text("a")
    wiring = {"PYTHONPATH": str(tmp_path / "code"), "FAULTS": str(faults), "FAULTY": " ".join(_ROOMS)}
    options = {"data": tmp_path / "data", "bucket_root": tmp_path / "buckets", "env": _ENVIRONMENT | wiring}
    server = start_server("--config", str(tmp_path / "bindery.toml"), **options)
    server.key_secret = _ENVIRONMENT["BINDERY_ACCESS_KEY_SECRET"]
    server.make_dataset("project", "dataset")
    names = {"ProjectName": "project", "DatasetName": "dataset"}
    said = [_say(server, "RegisterBucket", Bucket="media", Store=_STORE)]
    said += [_say(server, "CreateBinding", **names, URI="oss://media")]
    for room in _ROOMS:
        with _fault(faults, room.partition(":")[2]) as reached:
            said += _use_everything(server, names, room.partition(":")[2])
            _wait(reached)
    server.stop()
    said += [path.read_bytes() for path in tmp_path.joinpath("data").rglob("*") if _is_plain(path)]
    log = server.log.read_bytes()
    assert log.count(b"RuntimeError") >= 3
    for content in [*said, log, server.output.encode()]:
        for canary in _CANARIES:
            at = content.find(canary)
            assert at < 0, content[max(0, at - 200) : at + 100]


def _is_plain(path: Path) -> bool:
    return path.is_file() and path.name not in _KEY_FILES


@contextmanager
def _fault(faults: Path, name: str) -> Iterator[Path]:
    (faults / name).touch()
    try:
        yield faults / f"{name}.reached"
    finally:
        (faults / name).unlink()


def _wait(reached: Path) -> None:
    deadline = time.monotonic() + 240
    while not reached.exists():
        assert time.monotonic() < deadline, f"{reached.name}: the fault was not met"
        time.sleep(0.05)


def _use_everything(server: Any, names: dict[str, str], tag: str) -> list[bytes]:
    """What a server answers when every room has something to do."""
    project = f"p-{sum(tag.encode())}"
    said = [
        _say(server, "DeleteBinding", **names, URI="oss://photos"),
        _say(server, "CreateProject", ProjectName=project),
        _say(server, "RegisterBucket", Bucket="media", Store=_STORE),
        _say(server, "CreateBinding", **names, URI="oss://photos"),
        _say(server, "DetectMediaMeta", ProjectName="project", SourceURI="oss://photos/a.txt"),
        _say(server, "IndexFileMeta", **names, File='{"URI": "oss://photos/a.txt"}'),
        _ask(server, "POST", "/?Action=ListProjects&AccessKeyId=a&Signature=CANARY&SecurityToken=CANARY"),
        _ask(server, "POST", "/events?token=CANARY-events-CANARY-events", _event()),
        _ask(server, "POST", "/?Action=ListProjects", b"", {"x-acs-security-token": "CANARY"}),
        _ask(server, "POST", "/events?token=CANARY", _event()),
        _ask(server, "POST", "/events", _event(), {"Authorization": "Bearer CANARY-events-CANARY-events"}),
        _say(server, "ListProjects", further={"x-acs-security-token": "CANARY"}),
        _break_off(
            server, "POST /?Action=ListProjects&SecurityToken=CANARY HTTP/1.1", b"AccessKeyId=CANARY"
        ),
        _break_off(server, "POST /events?token=CANARY-events-CANARY-events HTTP/1.1", b'{"CANARY'),
        _break_off(server, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked", b"7\r\nCANARY\r\n7\r\nCAN"),
    ]
    return said + [_ask(server, "GET", path) for path in ("/metrics", "/readyz", "/docs")]


def _break_off(server: Any, head: str, body: bytes) -> bytes:
    """What is answered to a body of which only the first bytes come."""
    name, _, port = server.address.partition(":")
    form = "Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\nAuthorization: CANARY"
    length = "" if "chunked" in head else "Content-Length: 5000\r\n"
    with socket.create_connection((name, int(port)), timeout=120) as connection:
        connection.sendall(f"{head}\r\n{form}\r\n{length}\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(60)
        answered = b""
        while piece := connection.recv(65_536):
            answered += piece
        return answered


def _event() -> bytes:
    return (
        b'{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",'
        b' "s3": {"bucket": {"name": "photos"}, "object": {"key": "a.txt"}}}]}'
    )


def _say(server: Any, action: str, *, further: dict[str, str] | None = None, **parameters: str) -> bytes:
    """The answer to a signed call."""
    query, key = list(parameters.items()), (server.key_id, server.key_secret)
    headers = sign_v3("POST", server.address, action, query, *key, version="2020-09-30", further=further)
    return _ask(server, "POST", "/?" + urlencode(query), headers=headers)


def _ask(server: Any, method: str, target: str, body: bytes = b"", headers: Any = None) -> bytes:
    connection = http.client.HTTPConnection(server.address, timeout=120)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return str(answer.getheaders()).encode() + answer.read()
    finally:
        connection.close()
