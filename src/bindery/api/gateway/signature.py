"""Signatures of requests, both styles.

Sources: help pages of the API gateway on the V3 request body and signature mechanism (ACS3-HMAC-SHA256)
and on the RPC style signature (HMAC-SHA1). The SDKs can be told to sign with ACS3-HMAC-SM3 too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from bindery.api.gateway.percent import percent_encode

V3_ALGORITHM = "ACS3-HMAC-SHA256"
_MEMORABLE = 1_024
_HASH_OF_NOTHING = hashlib.sha256().hexdigest()
_V3_HASHES = {V3_ALGORITHM: "sha256", "ACS3-HMAC-SM3": "sm3"}
_AUTHORIZATION = re.compile(
    r"(?P<algorithm>[A-Za-z0-9-]+)\s+Credential=(?P<key>[^,\s]+)\s*,\s*SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*"
)
"""What stands before the signature."""
_HEX = re.compile(r"[0-9a-fA-F]+")


class Signer(msgspec.Struct, frozen=True):
    """Who has signed a V3 request, and how."""

    algorithm: str
    key_id: str
    signed_headers: tuple[str, ...]
    signed: frozenset[str]
    """The same, to look names up in."""


def parse_authorization(header: str) -> tuple[Signer, str] | None:
    """The parts of a V3 Authorization header, the signature last; None when it has another form."""
    before, _, signature = header.strip().rpartition("Signature=")
    signer = _known_signer(before) if len(before) <= _MEMORABLE else _read_signer(before)
    return None if signer is None or not _HEX.fullmatch(signature) else (signer, signature)


@lru_cache(1024)
def _known_signer(text: str) -> Signer | None:
    """The same key signs again and again."""
    return _read_signer(text)


def _read_signer(text: str) -> Signer | None:
    match = _AUTHORIZATION.fullmatch(text)
    if match is None:
        return None
    signed = tuple(match["headers"].split(";"))
    return Signer(match["algorithm"], match["key"], signed, frozenset(signed))


def v3_hash(algorithm: str) -> str | None:
    """The hash function of a V3 algorithm; None when it is not offered (SM3 depends on OpenSSL)."""
    name = _V3_HASHES.get(algorithm)
    return name if name in hashlib.algorithms_available else None


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Encoded pairs in the order of their names."""
    encoded = sorted((percent_encode(name), percent_encode(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_request(
    method: str,
    query: str,
    headers: Mapping[str, Sequence[str]],
    signed_headers: Sequence[str],
    body_hash: str,
) -> str:
    """The V3 canonical request, with the URI ``/``. ``query`` is canonical, names in ``headers`` are lower case."""
    found = [headers.get(name, ()) for name in signed_headers]
    lines = [
        f"{name}:{values[0].strip() if len(values) == 1 else _header_value(values)}"
        for name, values in zip(signed_headers, found, strict=True)
    ]
    return "\n".join((method, "/", query, *lines, "", ";".join(signed_headers), body_hash))


def _header_value(values: Sequence[str]) -> str:
    return ",".join(sorted(value.strip() for value in values))


def hash_v3(content: bytes, algorithm: str = V3_ALGORITHM) -> str:
    """Lower-case hex of a body's hash."""
    if algorithm == V3_ALGORITHM:
        return hashlib.sha256(content).hexdigest() if content else _HASH_OF_NOTHING
    return hashlib.new(_V3_HASHES[algorithm], content).hexdigest()


def string_to_sign_v3(canonical: str, algorithm: str = V3_ALGORITHM) -> str:
    """What is signed in V3."""
    return f"{algorithm}\n{hash_v3(canonical.encode(), algorithm)}"


def signature_v3(secret: str, string_to_sign: str, algorithm: str = V3_ALGORITHM) -> str:
    """Lower-case hex."""
    keyed = _keyed(secret, _V3_HASHES[algorithm]).copy()
    keyed.update(string_to_sign.encode())
    return keyed.hexdigest()


@lru_cache(64)
def _keyed(secret: str, name: str) -> hmac.HMAC:
    """What has taken in the secret: making it costs as much as the signature itself."""
    return hmac.new(secret.encode(), digestmod=name)


def string_to_sign_v1(method: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What is signed in the RPC style: all parameters of query and form but the signature itself."""
    kept = ((name, value) for name, value in parameters if name != "Signature")
    return f"{method}&%2F&{percent_encode(canonical_query(kept))}"


def signature_v1(secret: str, string_to_sign: str) -> str:
    """Base64; the key is the secret and an ampersand."""
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), string_to_sign.encode(), "sha1")).decode()


def make_nonce() -> str:
    """What makes one request another than all others."""
    return secrets.token_hex(16)


def sign_v3(
    method: str,
    host: str,
    action: str,
    query: Iterable[tuple[str, str]],
    key_id: str,
    secret: str,
    *,
    version: str,
    nonce: str = "",
    further: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> dict[str, str]:
    """Headers of a signed request; ``further`` ones, with names in lower case, are signed as well.

    ``nonce``: a fresh one when it is left out.
    """
    body_hash = hash_v3(body)
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce or make_nonce(),
        "x-acs-content-sha256": body_hash,
        "accept": "application/json",
        **(further or {}),
    }
    names = sorted(headers)
    values = {name: (value,) for name, value in headers.items()}
    canonical = canonical_request(method, canonical_query(query), values, names, body_hash)
    signature = signature_v3(secret, string_to_sign_v3(canonical))
    headers["Authorization"] = (
        f"{V3_ALGORITHM} Credential={key_id},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    return headers
