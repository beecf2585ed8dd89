"""Whether a request comes from the holder of an access key, now, for the first time."""

from __future__ import annotations

import calendar
import hashlib
import re
import time

from bindery.access.keys import AccessKey, AccessKeys
from bindery.access.nonces import Nonces
from bindery.api import errors
from bindery.api.request import Call
from bindery.api.signature import (
    V3_ALGORITHM,
    canonical_request,
    parse_authorization,
    same_signature,
    signature_v1,
    signature_v3,
    string_to_sign_v1,
    string_to_sign_v3,
)

V3_WINDOW_SECONDS = 15 * 60
V1_WINDOW_SECONDS = 31 * 60
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
_MUST_BE_SIGNED = (
    "host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version",
)  # fmt: skip
_MAX_NONCE = 4_096


def authenticate(call: Call, keys: AccessKeys, nonces: Nonces) -> AccessKey:
    """The key that signed the request. Raises ApiError.

    The nonce is used up only once the signature is right, so that strangers cannot burn nonces.
    """
    if call.header_style:
        return _authenticate_v3(call, keys, nonces)
    return _authenticate_v1(call, keys, nonces)


def _authenticate_v3(call: Call, keys: AccessKeys, nonces: Nonces) -> AccessKey:
    request = call.http
    header = request.header("authorization")
    if header is None:
        raise errors.access_key_missing()
    authorization = parse_authorization(header)
    if authorization is None:
        raise errors.incomplete_signature("the Authorization header has another form")
    if authorization.algorithm != V3_ALGORITHM:
        raise errors.invalid_signature_method()
    for name in _MUST_BE_SIGNED:
        if request.header(name) is None:
            raise errors.timestamp_missing() if name == "x-acs-date" else errors.missing_parameter(name)
        if name not in authorization.signed_headers:
            raise errors.incomplete_signature(f"the header {name} must be signed")
    sent_at = _check_time(request.header("x-acs-date"), V3_WINDOW_SECONDS)
    key = _find_key(keys, authorization.key_id)
    body_hash = hashlib.sha256(request.body).hexdigest()
    if request.header("x-acs-content-sha256") != body_hash:
        raise errors.content_mismatch()
    canonical = canonical_request(
        request.method, call.query, request.headers, authorization.signed_headers, body_hash
    )
    to_sign = string_to_sign_v3(canonical)
    if not same_signature(signature_v3(key.secret, to_sign), authorization.signature.lower()):
        raise errors.signature_mismatch(
            f"server StringToSign is [{to_sign}], server CanonicalRequest is [{_short(canonical)}]"
        )
    _use_nonce(nonces, key, request.header("x-acs-signature-nonce"), sent_at + V3_WINDOW_SECONDS)
    return key


def _authenticate_v1(call: Call, keys: AccessKeys, nonces: Nonces) -> AccessKey:
    parameters = call.parameters
    key_id = parameters.get("AccessKeyId")
    if not key_id:
        raise errors.access_key_missing()
    if parameters.get("SignatureMethod", "HMAC-SHA1").upper() != "HMAC-SHA1":
        raise errors.invalid_signature_method()
    if parameters.get("SignatureVersion", "1.0") != "1.0":
        raise errors.invalid_parameter("SignatureVersion")
    nonce = parameters.get("SignatureNonce")
    if not nonce:
        raise errors.missing_parameter("SignatureNonce")
    sent_at = _check_time(parameters.get("Timestamp") or parameters.get("TimeStamp"), V1_WINDOW_SECONDS)
    key = _find_key(keys, key_id)
    to_sign = string_to_sign_v1(call.http.method, [*call.query, *call.form])
    if not same_signature(signature_v1(key.secret, to_sign), parameters["Signature"]):
        raise errors.signature_mismatch(f"server string to sign is:{_short(to_sign)}")
    _use_nonce(nonces, key, nonce, sent_at + V1_WINDOW_SECONDS)
    return key


def _check_time(text: str | None, window: int) -> int:
    if not text:
        raise errors.timestamp_missing()
    match = _TIME.fullmatch(text)
    if match is None:
        raise errors.timestamp_malformed()
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    if not (
        1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60 and year >= 1970
    ):
        raise errors.timestamp_malformed()
    sent_at = calendar.timegm((year, month, day, hour, minute, second))
    if abs(time.time() - sent_at) > window:
        raise errors.timestamp_expired()
    return sent_at


def _find_key(keys: AccessKeys, key_id: str) -> AccessKey:
    key = keys.find(key_id)
    if key is None:
        raise errors.access_key_not_found()
    if not key.active:
        raise errors.access_key_inactive()
    return key


def _use_nonce(nonces: Nonces, key: AccessKey, nonce: str | None, expires: int) -> None:
    if not nonce or len(nonce) > _MAX_NONCE:
        raise errors.invalid_parameter("SignatureNonce")
    if not nonces.use(key.id, nonce, now=int(time.time()), expires=expires):
        raise errors.nonce_used()


def _short(text: str) -> str:
    """Requests may have megabytes; an error need not repeat them."""
    return text if len(text) <= 16_384 else text[:16_384] + "…"
