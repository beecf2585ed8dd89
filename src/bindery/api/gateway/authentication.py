"""Whether a request comes from the holder of an access key, now, for the first time."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import lru_cache

from bindery.access.keys import AccessKey, AccessKeys
from bindery.access.nonces import Nonces
from bindery.api import errors
from bindery.api.gateway.request import Call, HttpRequest, Style
from bindery.api.gateway.signature import (
    Authorization,
    canonical_request,
    hash_v3,
    parse_authorization,
    same_signature,
    signature_v1,
    signature_v3,
    string_to_sign_v1,
    string_to_sign_v3,
    v3_hash,
)

V3_WINDOW_SECONDS = 15 * 60
V1_WINDOW_SECONDS = 31 * 60
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)
_MUST_BE_SIGNED = (
    "host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version",
)  # fmt: skip
_BEARER_HEADERS = ("x-acs-bearer-token", "x-acs-zero-trust-idtoken")
_BEARER_PARAMETERS = ("BearerToken", "SignatureType")
_STS_KEY = "STS."
_MAX_NONCE = 4_096


def authenticate(call: Call, keys: AccessKeys, nonces: Nonces) -> AccessKey:
    """The key that signed the request. Raises ApiError.

    The nonce is used up only once the signature is right, so that strangers cannot burn nonces.
    """
    match call.style:
        case Style.V3:
            return _authenticate_v3(call, keys, nonces)
        case Style.V1:
            return _authenticate_v1(call, keys, nonces)
        case Style.UNSIGNED:
            raise _unsigned(call)


def _unsigned(call: Call) -> errors.ApiError:
    if any(call.http.header(name) for name in _BEARER_HEADERS) or any(
        call.parameters.get(name) for name in _BEARER_PARAMETERS
    ):
        return errors.bearer_token_refused()
    return errors.access_key_missing()


def _authenticate_v3(call: Call, keys: AccessKeys, nonces: Nonces) -> AccessKey:
    request = call.http
    authorization = parse_authorization(request.header("authorization") or "")
    if authorization is None:
        raise errors.incomplete_signature("the Authorization header has another form")
    if v3_hash(authorization.algorithm) is None:
        raise errors.invalid_signature_method()
    _check_signed_headers(request, authorization)
    sent_at = _check_time(request.header("x-acs-date"), V3_WINDOW_SECONDS)
    key = _find_key(keys, authorization.key_id, request.header("x-acs-security-token"))
    body_hash = hash_v3(request.body, authorization.algorithm)
    if request.header("x-acs-content-sha256") != body_hash:
        raise errors.content_mismatch()
    canonical = canonical_request(
        request.method, call.query, request.headers, authorization.signed_headers, body_hash
    )
    to_sign = string_to_sign_v3(canonical, authorization.algorithm)
    ours = signature_v3(key.secret, to_sign, authorization.algorithm)
    if not same_signature(ours, authorization.signature.lower()):
        raise errors.signature_mismatch(
            f"server StringToSign is [{to_sign}], server CanonicalRequest is [{_short(canonical)}]"
        )
    _use_nonce(nonces, key, request.header("x-acs-signature-nonce"), sent_at + V3_WINDOW_SECONDS)
    return key


def _check_signed_headers(request: HttpRequest, authorization: Authorization) -> None:
    """What must be there is there, and everything that matters is signed."""
    missing, unsigned = _unfit_headers(
        tuple(request.headers), authorization.signed_headers, with_body=bool(request.body)
    )
    if missing is not None:
        raise errors.timestamp_missing() if missing == "x-acs-date" else errors.header_missing(missing)
    if unsigned is not None:
        raise errors.incomplete_signature(f"the header {unsigned} must be signed")


@lru_cache(256)
def _unfit_headers(
    names: tuple[str, ...], signed: tuple[str, ...], *, with_body: bool
) -> tuple[str | None, str | None]:
    """The first header that is missing, and the first that should be signed. A client sends the same names
    again and again."""
    missing = next((name for name in _MUST_BE_SIGNED if name not in names), None)
    matter = [
        name
        for name in names
        if name.startswith("x-acs-") or name == "host" or (name == "content-type" and with_body)
    ]
    return missing, next((name for name in matter if name not in signed), None)


def _authenticate_v1(call: Call, keys: AccessKeys, nonces: Nonces) -> AccessKey:
    parameters = call.parameters
    key_id = parameters.get("AccessKeyId")
    if not key_id:
        raise errors.access_key_missing()
    if parameters.get("SignatureMethod", "HMAC-SHA1").upper() != "HMAC-SHA1":
        raise errors.invalid_signature_method()
    if parameters.get("SignatureVersion", "1.0") != "1.0":
        raise errors.invalid_signature_version()
    for name in ("Signature", "SignatureNonce"):
        if not parameters.get(name):
            raise errors.missing_parameter(name)
    sent_at = _check_time(parameters.get("Timestamp") or parameters.get("TimeStamp"), V1_WINDOW_SECONDS)
    key = _find_key(keys, key_id, parameters.get("SecurityToken"))
    to_sign = string_to_sign_v1(call.http.method, [*call.query, *call.form])
    if not same_signature(signature_v1(key.secret, to_sign), parameters["Signature"]):
        raise errors.signature_mismatch(f"server string to sign is:{_short(to_sign)}")
    _use_nonce(nonces, key, parameters["SignatureNonce"], sent_at + V1_WINDOW_SECONDS)
    return key


def _check_time(text: str | None, window: int) -> int:
    """Seconds since 1970, when the request was signed within ``window`` seconds of now."""
    if not text:
        raise errors.timestamp_missing()
    sent_at = _seconds_of(text)
    if sent_at is None:
        raise errors.timestamp_malformed()
    if abs(time.time() - sent_at) > window:
        raise errors.timestamp_expired()
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


def _find_key(keys: AccessKeys, key_id: str, token: str | None) -> AccessKey:
    if key_id.startswith(_STS_KEY):
        raise errors.security_token_refused() if token else errors.security_token_missing()
    key = keys.find(key_id)
    if key is None:
        raise errors.access_key_not_found()
    if not key.active:
        raise errors.access_key_inactive()
    if token:
        raise errors.security_token_mismatch()
    return key


def _use_nonce(nonces: Nonces, key: AccessKey, nonce: str | None, expires: int) -> None:
    if not nonce or len(nonce) > _MAX_NONCE:
        raise errors.invalid_parameter("SignatureNonce")
    if not nonces.use(key.id, nonce, now=int(time.time()), expires=expires):
        raise errors.nonce_used()


def _short(text: str) -> str:
    """Requests may have megabytes; an error need not repeat them."""
    return text if len(text) <= 16_384 else text[:16_384] + "…"
