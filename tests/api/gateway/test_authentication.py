"""Who may call: both styles of signature, times, nonces, keys and tokens."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.api.gateway.calls import take_apart

from bindery.access.identities import open_identities
from bindery.access.keys import AccessKey
from bindery.access.nonces import Nonces
from bindery.access.tokens import Credentials, Session, issue
from bindery.api.errors import ApiError
from bindery.api.gateway.authentication import authenticate, check_body, use_nonce
from bindery.api.gateway.request import HttpRequest
from bindery.api.gateway.signature import (
    canonical_request,
    hash_v3,
    signature_v1,
    signature_v3,
    string_to_sign_v1,
    string_to_sign_v3,
)
from bindery.catalog.access_records import Role
from bindery.catalog.opening import open_access
from bindery.catalog.record_access import RecordAccess

VECTORS = json.loads(Path(__file__).with_name("signature-vectors.json").read_text("utf-8"))["vectors"]
FORM = "application/x-www-form-urlencoded"


class Door:
    """Signs requests as a client would and lets the server look at them."""

    def __init__(self, data: Path, record: RecordAccess) -> None:
        self.data = data
        self.record = record
        self.identities = open_identities(record, data, account_id="1")
        self.nonces = Nonces(data)
        self._count = 0

    def add_key(self) -> AccessKey:
        """A further key of the account."""
        return self.identities.make_key(None)[1]

    def session(self) -> Credentials:
        """Credentials of a session of a role that may do nothing."""
        name = f"role{self.nonce()}"
        role = self.record.roles.create(Role(name=name, trust_policy="{}"))
        expires = int(time.time()) + 900
        return issue(self.identities.sealer, Session("", "1", role.id, name, "me", expires))

    def set_active(self, key_id: str, *, active: bool) -> None:
        self.record.access_keys.set_active(None, key_id, active=active)

    def nonce(self) -> str:
        self._count += 1
        return f"nonce-{self._count}"

    def v3(
        self,
        *,
        key: tuple[str, str] = ("root", "root-secret"),
        query: str = "ProjectName=p",
        body: bytes = b"",
        change: Callable[[dict[str, str]], object] = lambda headers: None,
        algorithm: str = "ACS3-HMAC-SHA256",
        after: Callable[[dict[str, str]], object] = lambda headers: None,
    ) -> HttpRequest:
        """``change`` is made before the request is signed, ``after`` when it is under way."""
        headers = {
            "host": "imm.test",
            "x-acs-action": "GetProject",
            "x-acs-version": "2020-09-30",
            "x-acs-date": stamp(),
            "x-acs-signature-nonce": self.nonce(),
            "x-acs-content-sha256": hash_v3(body, algorithm) if "RSA" not in algorithm else "",
        }
        if body:
            headers["content-type"] = FORM
        change(headers)
        names = sorted(headers)
        unsigned = HttpRequest(
            "POST", f"/?{query}", {name: [value] for name, value in headers.items()}, body
        )
        signed_query = take_apart(unsigned).canonical_query
        canonical = canonical_request(
            "POST", signed_query, unsigned.headers, names, headers.get("x-acs-content-sha256", "")
        )
        signature = "00"
        if "RSA" not in algorithm:
            signature = signature_v3(key[1], string_to_sign_v3(canonical, algorithm), algorithm)
        headers["authorization"] = (
            f"{algorithm} Credential={key[0]},SignedHeaders={';'.join(names)},Signature={signature}"
        )
        after(headers)
        return HttpRequest("POST", f"/?{query}", {name: [value] for name, value in headers.items()}, body)

    def v1(
        self,
        *,
        key: tuple[str, str] = ("root", "root-secret"),
        method: str = "GET",
        change: Callable[[dict[str, str]], object] = lambda parameters: None,
        after: Callable[[dict[str, str]], object] = lambda parameters: None,
    ) -> HttpRequest:
        parameters = {
            "Action": "GetProject",
            "Version": "2020-09-30",
            "Format": "JSON",
            "AccessKeyId": key[0],
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": self.nonce(),
            "Timestamp": stamp(),
        }
        change(parameters)
        parameters["Signature"] = signature_v1(key[1], string_to_sign_v1(method, parameters.items()))
        after(parameters)
        return HttpRequest(method, "/?" + urlencode(parameters), {"host": ["imm.test"]})

    def opens(self, request: HttpRequest) -> str:
        """The id of the key."""
        call = take_apart(request)
        proof = authenticate(call, self.identities)
        check_body(call.body, proof)
        use_nonce(proof, self.nonces)
        return proof.identity.key_id

    def refuses(self, request: HttpRequest) -> tuple[int, str]:
        """Status and code."""
        with pytest.raises(ApiError) as refused:
            self.opens(request)
        return refused.value.status, refused.value.code


def stamp(**shift: float) -> str:
    return (datetime.now(UTC) + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%SZ")


def put(name: str, value: str) -> Callable[[dict[str, str]], object]:
    return lambda held: held.__setitem__(name, value)


def put_time(name: str, **shift: float) -> Callable[[dict[str, str]], object]:
    """As ``put``, with a time taken when the request is made."""
    return lambda held: held.__setitem__(name, stamp(**shift))


def drop(name: str) -> Callable[[dict[str, str]], object]:
    return lambda held: held.pop(name)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "root")
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", "root-secret")
    with open_access("", tmp_path) as record:
        yield Door(tmp_path, record)


def test_both_styles_open(door: Door) -> None:
    assert door.opens(door.v3()) == "root"
    assert door.opens(door.v1()) == "root"
    assert door.opens(door.v1(method="POST")) == "root"
    assert door.opens(door.v3(body=b"A=1&B=%E4%B8%AD")) == "root"


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="this OpenSSL has no SM3")
def test_sm3_opens(door: Door) -> None:
    assert door.opens(door.v3(algorithm="ACS3-HMAC-SM3", body=b"A=1")) == "root"


@pytest.mark.parametrize(
    "after",
    [
        put("x-acs-action", "DeleteProject"),
        put("x-acs-version", "2017-09-06"),
        put("host", "elsewhere"),
        put("x-acs-signature-nonce", "another"),
        put_time("x-acs-date", seconds=7),
    ],
    ids=["action", "version", "host", "nonce", "date"],
)
def test_a_signed_header_that_was_changed(door: Door, after: Callable[[dict[str, str]], object]) -> None:
    assert door.refuses(door.v3(after=after)) == (400, "SignatureDoesNotMatch")


def test_a_query_a_body_or_a_method_that_was_changed(door: Door) -> None:
    good = door.v3(body=b"A=1")
    changed = HttpRequest("POST", good.target + "x", good.headers, good.body)
    assert door.refuses(changed) == (400, "SignatureDoesNotMatch")
    assert door.refuses(HttpRequest("POST", good.target, good.headers, b"A=2")) == (
        400,
        "SignatureDoesNotMatch",
    )
    assert door.refuses(HttpRequest("GET", good.target, good.headers, good.body)) == (
        400,
        "SignatureDoesNotMatch",
    )
    older = door.v1()
    assert door.refuses(HttpRequest("POST", older.target, {})) == (400, "SignatureDoesNotMatch")


def test_a_wrong_secret(door: Door) -> None:
    wrong = ("root", "another-secret")
    assert door.refuses(door.v3(key=wrong)) == (400, "SignatureDoesNotMatch")
    assert door.refuses(door.v1(key=wrong)) == (400, "SignatureDoesNotMatch")


def test_the_message_of_a_wrong_signature_shows_what_the_server_signed(door: Door) -> None:
    with pytest.raises(ApiError) as older:
        door.opens(door.v1(after=put("Signature", "AAAA")))
    assert older.value.message.startswith("Specified signature is not matched with our calculation.")
    assert "server string to sign is:GET&%2F&AccessKeyId%3Droot%26Action" in older.value.message
    with pytest.raises(ApiError) as newer:
        door.opens(door.v3(key=("root", "x")))
    assert "server CanonicalRequest is [POST\n/\nProjectName=p\nhost:imm.test\n" in newer.value.message


@pytest.mark.parametrize("name", ["x-acs-content-sha256", "x-acs-signature-nonce", "host"])
def test_a_header_that_is_missing(door: Door, name: str) -> None:
    assert door.refuses(door.v3(change=drop(name))) == (400, "IncompleteSignature")


def test_headers_that_matter_must_be_signed(door: Door) -> None:
    assert door.refuses(door.v3(after=put("x-acs-new", "1"))) == (400, "IncompleteSignature")
    later = door.v3(
        change=lambda headers: None, body=b"", after=put("content-type", "application/octet-stream")
    )
    assert door.opens(later) == "root", "the asynchronous Python client sends this with an empty body"
    unsigned = door.v3(body=b"A=1", change=drop("content-type"), after=put("content-type", FORM))
    assert door.refuses(unsigned) == (400, "IncompleteSignature")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (drop("Timestamp"), (400, "IllegalTimestamp")),
        (put("Timestamp", "yesterday"), (400, "InvalidTimeStamp.Format")),
        (put("Timestamp", "2026-02-30T00:00:00Z"), (400, "InvalidTimeStamp.Format")),
        (put("Timestamp", "2026-01-01T00:00:00+08:00"), (400, "InvalidTimeStamp.Format")),
        (put("Timestamp", "\u0662\u0660\u0662\u0666-01-01T00:00:00Z"), (400, "InvalidTimeStamp.Format")),
        (put("Timestamp", "0000-01-01T00:00:00Z"), (400, "InvalidTimeStamp.Format")),
        (put_time("Timestamp", minutes=-32), (400, "InvalidTimeStamp.Expired")),
        (put_time("Timestamp", minutes=32), (400, "InvalidTimeStamp.Expired")),
        (put("Timestamp", "0001-01-01T00:00:00Z"), (400, "InvalidTimeStamp.Expired")),
        (put("SignatureMethod", "HMAC-MD5"), (400, "InvalidSignatureMethod")),
        (put("SignatureVersion", "2.0"), (400, "InvalidParamater")),
        (drop("SignatureNonce"), (400, "MissingSignatureNonce")),
        (put("SignatureNonce", "n" * 5000), (400, "InvalidSignatureNonce")),
        (put("AccessKeyId", ""), (400, "MissingAccessKeyId")),
        (put("AccessKeyId", "stranger"), (404, "InvalidAccessKeyId.NotFound")),
        (put("AccessKeyId", "STS.abc"), (400, "MissingSecurityToken")),
        (put("SecurityToken", "token"), (400, "InvalidSecurityToken.MismatchWithAccessKey")),
    ],
)
def test_v1_errors(door: Door, change: Callable[[dict[str, str]], object], error: tuple[int, str]) -> None:
    assert door.refuses(door.v1(change=change)) == error


def test_v1_without_a_signature(door: Door) -> None:
    assert door.refuses(door.v1(after=drop("Signature"))) == (400, "MissingSignature")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (drop("x-acs-date"), (400, "IllegalTimestamp")),
        (put("x-acs-date", "2026-01-01 00:00:00"), (400, "InvalidTimeStamp.Format")),
        (put_time("x-acs-date", minutes=-16), (400, "InvalidTimeStamp.Expired")),
        (put_time("x-acs-date", minutes=16), (400, "InvalidTimeStamp.Expired")),
        (put("x-acs-content-sha256", "00"), (400, "SignatureDoesNotMatch")),
        (put("x-acs-security-token", "t"), (400, "InvalidSecurityToken.MismatchWithAccessKey")),
    ],
)
def test_v3_errors(door: Door, change: Callable[[dict[str, str]], object], error: tuple[int, str]) -> None:
    assert door.refuses(door.v3(change=change)) == error


def test_times_within_the_window_are_accepted(door: Door) -> None:
    for minutes in (-14, 14):
        assert door.opens(door.v3(change=put_time("x-acs-date", minutes=minutes)))
        assert door.opens(door.v1(change=put_time("Timestamp", minutes=2 * minutes)))


def test_the_old_spelling_of_the_time_is_accepted(door: Door) -> None:
    def respell(parameters: dict[str, str]) -> None:
        parameters["TimeStamp"] = parameters.pop("Timestamp")

    assert door.opens(door.v1(change=respell)) == "root"


def test_other_v3_authorizations(door: Door) -> None:
    assert door.refuses(door.v3(algorithm="ACS3-RSA-SHA256")) == (400, "InvalidSignatureMethod")
    assert door.refuses(door.v3(after=put("authorization", "Basic eA=="))) == (400, "IncompleteSignature")
    sts = door.v3(key=("STS.abc", "s"), change=put("x-acs-security-token", "token"))
    assert door.refuses(sts) == (400, "InvalidSecurityToken.Malformed")
    assert door.refuses(door.v3(key=("STS.abc", "s"))) == (400, "MissingSecurityToken")
    assert door.refuses(door.v3(key=("stranger", "s"))) == (404, "InvalidAccessKeyId.NotFound")


@pytest.mark.parametrize(
    ("vector", "code"),
    [
        ("py-v3-bearer-unsigned", "InvalidSignatureType"),
        ("node-v3-bearer-unsigned", "InvalidSignatureType"),
        ("py-v1-bearer-unsigned", "InvalidSignatureType"),
        ("py-v3-anonymous", "MissingAccessKeyId"),
    ],
)
def test_unsigned_requests_of_sdks(door: Door, vector: str, code: str) -> None:
    sent: dict[str, Any] = next(entry for entry in VECTORS if entry["id"] == vector)
    headers = {name.lower(): [value] for name, value in sent["headers"]}
    assert door.refuses(HttpRequest(sent["http_method"], sent["request_target"], headers)) == (400, code)


# nonces


def test_a_request_sent_again(door: Door) -> None:
    for request in (door.v3(), door.v1()):
        door.opens(request)
        assert door.refuses(request) == (400, "SignatureNonceUsed")


def test_a_nonce_is_used_up_only_by_a_right_signature(door: Door) -> None:
    door.refuses(door.v1(key=("root", "wrong"), change=put("SignatureNonce", "mine")))
    assert door.opens(door.v1(change=put("SignatureNonce", "mine"))) == "root"


def test_nonces_belong_to_their_key(door: Door) -> None:
    other = door.add_key()
    door.opens(door.v1(change=put("SignatureNonce", "same")))
    assert (
        door.opens(door.v1(key=(other.id, other.secret), change=put("SignatureNonce", "same"))) == other.id
    )


def test_a_restart_forgets_no_nonce(door: Door) -> None:
    """Nothing is closed: the process might have been killed."""
    request = door.v3()
    door.opens(request)
    door.nonces = Nonces(door.data)
    assert door.refuses(request) == (400, "SignatureNonceUsed")


def test_of_many_replays_at_the_same_moment_one_passes(door: Door) -> None:
    def attempt(_: int) -> bool:
        return door.nonces.use("root", "once", now=int(time.time()), expires=int(time.time()) + 900)

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(attempt, range(500))) == 1


# keys


def test_further_keys_can_be_added_and_disabled_while_the_server_runs(door: Door) -> None:
    first, second = door.add_key(), door.add_key()
    for key in (first, second):
        assert door.opens(door.v3(key=(key.id, key.secret))) == key.id
        assert door.opens(door.v1(key=(key.id, key.secret))) == key.id
    door.set_active(first.id, active=False)
    assert door.refuses(door.v3(key=(first.id, first.secret))) == (400, "InvalidAccessKeyId.Inactive")
    assert door.opens(door.v3(key=(second.id, second.secret))) == second.id
    door.set_active(first.id, active=True)
    assert door.opens(door.v3(key=(first.id, first.secret))) == first.id


@pytest.mark.parametrize("form", [False, True])
def test_temporary_keys_open_in_both_styles(door: Door, form: bool) -> None:
    session = door.session()
    key = session.key.id, session.key.secret
    headers = {"x-acs-security-token": session.token, "x-acs-accesskey-id": session.key.id}
    body = b"DatasetName=d" if form else b""
    assert door.opens(door.v3(key=key, body=body, change=lambda held: held.update(headers))) == key[0]
    method = "POST" if form else "GET"
    assert door.opens(door.v1(key=key, method=method, change=put("SecurityToken", session.token))) == key[0]


def test_a_token_is_part_of_what_is_signed(door: Door) -> None:
    session = door.session()
    key = session.key.id, session.key.secret
    unsigned = door.v3(key=key, after=put("x-acs-security-token", session.token))
    assert door.refuses(unsigned) == (400, "IncompleteSignature")
    late = door.v1(key=key, after=put("SecurityToken", session.token))
    assert door.refuses(late) == (400, "SignatureDoesNotMatch")


def test_nonces_of_temporary_keys_are_used_up(door: Door) -> None:
    session = door.session()
    request = door.v1(key=(session.key.id, session.key.secret), change=put("SecurityToken", session.token))
    door.opens(request)
    assert door.refuses(request) == (400, "SignatureNonceUsed")


def test_a_key_does_not_open_with_the_secret_of_another(door: Door) -> None:
    first, second = door.add_key(), door.add_key()
    assert door.refuses(door.v3(key=(first.id, second.secret))) == (400, "SignatureDoesNotMatch")
