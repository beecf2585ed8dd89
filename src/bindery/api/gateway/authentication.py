"""Whether a request comes from the holder of an access key, now, for the first time.

``authenticate`` is made before a V3 body is read, whose hash stands in a signed header; ``check_body`` compares
it and uses up the nonce. So strangers cause neither reading nor decoding of a body, and cannot burn nonces.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from bindery.access.identities import (
    Identities,
    Identity,
    KeyNotFound,
    KeyRefused,
    TokenExpired,
    TokenInvalid,
    TokenMismatch,
    TokenMissing,
)
from bindery.access.nonces import Nonces
from bindery.api import errors
from bindery.api.gateway.request import Call, HttpRequest, Style
from bindery.api.gateway.signature import (
    Signer,
    canonical_request,
    hash_v3,
    parse_authorization,
    signature_v1,
    signature_v3,
    string_to_sign_v1,
    string_to_sign_v3,
    v3_hash,
)
from bindery.secrecy import same_secret

V3_WINDOW_SECONDS = 15 * 60
V1_WINDOW_SECONDS = 31 * 60
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)
_MUST_BE_SIGNED = (
    "host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version",
)  # fmt: skip
_BEARER_HEADERS = ("x-acs-bearer-token", "x-acs-zero-trust-idtoken")
_BEARER_PARAMETERS = ("BearerToken", "SignatureType")
_MAX_NONCE = 4_096


class Proof(msgspec.Struct, frozen=True):
    """A right signature: whose it is, and what it says of a body that was not looked at."""

    identity: Identity
    nonce: str
    expires: int
    """Seconds since 1970 until when the nonce must not come again."""
    algorithm: str | None = None
    body_hash: str = ""


def authenticate(call: Call, identities: Identities, *, wait: bool = True) -> Proof:
    """Who signed the request. Raises ApiError. V1 needs the form to be read, V3 nothing of the body.

    Without ``wait`` it raises NotRemembered where the key's holder has to be looked up.
    """
    match call.style:
        case Style.V3:
            return _authenticate_v3(call, identities, wait=wait)
        case Style.V1:
            return _authenticate_v1(call, identities, wait=wait)
        case Style.UNSIGNED:
            raise _unsigned(call)


def check_body(body: bytes, proof: Proof) -> None:
    """Raises ApiError unless the body is the one that was signed."""
    if proof.algorithm is not None and hash_v3(body, proof.algorithm) != proof.body_hash:
        raise errors.content_mismatch()


def use_nonce(proof: Proof, nonces: Nonces) -> None:
    """Raises ApiError when the same request came before."""
    identity = proof.identity
    if not nonces.use(
        identity.key_id,
        proof.nonce,
        holder=identity.holder,
        now=int(time.time()),
        expires=proof.expires,
    ):
        raise errors.nonce_used()


def claimed_key(request: HttpRequest) -> str:
    """The id of the key that a V3 request says it is signed with; empty when it says none."""
    authorization = parse_authorization(request.header("authorization") or "")
    return "" if authorization is None else authorization[0].key_id


def find_identity(identities: Identities, key_id: str, token: str | None, *, wait: bool = True) -> Identity:
    """Whose key this is, when it may sign. Raises ApiError, and without ``wait`` NotRemembered."""
    if not key_id.isascii():  # nor may it be text at all: headers are bytes
        raise errors.access_key_not_found()
    if token is not None and not token.isascii():
        raise errors.security_token_malformed()
    try:
        identity = identities.find(key_id, token, wait=wait)
    except KeyRefused as refused:
        raise _refusal(refused) from None
    if not identity.active:
        raise errors.access_key_inactive()
    return identity


def _refusal(refused: KeyRefused) -> errors.ApiError:
    match refused:
        case TokenMissing():
            return errors.security_token_missing()
        case TokenInvalid():
            return errors.security_token_malformed()
        case TokenExpired():
            return errors.security_token_expired()
        case TokenMismatch():
            return errors.security_token_mismatch()
        case KeyNotFound():
            return errors.access_key_not_found()
    raise AssertionError(refused)


def _unsigned(call: Call) -> errors.ApiError:
    if any(call.http.header(name) for name in _BEARER_HEADERS) or any(
        call.parameters.get(name) for name in _BEARER_PARAMETERS
    ):
        return errors.bearer_token_refused()
    return errors.access_key_missing()


def _authenticate_v3(call: Call, identities: Identities, *, wait: bool) -> Proof:
    request = call.http
    authorization = parse_authorization(request.header("authorization") or "")
    if authorization is None:
        raise errors.incomplete_signature("the Authorization header has another form")
    signer, theirs = authorization
    if v3_hash(signer.algorithm) is None:
        raise errors.invalid_signature_method()
    _check_signed_headers(request, signer)
    sent_at = _check_time(request.header("x-acs-date"), V3_WINDOW_SECONDS)
    nonce = _check_nonce(request.header("x-acs-signature-nonce"))
    token = request.header("x-acs-security-token")
    identity = find_identity(identities, signer.key_id, token, wait=wait)
    body_hash = request.header("x-acs-content-sha256") or ""
    canonical = canonical_request(
        request.method, call.canonical_query, request.headers, signer.signed_headers, body_hash
    )
    to_sign = string_to_sign_v3(canonical, signer.algorithm)
    ours = signature_v3(identity.secret, to_sign, signer.algorithm)
    if not same_secret(ours, theirs.lower()):
        shown = _short(_without_token(canonical, token))
        raise errors.signature_mismatch(
            f"server StringToSign is [{to_sign}], server CanonicalRequest is [{shown}]"
        )
    return Proof(identity, nonce, sent_at + V3_WINDOW_SECONDS, signer.algorithm, body_hash)


def _check_signed_headers(request: HttpRequest, signer: Signer) -> None:
    """What must be there is there, and everything that matters is signed."""
    headers = request.headers
    for name in _MUST_BE_SIGNED:
        if name not in headers:
            raise errors.timestamp_missing() if name == "x-acs-date" else errors.header_missing(name)
    signed = signer.signed
    for name in headers:
        if name in signed:
            continue
        if name.startswith("x-acs-") or name == "host" or (name == "content-type" and request.has_body):
            raise errors.incomplete_signature(f"the header {name} must be signed")


def _authenticate_v1(call: Call, identities: Identities, *, wait: bool) -> Proof:
    parameters = call.parameters
    key_id = parameters.get("AccessKeyId")
    if not key_id:
        raise errors.access_key_missing()
    for name in ("SignatureMethod", "SignatureVersion", "Signature", "SignatureNonce"):
        if not parameters.get(name):
            raise errors.missing_parameter(name)
    if parameters["SignatureMethod"].upper() != "HMAC-SHA1":
        raise errors.invalid_signature_method()
    if parameters["SignatureVersion"] != "1.0":
        raise errors.invalid_signature_version()
    sent_at = _check_time(parameters.get("Timestamp") or parameters.get("TimeStamp"), V1_WINDOW_SECONDS)
    nonce = _check_nonce(parameters["SignatureNonce"])
    token = parameters.get("SecurityToken")
    identity = find_identity(identities, key_id, token, wait=wait)
    to_sign = string_to_sign_v1(call.http.method, [*call.query, *call.form])
    if not same_secret(signature_v1(identity.secret, to_sign), parameters["Signature"]):
        raise errors.signature_mismatch(
            f"server string to sign is:{_short(_without_token(to_sign, token))}"
        )
    return Proof(identity, nonce, sent_at + V1_WINDOW_SECONDS)


def _check_time(text: str | None, window: int) -> int:
    """Seconds since 1970, when the request was signed within ``window`` seconds of now."""
    if not text:
        raise errors.timestamp_missing()
    sent_at = _seconds_of(text)
    if sent_at is None:
        raise errors.timestamp_malformed()
    now = time.time()
    if abs(now - sent_at) > window:
        raise errors.timestamp_expired(text, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))
    return sent_at


@lru_cache(256)
def _seconds_of(text: str) -> int | None:
    """Requests of the same second say the same."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _check_nonce(nonce: str | None) -> str:
    if not nonce or len(nonce) > _MAX_NONCE:
        raise errors.invalid_parameter("SignatureNonce")
    return nonce


def _without_token(text: str, token: str | None) -> str:
    """Clients log errors. Tokens look the same in every encoding."""
    return text.replace(token, "***") if token else text


def _short(text: str) -> str:
    """Requests may have megabytes; an error need not repeat them."""
    return text if len(text) <= 16_384 else text[:16_384] + "…"
