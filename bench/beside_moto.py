"""GetBinding beside a comparable call of ``moto_server``, which users run who have no cloud to test against.

One record is read by its key over HTTP with a signed call, a connection each: GetBinding here, DynamoDB's GetItem there
(moto checks no signature). Servers are asked in turns, and their processor time counts, not the clock.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from figures import Figure, tell
from get_binding import KEY, TARGET, processor_seconds, start_server

from bindery.api.gateway.signature import sign_v3
from bindery.cli.bind import create, ensure_dataset, follow
from bindery.cli.client import Client

ROUNDS = 5


def main() -> None:
    """Start both, ask both, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2_000)
    each = parser.parse_args().requests // ROUNDS
    if importlib.util.find_spec("moto") is None:
        raise SystemExit('moto is not installed: python -m pip install "moto[server,dynamodb]"')
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "buckets" / "bench-bucket").mkdir(parents=True)
        bindery, endpoint = start_server(Path(folder))
        moto, port = _start_moto()
        try:
            _prepare(endpoint)
            _compare(urlsplit(endpoint).netloc, bindery.pid, f"127.0.0.1:{port}", moto.pid, each)
        finally:
            for process in (bindery, moto):
                process.terminate()
                process.wait()


def _start_moto() -> tuple[subprocess.Popen[bytes], int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process, port
    raise SystemExit("moto_server does not start")


def _prepare(endpoint: str) -> None:
    client = Client(endpoint, *KEY)
    ensure_dataset(client, TARGET["ProjectName"], TARGET["DatasetName"])
    create(client, "CreateBinding", **TARGET)
    follow(client, TARGET)


def _compare(host: str, server: int, moto: str, moto_server: int, each: int) -> None:
    key = {"AttributeName": "uri", "KeyType": "HASH"}
    typed = {"AttributeName": "uri", "AttributeType": "S"}
    table = {"TableName": "bindings", "KeySchema": [key], "AttributeDefinitions": [typed]}
    _dynamodb(moto, "CreateTable", table | {"BillingMode": "PAY_PER_REQUEST"})
    row = {"uri": {"S": TARGET["URI"]}, "state": {"S": "Running"}, "phase": {"S": "IncrementalScanning"}}
    _dynamodb(moto, "PutItem", {"TableName": "bindings", "Item": row})
    wanted = {"TableName": "bindings", "Key": {"uri": row["uri"]}}
    ours = theirs = 0.0
    for _ in range(ROUNDS):
        before = processor_seconds(server)
        for _ in range(each):
            _get_binding(host)
        ours += processor_seconds(server) - before
        before = processor_seconds(moto_server)
        for _ in range(each):
            _dynamodb(moto, "GetItem", wanted)
        theirs += processor_seconds(moto_server) - before
    ours, theirs = (seconds / (each * ROUNDS) * 1e6 for seconds in (ours, theirs))
    tell(
        Figure(
            what="GetItem of moto_server, processor time with a connection each",
            measured=f"{theirs:,.0f} µs",
            against=f"GetBinding, {ours:,.0f} µs",
            ratio=theirs / ours,
        )
    )


def _get_binding(host: str) -> None:
    headers = sign_v3("POST", host, "GetBinding", list(TARGET.items()), *KEY, version="2020-09-30")
    _send(host, f"/?{urlencode(TARGET)}", headers, b"")


def _dynamodb(host: str, action: str, body: dict[str, object]) -> None:
    headers = {
        "x-amz-target": f"DynamoDB_20120810.{action}",
        "content-type": "application/x-amz-json-1.0",
        "authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    _send(host, "/", headers, json.dumps(body).encode())


def _send(host: str, path: str, headers: dict[str, str], body: bytes) -> None:
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"unexpected answer: {answer.status} {content[:200]!r}")


if __name__ == "__main__":
    main()
