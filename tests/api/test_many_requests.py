"""A whole server under random requests: no defect, no traceback, flat memory, a bounded audit log.

``make fuzz`` sends a million; without ``BINDERY_FUZZ`` it is a few seconds' worth.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import re
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
import structlog
from tests.api.fuzzing import Fuzzer, Key, as_bytes, damaged
from tests.own_process import in_own_process

from bindery.api.gateway.budget import _trim
from bindery.api.gateway.rendering import Answer
from bindery.api.gateway.request import HttpRequest, storable_header
from bindery.cli.client import Client
from bindery.log import structlog_configured
from bindery.testing.server import BinderyServer

COUNT = int(os.environ.get("BINDERY_FUZZ", "2000"))
SEED = int(
    os.environ.get(
        "BINDERY_SEED", random.randrange(2**32) if os.environ.get("BINDERY_RANDOM") else "20201130"
    )
)
_BATCH = 500
_AT_ONCE = 8
_BY_SOCKET = 20
"""Of each batch, sent over a connection."""
_DAMAGED = 5
"""Of these, sent again with damaged bytes."""
_PARTS = 20
"""After each the memory is looked at."""
_RENEW = 10_000
"""Requests after which the session is made anew, for one of them may have ended it."""
_ANSWERS = {200, 400, 403, 404, 405, 409, 413, 429, 501}
_BUSY = {"ServiceUnavailable"}
_AUDIT_BYTES = 4 * 2**20
_MOST_GROWTH = 96 * 2**20
"""Bytes that the process may be larger at the end than after the first part, in which caches fill up."""
_PATIENT = 60.0
_GIVEN_UP = 0.1
"""Seconds after which a damaged request is one that has not come to its end."""
_TOKEN = re.compile(rb'"(?:NextToken|Marker|AccessKeyId|TaskId|VersionId)":"([^"]{1,400})"')


class Lines:
    """The log: lines that tell of a defect."""

    def __init__(self) -> None:
        self.bad: list[Any] = []

    def keep(self, _: object, level: str, line: Any) -> Any:
        if "exc_info" in line or level in ("error", "critical"):
            error = line.pop("exc_info", None)
            told = traceback.format_exception(error) if isinstance(error, BaseException) else [str(error)]
            self.bad.append({**line, "error": "".join(told)})
            print(line, "".join(told), file=sys.stderr)
        raise structlog.DropEvent


class Attack:
    """Sends what a fuzzer makes, and looks at the answers."""

    def __init__(self, server: BinderyServer, source: random.Random) -> None:
        self.server = server
        self.people = People(server)
        self.fuzzer = Fuzzer(source, self.people.keys())
        self.codes: Counter[str] = Counter()
        running = server._now()
        self._gateway, self._loop = running._application.gateway, running._loop

    def batch(self, count: int) -> None:
        requests = [self.fuzzer.request() for _ in range(count)]
        by_socket = requests[:_BY_SOCKET]
        self._send_all(by_socket)
        self._send_damaged(by_socket[:_DAMAGED])
        rest = iter(requests[_BY_SOCKET:])
        asked = asyncio.run_coroutine_threadsafe(self._ask_all(rest), self._loop)
        asked.result(_PATIENT * 10)

    async def _ask_all(self, requests: Iterator[HttpRequest]) -> None:
        async def ask() -> None:
            for request in requests:
                self._check(request, await self._gateway.handle(_arrived(request)))

        await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))

    def _check(self, request: HttpRequest, answer: Answer) -> None:
        if answer.body.startswith(b"<"):
            told = ElementTree.fromstring(answer.body)
            request_id, code = told.findtext("RequestId"), told.findtext("Code")
        else:
            body = json.loads(answer.body)
            request_id, code = body["RequestId"], body.get("Code")
        self._count(answer.status, code, as_bytes(request), answer.body)
        assert request_id == answer.request_id
        if found := _TOKEN.search(answer.body):
            self.fuzzer.learn(found[1].decode())

    def _count(self, status: int, code: str | None, sent: bytes, body: bytes) -> None:
        self.codes[f"{status} {code or 'OK'}"] += 1
        known = status in _ANSWERS or (status == 503 and code in _BUSY)
        assert known, (SEED, status, sent[:3_000], body[:1_000])

    def _send_all(self, requests: list[HttpRequest]) -> None:
        """One after another on one connection, as SDKs do."""
        # Odd headers may end a connection with bytes of the request unread, which resets it.
        with suppress(ConnectionError), self._connect() as connection, connection.makefile("rb") as answers:
            for request in requests:
                sent = as_bytes(request)
                connection.sendall(sent)
                status, body, closes = _read(answers)
                code = None if body.startswith(b"<") else json.loads(body).get("Code")
                self._count(status, code, sent, body)
                if closes:
                    return

    def _send_damaged(self, requests: list[HttpRequest]) -> None:
        for request in requests:
            sent = damaged(self.fuzzer.random, as_bytes(request))
            with suppress(ConnectionError, TimeoutError), self._connect() as connection:
                connection.sendall(sent + b"\r\n\r\n")
                connection.settimeout(_GIVEN_UP)
                first = connection.recv(4_096)
                if first:
                    status = int(first.split(b" ", 2)[1])
                    assert status < 500 or status in (501, 503), (SEED, sent[:3_000], first)
                    self.codes["damaged"] += 1

    def _connect(self) -> socket.socket:
        host, port = self.server.address.rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=_PATIENT)


class People:
    """Who calls: the root key, a user who may do everything, one who may do little, and the session of a role."""

    def __init__(self, server: BinderyServer) -> None:
        self._server = server
        call, account = server.call, "1000000000000001"
        policy = {"Version": "1", "Statement": [
            {"Effect": "Allow", "Action": ["imm:*", "sts:*", "ram:Get*", "ram:List*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "oss:*", "Resource": "acs:oss:*:*:bucket/*"},
            {"Effect": "Deny", "Action": "*", "Resource": "acs:imm:*:*:project/two/*",
             "Condition": {"StringLike": {"acs:ResourceTag/team": "x*"}}},
            {"Effect": "Deny", "Action": "imm:Delete*", "Resource": "*",
             "Condition": {"NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"}}},
        ]}  # fmt: skip
        call("CreatePolicy", PolicyName="some", PolicyDocument=json.dumps(policy))
        self._users = {}
        for name, kind, attached in (
            ("administrator", "System", "BinderyFullAccess"),
            ("someone", "Custom", "some"),
        ):
            call("CreateUser", UserName=name)
            call("AttachPolicyToUser", UserName=name, PolicyType=kind, PolicyName=attached)
            made = call("CreateAccessKey", UserName=name)["AccessKey"]
            self._users[name] = Key(made["AccessKeyId"], made["AccessKeySecret"])
        trust = {"Version": "1", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": f"acs:ram::{account}:root"}}
        ]}  # fmt: skip
        call("CreateRole", RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
        call("AttachPolicyToRole", RoleName="worker", PolicyType="Custom", PolicyName="some")
        self._role = f"acs:ram::{account}:role/worker"

    def keys(self) -> list[Key]:
        root = Key(self._server.access_key_id, self._server.access_key_secret)
        someone = self._users["someone"]
        client = Client(self._server.endpoint, someone.id, someone.secret)
        made = client.call("AssumeRole", RoleArn=self._role, RoleSessionName="fuzz")["Credentials"]
        session = Key(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])
        return [root, root, *self._users.values(), session]


def _arrived(request: HttpRequest) -> HttpRequest:
    """As the server hands it on."""
    headers = {
        name: [storable_header(value) for value in values] for name, values in request.headers.items()
    }
    return msgspec.structs.replace(request, headers=headers)


def _read(answers: Any) -> tuple[int, bytes, bool]:
    first = answers.readline()
    if not first:
        raise ConnectionError
    status = int(first.split()[1])
    headers = {}
    while (line := answers.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    return status, answers.read(int(headers[b"content-length"])), headers.get(b"connection") == b"close"


def resident() -> int:
    """Bytes of this process in memory, once what is free was given back."""
    gc.collect()
    _trim()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def lines_of_defects() -> Iterator[Lines]:
    kept = Lines()
    wrapper = structlog.make_filtering_bound_logger(30)
    with structlog_configured(
        processors=[structlog.contextvars.merge_contextvars, kept.keep], wrapper_class=wrapper
    ):
        yield kept


@pytest.mark.timeout(300 + COUNT)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_many_requests() -> None:
    in_own_process(send_many_requests)


def send_many_requests() -> None:
    settings = {"audit": {"total_size": _AUDIT_BYTES, "file_size": 65_536}, "account": {"max_projects": 30}}
    with lines_of_defects() as lines, BinderyServer(settings) as server:
        for name in ("bucket", "other"):
            server.bucket(name, {"a.txt": "words", "b.txt": "other words", "c/d.txt": "文件"})
        attack = Attack(server, random.Random(SEED))
        sizes, began, done = [], time.monotonic(), 0
        while done < COUNT:
            if done // _RENEW != (done - _BATCH) // _RENEW:
                attack.fuzzer.callers = attack.people.keys()
            attack.batch(min(_BATCH, COUNT - done))
            done += _BATCH
            assert not lines.bad, (SEED, lines.bad[:3])
            if len(sizes) < _PARTS * done // COUNT:
                sizes.append(resident())
                print(
                    f"{done:>9,} {done / (time.monotonic() - began):,.0f}/s {sizes[-1] / 2**20:,.0f} MiB",
                    file=sys.stderr,
                )
        print(f"seed {SEED}: {attack.codes.most_common()}", file=sys.stderr)
        assert attack.codes["200 OK"] > COUNT / 20
        assert sizes[-1] - sizes[len(sizes) // 5] < _MOST_GROWTH, [size >> 20 for size in sizes]
        audit = sum(path.stat().st_size for path in (server._data() / "audit").iterdir())
        assert 0 < audit < _AUDIT_BYTES + 2**20
        assert server.call("ListProjects")["Projects"] is not None
