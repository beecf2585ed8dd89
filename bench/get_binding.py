"""GetBinding, signature checked, against an empty handler of the same server in the same run; and by a user with ten
policies, and by a session of a role with as many, against the same call by the root key.

Budget: at most twice the processor time of the empty handler; p99 under 5 ms; at least 90 % of the root key's
throughput.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from figures import Figure, tell

from bindery.api.gateway.signature import sign_v3
from bindery.cli.bind import create, ensure_dataset, follow
from bindery.cli.client import Client

KEY = ("bench-access-key-id", "bench-access-key-secret")
TARGET = {"ProjectName": "bench", "DatasetName": "bench", "URI": "oss://bench-bucket"}
CONNECTIONS = 4
ROUNDS = 8
"""In which calls and callers take turns, so that what else the machine does troubles all of them."""
POLICIES = 10

Signer = tuple[str, str, str]
"""Id, secret and security token of a key; the token of a lasting key is empty."""


class Taken:
    """What calls of one kind took."""

    def __init__(self) -> None:
        self._processor = self._seconds = 0.0
        self._times: list[float] = []

    def add(self, processor: float, seconds: float, times: list[float]) -> None:
        """Of some more calls: the server's processor time, the time of all, and of each; in seconds."""
        self._processor += processor
        self._seconds += seconds
        self._times += times

    @property
    def processor(self) -> float:
        """Microseconds a call."""
        return self._processor / len(self._times) * 1e6

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self._times) / self._seconds

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return sorted(self._times)[int(len(self._times) * 0.99)] * 1000


