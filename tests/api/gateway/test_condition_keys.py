"""What conditions see of a call that comes over a real socket: by IPv4, IPv6 and both in one, with and without TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_imm20200930 import models as imm
from alibabacloud_imm20200930.client import Client as ImmClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config
from tests.api.gateway.test_authorization import People, Person, allow, people
from tests.api.gateway.test_server import PATIENT, Listening, read_answer
from tests.servers.certificate import make_certificate

from bindery.api.gateway.server import HttpLimits, Server
from bindery.api.gateway.signature import sign_v3
from bindery.api.gateway.tls import Certificate

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["people"]
KINDS = ("v4", "v6", "both", "tls")
V4 = ("v4", "both", "tls")
"""Called from 127.0.0.1; ``both`` has one socket for IPv4 and IPv6, where that is ``::ffff:127.0.0.1``."""


class Door(Listening):
    """A server of one kind."""

    def __init__(self, api: Api, kind: str, files: tuple[Path, Path]) -> None:
        self.kind, self.files = kind, files
        super().__init__(api, HttpLimits())

    def make_server(self, api: Api, limits: HttpLimits) -> Server:
        return Server(api.gateway, limits, Certificate(*self.files) if self.kind == "tls" else None)

    async def start(self) -> str:
        if self.kind == "v6":
            return await self.server.start("::1", 0)
        if self.kind != "both":
            return await super().start()
        bound = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        await self.server.start("", 0, [bound])
        return f"127.0.0.1:{bound.getsockname()[1]}"

    async def end(self) -> None:
        assert self.server._runner is not None
        if self.server._handshakes is not None and self.server._following is not None:
            self.server._handshakes.close()
            self.server._following.cancel()
        await self.server._runner.cleanup()

    def by_sdk(self, person: Person) -> str:
        """``OK`` or the code of the refusal."""
        key_id, secret, _ = person._key
        given = (
            {"protocol": "https", "ca": str(self.files[0])} if self.kind == "tls" else {"protocol": "http"}
        )
        config = Config(access_key_id=key_id, access_key_secret=secret, endpoint=self.address, **given)
        try:
            ImmClient(config).list_projects(imm.ListProjectsRequest())
        except ClientException as refused:
            return str(refused.code)
        return "OK"

    def raw_status(self, person: Person, agent: str) -> int:
        """Of a call with this User-Agent."""
        assert self.kind != "tls"
        signed = sign_v3("POST", self.address, "ListProjects", [], *person._key[:2], version="2020-09-30")
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**signed, "user-agent": agent}.items())
        with socket.create_connection((self.host.strip("[]"), self.port), timeout=PATIENT) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\n{lines}\r\n".encode())
            return read_answer(connection)[0]


@pytest.fixture(scope="module")
def doors(shared_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    files = make_certificate(tmp_path_factory.mktemp("certificate"))
    opened = {kind: Door(shared_api, kind, files) for kind in KINDS}
    yield opened
    for door in opened.values():
        door.run(door.end())
        door.close()


@pytest.fixture
def may_when(people: People) -> Callable[..., Person]:
    """Somebody who may list projects when a condition is met."""
    return lambda operator, key, *values: people(
        allow("imm:ListProjects", Condition={operator: {key: list(values)}})
    )


@pytest.mark.parametrize(
    ("operator", "networks", "allowed"),
    [
        ("IpAddress", ["127.0.0.0/8"], V4),
        ("IpAddress", ["127.0.0.1"], V4),
        ("IpAddress", ["::ffff:127.0.0.1"], V4),
        ("IpAddress", ["::ffff:127.0.0.0/104"], V4),
        ("IpAddress", ["0.0.0.0/0"], V4),
        ("IpAddress", ["::1"], ("v6",)),
        ("IpAddress", ["0:0:0:0:0:0:0:1/128"], ("v6",)),
        ("IpAddress", ["::/64"], ("v6",)),
        ("IpAddress", ["10.0.0.0/8", "::1", "127.0.0.1/32"], KINDS),
        ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], ()),
        ("NotIpAddress", ["127.0.0.0/8"], ("v6",)),
        ("NotIpAddress", ["::1", "127.0.0.0/8"], ()),
        ("NotIpAddress", ["10.0.0.0/8"], KINDS),
    ],
)
def test_source_ip(
    doors: dict[str, Door],
    may_when: Callable[..., Person],
    operator: str,
    networks: list[str],
    allowed: Any,
) -> None:
    ann = may_when(operator, "acs:SourceIp", *networks)
    assert {kind: doors[kind].by_sdk(ann) for kind in KINDS} == {
        kind: "OK" if kind in allowed else "NoPermission" for kind in KINDS
    }


@pytest.mark.parametrize(("wanted", "allowed"), [("true", ("tls",)), ("false", ("v4", "v6", "both"))])
def test_secure_transport(
    doors: dict[str, Door], may_when: Callable[..., Person], wanted: str, allowed: tuple[str, ...]
) -> None:
    ann = may_when("Bool", "acs:SecureTransport", wanted)
    assert {kind: doors[kind].by_sdk(ann) for kind in KINDS} == {
        kind: "OK" if kind in allowed else "NoPermission" for kind in KINDS
    }


def test_user_agent(doors: dict[str, Door], may_when: Callable[..., Person]) -> None:
    ann = may_when("StringLike", "acs:UserAgent", "AlibabaCloud*", "curl/8.?")
    for kind in ("v4", "v6", "both"):
        assert doors[kind].by_sdk(ann) == "OK"
        for agent, status in (
            ("curl/8.1", 200),
            ("curl/8.10", 403),
            ("Curl/8.1", 403),
            ("", 403),
            ("x curl/8.1", 403),
        ):
            assert doors[kind].raw_status(ann, agent) == status, agent


def test_the_log_shows_one_form_of_an_address(api: Api, doors: dict[str, Door], people: People) -> None:
    ann = people()
    for kind in KINDS:
        assert doors[kind].by_sdk(ann) == "NoPermission"
    records = api("ListAuditRecords", Denied=True, MaxResults=len(KINDS))["AuditRecords"]
    assert [record["Address"] for record in records] == ["127.0.0.1", "127.0.0.1", "::1", "127.0.0.1"]
