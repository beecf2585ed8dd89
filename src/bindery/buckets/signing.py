"""Signatures of requests to object stores: AWS version 4, and OSS version 4, which is its sibling.

Sources: AWS "Authenticating Requests (AWS Signature Version 4)"; OSS help page "Include a V4 signature in the
Authorization header". The tests compare both with the vendors' own SDKs.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

import msgspec

_UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_ALWAYS_SIGNED = frozenset({"host", "content-md5", "content-type"})
"""Where a request has them, besides the vendor's own."""


class Credentials(msgspec.Struct, frozen=True):
    """An access key, with the token of temporary ones."""

    access_key_id: str
    secret: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r}, secret hidden)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("", repr(self))]


class SigningScheme(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the vendors."""

    algorithm: str
    key_prefix: str
    service: str
    terminator: str
    header_prefix: str
    """Of the vendor's own headers, all of which are signed."""
    names_every_header: bool
    """Authorization lists all signed headers, not only those signed in addition to the vendor's."""
    bare_names: bool
    """A query parameter without a value is written without ``=``."""


AWS_V4 = SigningScheme(
    algorithm="AWS4-HMAC-SHA256",
    key_prefix="AWS4",
    service="s3",
    terminator="aws4_request",
    header_prefix="x-amz-",
    names_every_header=True,
    bare_names=False,
)
OSS_V4 = SigningScheme(
    algorithm="OSS4-HMAC-SHA256",
    key_prefix="aliyun_v4",
    service="oss",
    terminator="aliyun_v4_request",
    header_prefix="x-oss-",
    names_every_header=False,
    bare_names=True,
)


def encode_path(path: str) -> str:
    """``path`` as it stands in a URL: every byte but unreserved ones and ``/`` as ``%XX``."""
    return quote(path, safe="/~")


def encode_query(query: Sequence[tuple[str, str]], *, bare_names: bool) -> str:
    """Parameters in the order of their names, as they stand in the URL and are signed."""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query)
    return "&".join(name if bare_names and not value else f"{name}={value}" for name, value in pairs)


def sign(
    scheme: SigningScheme,
    credentials: Credentials,
    region: str,
    *,
    method: str,
    resource: str,
    query: str,
    headers: Mapping[str, str],
    now: float | None = None,
) -> dict[str, str]:
    """``headers`` with the signature. ``resource`` and ``query`` are encoded; ``headers`` hold ``host``."""
    prefix = scheme.header_prefix
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed |= {f"{prefix}date": moment, f"{prefix}content-sha256": _UNSIGNED_PAYLOAD}
    if credentials.token:
        signed[f"{prefix}security-token"] = credentials.token
    names = sorted(name for name in signed if name in _ALWAYS_SIGNED or name.startswith(prefix))
    listed = ";".join(names if scheme.names_every_header else ["host"])
    lines = "".join(f"{name}:{signed[name]}\n" for name in names)
    canonical = f"{method}\n{resource}\n{query}\n{lines}\n{listed}\n{_UNSIGNED_PAYLOAD}"
    scope = f"{moment[:8]}/{region}/{scheme.service}/{scheme.terminator}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = _signing_key(scheme, credentials.secret, moment[:8], region)
    signature = _hmac(key, f"{scheme.algorithm}\n{moment}\n{scope}\n{digest}").hex()
    label = "SignedHeaders" if scheme.names_every_header else "AdditionalHeaders"
    signed["authorization"] = (
        f"{scheme.algorithm} Credential={credentials.access_key_id}/{scope},{label}={listed},Signature={signature}"
    )
    return signed


@lru_cache(maxsize=64)
def _signing_key(scheme: SigningScheme, secret: str, date: str, region: str) -> bytes:
    key = (scheme.key_prefix + secret).encode()
    for part in (date, region, scheme.service, scheme.terminator):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