def main() -> None:
    """Run both and print their figures and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="requests of each kind")
    count = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "buckets" / "bench-bucket").mkdir(parents=True)
        process, endpoint = start_server(Path(folder))
        try:
            _measure(endpoint, count, process.pid)
            _compare(endpoint, count, process.pid)
        finally:
            process.terminate()
            process.wait()


def start_server(folder: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """A server on a free port, and its address."""
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0", *options]
    command += ["--data", str(folder / "data"), "--bucket-root", str(folder / "buckets")]
    environment = os.environ | {"BINDERY_ACCESS_KEY_ID": KEY[0], "BINDERY_ACCESS_KEY_SECRET": KEY[1]}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert process.stdout is not None
    return process, process.stdout.readline().split()[2]


def _measure(endpoint: str, count: int, server: int) -> None:
    client = Client(endpoint, *KEY)
    ensure_dataset(client, TARGET["ProjectName"], TARGET["DatasetName"])
    create(client, "CreateBinding", **TARGET)
    follow(client, TARGET)
    host, query = urlsplit(endpoint).netloc, urlencode(TARGET)
    calls = {
        "empty": partial(_request, host, f"GET /healthz?{query}"),
        "ours": partial(_request, host, f"POST /?{query}"),
    }
    taken = _by_turns(host, calls, count, server)
    empty, ours = taken["empty"], taken["ours"]
    tell(
        Figure(
            what="GetBinding, processor time",
            measured=f"{ours.processor:.0f} µs",
            against=f"an empty handler of the same server, {empty.processor:.0f} µs",
            ratio=ours.processor / empty.processor,
            at_most=2,
        )
    )
    tell(
        Figure(
            what="GetBinding, throughput",
            measured=f"{ours.rate:,.0f} requests/s",
            against=f"an empty handler of the same server, {empty.rate:,.0f} requests/s",
            ratio=ours.rate / empty.rate,
            at_least=0.5,
        )
    )
    tell(
        Figure(
            what=f"GetBinding, p99 at {CONNECTIONS} connections",
            measured=f"{ours.p99:.2f} ms",
            against="the budget of 5 ms",
            ratio=ours.p99 / 5,
            at_most=1,
        )
    )


def _compare(endpoint: str, count: int, server: int) -> None:
    """The same calls by each kind of caller."""
    host, query = urlsplit(endpoint).netloc, urlencode(TARGET)
    callers: dict[str, Signer] = {"root key": (*KEY, ""), **_callers(Client(endpoint, *KEY), endpoint)}
    calls = {name: partial(_request, host, f"POST /?{query}", signer) for name, signer in callers.items()}
    taken = _by_turns(host, calls, count, server)
    root = taken.pop("root key")
    for name, its in taken.items():
        against = f"the root key, {root.processor:.0f} µs (throughput {its.rate / root.rate:.2f})"
        tell(
            Figure(
                what=f"GetBinding by a {name} with {POLICIES} policies",
                measured=f"{its.processor:.0f} µs",
                against=against,
                ratio=root.processor / its.processor,
                at_least=0.9,
            )
        )


def _by_turns(
    host: str, calls: Mapping[str, Callable[[], bytes]], count: int, server: int
) -> dict[str, Taken]:
    """``count`` calls of each kind, a part of them in each round; the first round warms up and does not count."""
    taken = {name: Taken() for name in calls}
    for turn in range(ROUNDS + 1):
        for name, call in calls.items():
            requests = [call() for _ in range(count // ROUNDS)]
            before = processor_seconds(server)
            seconds, times = asyncio.run(_send_all(host, requests))
            if turn:
                taken[name].add(processor_seconds(server) - before, seconds, times)
    return taken


def _callers(client: Client, endpoint: str) -> dict[str, Signer]:
    """A user, and a session of a role, with ten policies each; the last one allows the call."""
    account = client.call("GetCallerIdentity")["AccountId"]
    user = f"acs:ram::{account}:user/bench"
    client.call("CreateUser", UserName="bench")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [user]}}
    client.call("CreateRole", RoleName="bench", AssumeRolePolicyDocument=_document(trust))
    for number in range(POLICIES):
        last = number == POLICIES - 1
        place = "project/bench/dataset/bench" if last else f"project/other{number}/*"
        allowed = ["imm:Get*", "sts:AssumeRole"] if last else ["imm:Get*", "imm:List*"]
        resources = [f"acs:imm:*:{account}:{place}", *([f"acs:ram::{account}:role/bench"] if last else [])]
        named = {"PolicyType": "Custom", "PolicyName": f"bench{number}"}
        document = _document({"Effect": "Allow", "Action": allowed, "Resource": resources})
        client.call("CreatePolicy", PolicyName=named["PolicyName"], PolicyDocument=document)
        client.call("AttachPolicyToUser", **named, UserName="bench")
        client.call("AttachPolicyToRole", **named, RoleName="bench")
    key = client.call("CreateAccessKey", UserName="bench")["AccessKey"]
    lasting = key["AccessKeyId"], key["AccessKeySecret"]
    role = {"RoleArn": f"acs:ram::{account}:role/bench", "RoleSessionName": "bench"}
    given = Client(endpoint, *lasting).call("AssumeRole", **role)["Credentials"]
    session = given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"]
    return {"user": (*lasting, ""), "session of a role": session}


def _document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "1", "Statement": [statement]})


def processor_seconds(process: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _request(host: str, line: str, signer: Signer = (*KEY, "")) -> bytes:
    """A signed GetBinding under the given request line: both handlers get the same headers to parse."""
    key_id, secret, token = signer
    further = {"x-acs-accesskey-id": key_id, "x-acs-security-token": token} if token else {}
    headers = sign_v3(
        "POST",
        host,
        "GetBinding",
        list(TARGET.items()),
        key_id,
        secret,
        version="2020-09-30",
        further=further,
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{line} HTTP/1.1\r\n{lines}Content-Length: 0\r\n\r\n".encode()


async def _send_all(host: str, requests: Sequence[bytes]) -> tuple[float, list[float]]:
    """The time of all requests over all connections, and of each answer, in seconds."""
    times: list[float] = []
    began = time.perf_counter()
    shares = [requests[start::CONNECTIONS] for start in range(CONNECTIONS)]
    await asyncio.gather(*(_send(host, share, times) for share in shares))
    return time.perf_counter() - began, times


async def _send(host: str, requests: Sequence[bytes], times: list[float]) -> None:
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    for request in requests:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"unexpected answer: {head[:200]!r}")
        await reader.readexactly(_body_length(head))
        times.append(time.perf_counter() - began)
    writer.close()


def _body_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise SystemExit(f"an answer without length: {head[:200]!r}")


if __name__ == "__main__":
    main()
