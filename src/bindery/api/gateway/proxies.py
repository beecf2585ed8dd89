"""Who has sent a request that came through proxies; only those that the operator names are believed.

X-Forwarded-For and X-Forwarded-Proto are read. ``Forwarded`` (RFC 7239) and X-Real-IP are not: a proxy passes on
what it does not set itself, so a server that listens to several headers lets the client choose who he is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import structlog

from bindery.api.gateway.seldom import Seldom

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_LONGEST = 64
"""Characters of an address with brackets, zone and port."""
_MOST_HOPS = 32
_FORWARDED_FOR = "x-forwarded-for"
_FORWARDED_PROTO = "x-forwarded-proto"
_FORWARDED_HOST = "x-forwarded-host"
_log = structlog.get_logger()


class Sender(NamedTuple):
    """Where a request comes from, and whether nobody could read it on its way."""

    address: str
    secure: bool


class TrustedProxies:
    """The proxies whose word counts: addresses and networks. Raises ValueError for what is neither."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks = tuple(_network(text) for text in networks)
        self._host_told = Seldom()

    def trusts(self, address: str) -> bool:
        """Whether a peer is one of them."""
        return bool(self._networks) and self._holds(_address(address))

    def sender(self, peer: Sender, headers: Mapping[str, Sequence[str]]) -> Sender:
        """The sender of a request with these headers (names in lower case) that the peer has handed in."""
        if not self._networks or not self._holds(_address(peer.address)):
            return peer
        self._note_host(headers)
        return Sender(self._client(peer.address, headers), _is_secure(peer, headers))

    def _client(self, peer: str, headers: Mapping[str, Sequence[str]]) -> str:
        """The last address that is no trusted proxy, for each proxy adds the one it was called from at the end.

        When all are trusted the first: a client inside the proxies' own network. What the client has written
        himself stands before and is not even looked at; an entry that is no address makes the peer the sender.
        """
        found: _Address | None = None
        for count, entry in enumerate(_from_behind(headers.get(_FORWARDED_FOR, ()))):
            found = _address(entry) if count < _MOST_HOPS else None
            if found is None:
                return peer
            if not self._holds(found):
                break
        return peer if found is None else str(found)

    def _holds(self, address: _Address | None) -> bool:
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )

    def _note_host(self, headers: Mapping[str, Sequence[str]]) -> None:
        """The usual reason why no signature is right behind a proxy."""
        original, host = headers.get(_FORWARDED_HOST), headers.get("host")
        if original and host and original[0] != host[0] and self._host_told.may_say():
            _log.warning(
                "the proxy changes the Host header, which is part of signatures, so calls fail with"
                " SignatureDoesNotMatch; let it pass Host unchanged, with its port (nginx: proxy_set_header Host"
                " $http_host)",
                host=host[0][:_LONGEST],
                original=original[0][:_LONGEST],
            )


def plain_address(address: str) -> str:
    """An address of a socket in the one form in which it is compared and shown: IPv4 as such, no zone."""
    found = _address(address)
    return address if found is None else str(found)


def check_network(text: str) -> None:
    """Raises ValueError, which says what is wrong, unless a proxy can be named so."""
    _network(text)


def _is_secure(peer: Sender, headers: Mapping[str, Sequence[str]]) -> bool:
    """What the last proxy says; when it says nothing, its own connection counts."""
    entry = next(_from_behind(headers.get(_FORWARDED_PROTO, ())), None)
    return peer.secure if entry is None else entry.lower() == "https"


def _from_behind(lines: Sequence[str]) -> Iterator[str]:
    """Entries of a list header, the last first; several lines are one list."""
    for line in reversed(lines):
        end = len(line)
        while end >= 0:
            comma = line.rfind(",", 0, end)
            if entry := line[comma + 1 : end].strip():
                yield entry
            end = comma


def _address(text: str) -> _Address | None:
    """Also with a port, as some proxies write it, and IPv6 in brackets; IPv4 within IPv6 is IPv4."""
    return (
        _read_address(text) if len(text) <= _LONGEST else None
    )  # what clients write must not fill the cache


@lru_cache(4_096)
def _read_address(text: str) -> _Address | None:
    host = text.partition("%")[0]
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port or ":0"):
            return None
        host = host.partition("%")[0]
    elif text.count(":") == 1:
        host, colon, port = text.partition(":")
        if not _is_port(colon + port):
            return None
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_port(text: str) -> bool:
    digits = text[1:]
    return text[:1] == ":" and digits.isascii() and digits.isdigit() and len(digits) <= 5


def _network(text: str) -> _Network:
    found = ipaddress.ip_network(text)
    if not found.prefixlen:
        raise ValueError(
            f"{text} is everybody, and everybody could choose his address; name the proxies alone"
        )
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        mapped = found.network_address.ipv4_mapped
        return ipaddress.IPv4Network(f"{mapped}/{found.prefixlen - 96}")
    return found
