"""Values of conditions, read from their texts: numbers, times, truth values, addresses. None for what is none."""

from __future__ import annotations

import datetime
import ipaddress
import re
from decimal import Decimal
from functools import lru_cache

import msgspec

Comparable = int | Decimal

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
_MICROSECOND = datetime.timedelta(microseconds=1)
_TRUTH = {"true": True, "false": False}
_LONGEST_ADDRESS = 64
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def number(text: str) -> Decimal | None:
    """A decimal number without an exponent, of 30 digits on each side at most."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def moment(text: str) -> int | None:
    """Microseconds since 1970 of an ISO 8601 time. The zone must be there: a policy means one moment."""
    if not _MOMENT.fullmatch(text):
        return None
    # Python knows fractions of three or six digits only.
    head, dot, rest = text.partition(".")
    if dot:
        digits = re.split(r"[Z+-]", rest, maxsplit=1)[0]
        text = f"{head}.{digits:0<6}{rest[len(digits) :]}"
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = time.utcoffset() or datetime.timedelta()
    return (time.replace(tzinfo=None) - _EPOCH - offset) // _MICROSECOND


def truth(text: str) -> bool | None:
    """``true`` or ``false`` in any case."""
    return _TRUTH.get(text.lower())


class Address(msgspec.Struct, frozen=True):
    """An IP address. IPv4 addresses in IPv6 clothes (``::ffff:10.0.0.1``) are IPv4 addresses."""

    version: int
    bits: int


class Network(msgspec.Struct, frozen=True):
    """A CIDR block; a single address is a block of one."""

    version: int
    prefix: int
    shift: int

    def holds(self, address: Address) -> bool:
        """Whether the address lies in it."""
        return self.version == address.version and address.bits >> self.shift == self.prefix


@lru_cache(maxsize=4_096)
def address(text: str) -> Address | None:
    """An address as a connection shows it; the zone of a link-local one (``%eth0``) says nothing."""
    if len(text) > _LONGEST_ADDRESS:
        return None
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    plain = mapped or found
    return Address(plain.version, int(plain))


def network(text: str) -> Network | None:
    """A block, or a single address. Bits behind its prefix may be set and do not count."""
    if len(text) > _LONGEST_ADDRESS or "%" in text or _has_mask_of_address(text):
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        mapped = int(found.network_address) & 0xFFFF_FFFF
        shift = 128 - found.prefixlen
        return Network(4, mapped >> shift, shift)
    shift = found.max_prefixlen - found.prefixlen
    return Network(found.version, int(found.network_address) >> shift, shift)


def _has_mask_of_address(text: str) -> bool:
    """Whether the block is written as ``10.0.0.0/255.0.0.0``, which RAM does not document."""
    _, slash, mask = text.partition("/")
    return bool(slash) and not (mask.isascii() and mask.isdigit())
