"""Who has sent a request that came through proxies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.api.gateway.test_authorization import People, allow, deny, people
from tests.api.gateway.test_server import Listening, read_answer
from tests.own_log import own_log

from bindery.api.gateway.proxies import Sender, TrustedProxies, check_network, plain_address
from bindery.api.gateway.server import HttpLimits, Server
from bindery.api.gateway.signature import sign_v3
from bindery.config import ConfigurationError, load_config

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["people"]
PROXIES = TrustedProxies(["10.1.0.0/16", "192.0.2.7", "2001:db8:1::/48", "::ffff:203.0.113.0/120"])
PEER = "10.1.0.9"


def client(*lines: str, peer: str = PEER) -> str:
    return PROXIES.sender(Sender(peer, False), {"x-forwarded-for": lines}).address


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["198.51.100.1"], "198.51.100.1"),
        ([" 198.51.100.1 "], "198.51.100.1"),
        (["198.51.100.9, 198.51.100.1"], "198.51.100.1"),  # what the client wrote stands before
        (["127.0.0.1,198.51.100.1"], "198.51.100.1"),
        (["garbage, 198.51.100.1"], "198.51.100.1"),
        (["198.51.100.1, 10.1.2.3, 192.0.2.7"], "198.51.100.1"),
        (["198.51.100.9", "198.51.100.1"], "198.51.100.1"),  # lines are one list
        (["198.51.100.1", "10.1.2.3"], "198.51.100.1"),
        (["198.51.100.1, 10.1.2.3", "10.1.2.4, 203.0.113.200"], "198.51.100.1"),
        (["10.1.2.3, 10.1.2.4"], "10.1.2.3"),  # a client among the proxies
        (["198.51.100.1,"], "198.51.100.1"),  # RFC 9110, 5.6.1: empty elements count for nothing
        ([",, 198.51.100.1, ,"], "198.51.100.1"),
        (["198.51.100.1:61000"], "198.51.100.1"),
        (["2001:db8:2::1"], "2001:db8:2::1"),
        (["2001:DB8:2:0:0:0:0:1"], "2001:db8:2::1"),
        (["[2001:db8:2::1]:443"], "2001:db8:2::1"),
        (["[2001:db8:2::1]"], "2001:db8:2::1"),
        (["2001:db8:2::1, 2001:db8:1::5"], "2001:db8:2::1"),
        (["::ffff:198.51.100.1"], "198.51.100.1"),
        (["198.51.100.1, ::ffff:10.1.2.3"], "198.51.100.1"),
        (["fe80::1%eth0"], "fe80::1"),
        (["::1"], "::1"),
        # what is no address
        ([], PEER),
        ([""], PEER),
        ([","], PEER),
        (["garbage"], PEER),
        (["unknown"], PEER),
        (["_hidden"], PEER),
        (["198.51.100.1, garbage"], PEER),
        (["198.51.100.1, unknown, 10.1.2.3"], PEER),
        (["198.51.100.1 10.1.2.3"], PEER),
        (["198.51.100.1;10.1.2.3"], PEER),
        (["198.51.100"], PEER),
        (["198.51.100.256"], PEER),
        (["198.51.100.01"], PEER),
        (["0xC6336401"], PEER),
        (["198.51.100.1:"], PEER),
        (["198.51.100.1:port"], PEER),
        (["198.51.100.1:999999"], PEER),
        (["[2001:db8:2::1"], PEER),
        (["[2001:db8:2::1]443"], PEER),
        (["198.51.100.0/24"], PEER),
        (['"198.51.100.1"'], PEER),
        (["for=198.51.100.1"], PEER),
        (["١٩٨.51.100.1"], PEER),
        (["1" * 5_000], PEER),
        (["198.51.100.1" + ", 10.1.2.3" * 40], PEER),
        (["1." * 8_000], PEER),
    ],
)
def test_the_last_address_that_is_no_proxy(lines: list[str], found: str) -> None:
    assert client(*lines) == found


def test_who_is_no_trusted_proxy_is_not_believed() -> None:
    headers = {"x-forwarded-for": ["198.51.100.1"], "x-forwarded-proto": ["https"]}
    for peer in ("10.2.0.1", "192.0.2.8", "2001:db8:2::1", "", "not an address"):
        assert PROXIES.sender(Sender(peer, False), headers) == (peer, False)
        assert not PROXIES.trusts(peer)
    assert TrustedProxies().sender(Sender(PEER, True), headers) == (PEER, True)


@pytest.mark.parametrize("peer", [PEER, "::ffff:10.1.0.9", "192.0.2.7", "2001:db8:1::9", "203.0.113.3"])
def test_proxies_are_known_in_every_spelling(peer: str) -> None:
    assert client("198.51.100.1", peer=peer) == "198.51.100.1"


@pytest.mark.parametrize(
    ("lines", "by_tls", "secure"),
    [
        (["https"], False, True),
        (["HTTPS"], False, True),
        (["http"], False, False),
        (["http"], True, False),
        (["https, http"], True, False),
        (["http, https"], False, True),
        (["http", "https"], False, True),
        (["https", "http"], False, False),
        (["wss"], True, False),
        (["https2"], False, False),
        ([], True, True),
        ([], False, False),
        ([""], True, True),
    ],
)
def test_the_last_word_about_the_transport(lines: list[str], by_tls: bool, secure: bool) -> None:
    assert PROXIES.sender(Sender(PEER, by_tls), {"x-forwarded-proto": lines}).secure == secure


def test_other_headers_say_nothing() -> None:
    headers = {"forwarded": ["for=198.51.100.1;proto=https"], "x-real-ip": ["198.51.100.1"]}
    assert PROXIES.sender(Sender(PEER, False), headers) == (PEER, False)


@given(st.lists(st.text(max_size=60) | st.text("0123456789abcdef:.,[]% ", max_size=60), max_size=4))
def test_any_header_is_an_address_or_the_peer(lines: list[str]) -> None:
    found = client(*lines)
    assert plain_address(found) == found
    assert found == PEER or found not in ("", "unknown")


@pytest.mark.parametrize(
    "text", ["", "proxy", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0-10.0.0.9", "0.0.0.0/0", "::/0"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        check_network(text)
    with pytest.raises(ConfigurationError, match=r"server\.trusted_proxies: .*10\.1\.0\.0/16"):
        load_config(None, {"server": {"trusted_proxies": [text]}})


def test_a_changed_host_is_told_seldom() -> None:
    proxies = TrustedProxies([PEER])
    with own_log() as lines:
        for original in ("imm.example", "imm.test", "imm.example"):
            headers = {"host": ["imm.test"], "x-forwarded-host": [original]}
            proxies.sender(Sender(PEER, False), headers)
            proxies.sender(Sender("10.9.9.9", False), headers)
    assert [(line["host"], line["original"]) for line in lines] == [("imm.test", "imm.example")]


# over sockets


class Proxied(Listening):
    """A server that trusts the proxies of this machine."""

    def __init__(self, api: Api, proxies: Sequence[str]) -> None:
        self._proxies = TrustedProxies(proxies)
        super().__init__(api, HttpLimits(connections=32))

    def make_server(self, api: Api, limits: HttpLimits) -> Server:
        return Server(api.gateway, limits, proxies=self._proxies)

    def ask(self, key: tuple[str, str], headers: Mapping[str, str], action: str = "ListProjects") -> str:
        """``OK``, or the code of the error."""
        with self.connect() as connection:
            connection.sendall(self.request(key, headers, action))
            status, _, body = read_answer(connection)
            return "OK" if status == 200 else str(json.loads(body)["Code"])

    def request(self, key: tuple[str, str], headers: Mapping[str, str], action: str) -> bytes:
        signed = sign_v3("POST", self.address, action, [], *key, version="2020-09-30")
        lines = [f"{name}: {value}" for name, value in {**signed, **headers}.items()]
        return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.fixture
def proxied(api: Api) -> Iterator[Callable[..., Proxied]]:
    opened: list[Proxied] = []

    def make(*proxies: str) -> Proxied:
        opened.append(Proxied(api, proxies))
        return opened[-1]

    yield make
    for listening in opened:
        listening.run(listening.server._runner.cleanup())
        listening.close()


def test_policies_and_the_audit_log_see_who_is_behind_the_proxy(
    api: Api, people: People, proxied: Callable[..., Proxied]
) -> None:
    near = {"IpAddress": {"acs:SourceIp": ["198.51.100.0/24", "2001:db8:9::/48"]}}
    plain = {"Bool": {"acs:SecureTransport": "false"}}
    ann = people(allow("imm:ListProjects", Condition=near), deny("*", Condition=plain))
    listening, key = proxied("127.0.0.0/8"), ann._key[:2]
    https = {"x-forwarded-proto": "https"}
    for address in ("198.51.100.7", "::ffff:198.51.100.7", "2001:db8:9::1", "203.0.113.1, 198.51.100.7"):
        assert listening.ask(key, {**https, "x-forwarded-for": address}) == "OK", address
        assert listening.ask(key, {"x-forwarded-for": address}) == "NoPermission"
    for address in ("203.0.113.1", "198.51.100.7, 203.0.113.1", "198.51.100.7, x", "x"):
        assert listening.ask(key, {**https, "x-forwarded-for": address}) == "NoPermission", address
    assert listening.ask(key, https) == "NoPermission"
    addresses = [
        record["Address"] for record in api("ListAuditRecords", Denied=True, MaxResults=5)["AuditRecords"]
    ]
    assert addresses == ["127.0.0.1", "127.0.0.1", "127.0.0.1", "203.0.113.1", "203.0.113.1"]
    strict = proxied()
    assert strict.ask(key, {**https, "x-forwarded-for": "198.51.100.7"}) == "NoPermission"


def test_connections_count_for_who_is_behind_the_proxy(api: Api, proxied: Callable[..., Proxied]) -> None:
    """One greedy client of a proxy pays alone, and a connection that showed a key is his who showed it."""
    listening = proxied("127.0.0.1")
    root = ("root", "root-secret")

    def open_one(address: str, key: tuple[str, str]) -> Any:
        connection = listening.connect()
        say(connection, address, key)
        return connection

    def say(connection: Any, address: str, key: tuple[str, str]) -> int:
        connection.sendall(listening.request(key, {"x-forwarded-for": address}, "ListProjects"))
        return read_answer(connection)[0]

    modest = [open_one("198.51.100.1", ("nobody", "x")) for _ in range(3)]
    lent = open_one("198.51.100.2", root)
    greedy = [open_one("198.51.100.9", ("nobody", "x")) for _ in range(60)]
    for connection in modest:
        assert say(connection, "198.51.100.1", ("nobody", "x")) == 404
    assert say(lent, "198.51.100.2", root) == 200
    held = listening.server._house.connections
    assert len(held._trusted) == 1
    assert say(lent, "198.51.100.3", ("nobody", "x")) == 404
    assert not held._trusted
    assert {address: len(each) for address, each in held._strangers.items()} == {
        "198.51.100.1": 3, "198.51.100.3": 1, "198.51.100.9": 28,
    }  # fmt: skip
    for connection in (*modest, lent, *greedy):
        connection.close()
