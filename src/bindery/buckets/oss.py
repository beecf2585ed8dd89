"""Alibaba Cloud OSS.

Options: ``endpoint``, ``region``, ``access_key_id``, ``access_key_secret``, ``security_token``,
``anonymous=true``, ``addressing=path|virtual``, ``object_acl=false`` (saves a request per new object),
``ca_bundle``. Without keys: ``ALIBABA_CLOUD_ACCESS_KEY_ID``, ``ALIBABA_CLOUD_ACCESS_KEY_SECRET`` and
``ALIBABA_CLOUD_SECURITY_TOKEN``, or ``OSS_ACCESS_KEY_ID`` and so on, as the vendor's clients have it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from bindery.buckets.bucket_http import BucketHttp, Location
from bindery.buckets.endpoint import (
    addresses_by_path,
    check_ambient,
    check_region,
    is_local,
    parse_endpoint,
)
from bindery.buckets.given_credentials import ANONYMOUS, Way, check_given, is_set
from bindery.buckets.object_store import Dialect, ObjectStore, split_root
from bindery.buckets.rate import RATE_OPTIONS, Pace, rate_of
from bindery.buckets.signing import OSS_V4, Credentials
from bindery.buckets.store import AccessDenied, Rate, StoreAddress, StoreMisconfigured
from bindery.buckets.store_url import Kind

_DIALECT = Dialect(
    header_prefix="x-oss-",
    encryption_key_header="x-oss-server-side-encryption-key-id",
    tag_count_header="x-oss-tagging-count",
    tells_type=True,
    has_acl=True,
)
_REGION_OF_HOST = re.compile(r"oss-([a-z0-9-]+?)(-internal)?\.aliyuncs\.com")
_DEFAULT_REGION = "cn-hangzhou"
_VENDOR = re.compile(r"(?:https://)?oss-[a-z]+(?:-[a-z0-9]+)*\.aliyuncs\.com")
KIND = Kind(
    options=frozenset(
        {
            "endpoint", "region", "access_key_id", "access_key_secret", "security_token", "anonymous", "addressing",
            "object_acl", "order",
        }
    )
    | RATE_OPTIONS,
    on_this_machine=frozenset({"ca_bundle"}),
)  # fmt: skip
_RATE = Rate(per_second=10_000)
"""An account may send 10,000 requests a second.

Source: help page of OSS, "Limits and performance"."""
_WAYS = (Way(("access_key_id", "access_key_secret"), "security_token"), ANONYMOUS)


def open_oss(address: StoreAddress) -> ObjectStore:
    """The bucket at ``oss://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    options = address.options
    parts = urlsplit(address.url)
    rate = rate_of(options, _RATE)
    http = BucketHttp(
        address.bucket,
        _location(parts.netloc, options),
        OSS_V4,
        _credentials(address),
        headers={
            "x-oss-range-behavior": "standard"
        },  # otherwise a range past the end answers the whole object
        pace=Pace(rate, address.share),
        ca_bundle=options.get("ca_bundle"),
    )
    return ObjectStore(address, http, _DIALECT, split_root(parts.path), rate)


def _location(bucket: str, options: Mapping[str, str]) -> Location:
    region = check_region(options.get("region") or os.environ.get("OSS_REGION") or None)
    endpoint = options.get("endpoint") or os.environ.get("OSS_ENDPOINT")
    scheme, host = parse_endpoint(endpoint or f"https://oss-{region or _DEFAULT_REGION}.aliyuncs.com")
    named = _REGION_OF_HOST.match(host)
    by_path = addresses_by_path(options)
    return Location(
        scheme=scheme,
        host=host,
        bucket=bucket,
        path_style=is_local(host) if by_path is None else by_path,
        region=region or (named[1] if named else _DEFAULT_REGION),
    )


def _credentials(address: StoreAddress) -> Callable[[], Credentials] | None:
    """Where a request gets its credentials; None for a public bucket."""
    options = address.options
    check_given(options, _WAYS)
    if is_set(options, "anonymous"):
        return None
    if key := options.get("access_key_id"):
        given = Credentials(key, options["access_key_secret"], options.get("security_token", ""))
        return lambda: given
    check_ambient(address, options.get("endpoint"), _VENDOR)
    return _found_credentials


def found_options(address: StoreAddress) -> dict[str, str]:
    """Options with the credentials that are used where the address has none. Raises StoreError."""
    options = address.options
    if is_set(options, "anonymous") or options.get("access_key_id"):
        return {}
    check_ambient(address, options.get("endpoint"), _VENDOR)
    found = _found_credentials()
    token = {"security_token": found.token} if found.token else {}
    return {"access_key_id": found.access_key_id, "access_key_secret": found.secret, **token}


def _found_credentials() -> Credentials:
    for prefix, token in (("ALIBABA_CLOUD_", "SECURITY_TOKEN"), ("OSS_", "SESSION_TOKEN")):
        key = os.environ.get(f"{prefix}ACCESS_KEY_ID")
        secret = os.environ.get(f"{prefix}ACCESS_KEY_SECRET")
        if key and secret:
            return Credentials(key, secret, os.environ.get(prefix + token, ""))
        if key or secret:
            raise StoreMisconfigured(
                f"set both {prefix}ACCESS_KEY_ID and {prefix}ACCESS_KEY_SECRET, or neither"
            )
    raise AccessDenied(
        "no OSS credentials found; set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or "
        "anonymous=true for a public bucket"
    )
