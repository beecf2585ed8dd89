"""Signatures against vectors from the vendor's documentation, unit tests and real SDKs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.api.gateway.calls import take_apart

from bindery.api.gateway.percent import percent_encode
from bindery.api.gateway.request import HttpRequest
from bindery.api.gateway.signature import (
    canonical_query,
    canonical_request,
    hash_v3,
    parse_authorization,
    sign_v3,
    signature_v1,
    signature_v3,
    string_to_sign_v1,
    string_to_sign_v3,
    v3_hash,
)
from bindery.secrecy import same_secret

VECTORS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("signature-vectors.json").read_text("utf-8")
)["vectors"]
VERIFIABLE = [vector for vector in VECTORS if vector["verified"] is True]
V1 = [vector for vector in VERIFIABLE if vector["scheme"].startswith("V1")]
V3 = [vector for vector in VERIFIABLE if vector["scheme"].startswith("ACS3")]
CAPTURED = [vector for vector in VERIFIABLE if "request_target" in vector]


NEEDS_SM3 = pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="this OpenSSL has no SM3")


def with_marks(vectors: list[dict[str, Any]]) -> list[Any]:
    return [
        pytest.param(vector, id=vector["id"], marks=[NEEDS_SM3] if "SM3" in vector["scheme"] else [])
        for vector in vectors
    ]


def test_the_vectors_are_all_there() -> None:
    assert (len(VECTORS), len(VERIFIABLE), len(V1), len(V3)) == (42, 37, 15, 22)


@pytest.mark.parametrize("vector", with_marks(V1))
def test_v1_vectors(vector: dict[str, Any]) -> None:
    parameters = vector.get("params") or vector["query_decoded"]
    pairs = parameters.items() if isinstance(parameters, dict) else parameters
    to_sign = string_to_sign_v1(vector["http_method"], [(name, value) for name, value in pairs])
    assert to_sign == vector["string_to_sign"]
    assert signature_v1(vector["access_key_secret"], to_sign) == vector["expected_signature"]


@pytest.mark.parametrize("vector", with_marks(V3))
def test_v3_vectors(vector: dict[str, Any]) -> None:
    query = vector.get("query_decoded")
    pairs = list(vector["query"].items()) if query is None else [(name, value) for name, value in query]
    headers: dict[str, list[str]] = {}
    for name, value in vector["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    canonical = canonical_request(
        vector["http_method"],
        canonical_query(pairs),
        headers,
        vector["signed_headers"].split(";"),
        vector["hashed_request_payload"],
    )
    assert canonical == vector["canonical_request"]
    to_sign = string_to_sign_v3(canonical, vector["scheme"])
    assert to_sign == vector["string_to_sign"]
    signature = signature_v3(vector["access_key_secret"], to_sign, vector["scheme"])
    assert signature == vector["expected_signature"]


@pytest.mark.parametrize("vector", with_marks(CAPTURED))
def test_requests_of_sdks_are_read_as_they_were_signed(vector: dict[str, Any]) -> None:
    """From the bytes on the wire, not from the decoded parameters: spaces, case of escapes, `+`."""
    headers: dict[str, list[str]] = {}
    for name, value in vector["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    body = (vector.get("body") or "").encode()
    call = take_apart(HttpRequest(vector["http_method"], vector["request_target"], headers, body))
    if vector["scheme"].startswith("V1"):
        assert (
            string_to_sign_v1(vector["http_method"], [*call.query, *call.form]) == vector["string_to_sign"]
        )
        return
    authorization = parse_authorization(headers["authorization"][0])
    assert authorization is not None
    signer, signature = authorization
    body_hash = hash_v3(body, signer.algorithm)
    assert body_hash == vector["hashed_request_payload"]
    canonical = canonical_request(
        vector["http_method"], call.canonical_query, headers, signer.signed_headers, body_hash
    )
    assert canonical == vector["canonical_request"]
    assert signature == vector["expected_signature"]


def test_percent_encoding_leaves_only_unreserved_characters() -> None:
    assert percent_encode("aZ09-_.~") == "aZ09-_.~"
    assert percent_encode(" *!'()+/é中") == "%20%2A%21%27%28%29%2B%2F%C3%A9%E4%B8%AD"


def test_pairs_are_ordered_by_their_encoded_names() -> None:
    assert canonical_query([("b", "1"), ("a", ""), ("B", "x y")]) == "B=x%20y&a=&b=1"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=00",
        "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=xyz",
    ],
)
def test_other_authorization_headers_are_no_v3(header: str) -> None:
    assert parse_authorization(header) is None


def test_algorithms_that_are_offered() -> None:
    assert v3_hash("ACS3-HMAC-SHA256") == "sha256"
    assert v3_hash("ACS3-RSA-SHA256") is None
    assert (v3_hash("ACS3-HMAC-SM3") is not None) == ("sm3" in hashlib.algorithms_available)


def test_signatures_are_compared_whole() -> None:
    assert same_secret("abc", "abc")
    assert not same_secret("abc", "abd")
    assert not same_secret("abc", "ab")
    assert not same_secret("abc", "abç")
    assert not same_secret("abc", "ab\udcff")
    assert not same_secret("abc", "ab\ud800")


def test_sign_v3_makes_headers_that_verify() -> None:
    query = [("ProjectName", "p"), ("Tag", '[{"Key":"ä *"}]')]
    headers = sign_v3("POST", "host:1", "GetProject", query, "key", "secret", version="2020-09-30")
    authorization = parse_authorization(headers["Authorization"])
    assert authorization is not None
    signer, signature = authorization
    canonical = canonical_request(
        "POST",
        canonical_query(query),
        {name.lower(): [value] for name, value in headers.items()},
        signer.signed_headers,
        hash_v3(b""),
    )
    assert signature_v3("secret", string_to_sign_v3(canonical)) == signature
