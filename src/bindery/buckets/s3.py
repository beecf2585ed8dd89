"""S3, and every server that speaks its protocol: MinIO, Ceph, R2, Wasabi and others.

Options: ``endpoint``, ``region``, ``access_key_id``, ``secret_access_key``, ``session_token``, ``profile``,
``anonymous=true``, ``addressing=path|virtual``, ``ca_bundle``. Without keys, credentials come from where the
AWS clients look: environment, shared files, the role of the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import msgspec

from bindery.buckets.bucket_http import BucketHttp, Location
from bindery.buckets.endpoint import (
    addresses_by_path,
    check_ambient,
    check_region,
    parse_endpoint,
)
from bindery.buckets.given_credentials import ANONYMOUS, Way, check_given, is_set
from bindery.buckets.object_store import Dialect, ObjectStore, split_root
from bindery.buckets.rate import RATE_OPTIONS, Pace, rate_of
from bindery.buckets.signing import AWS_V4, Credentials
from bindery.buckets.store import AccessDenied, Rate, StoreAddress, StoreMisconfigured
from bindery.buckets.store_url import Kind

_DIALECT = Dialect(
    header_prefix="x-amz-",
    unquote=unquote_plus,
    storage_classes={"STANDARD": "Standard"},
    encryptions={"aws:kms": "KMS", "aws:kms:dsse": "KMS"},
    encryption_key_header="x-amz-server-side-encryption-aws-kms-key-id",
    tag_count_header="x-amz-tagging-count",
    tells_type=False,
    has_acl=False,
)
_DEFAULT_REGION = "us-east-1"
_VENDOR = re.compile(
    r"(?:https://)?s3(?:[.-](?:dualstack|fips|accelerate))*(?:[.-][a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2})?"
    r"\.amazonaws\.com(?:\.cn)?"
)
"""Endpoints of S3 itself. Other hosts of the domain are customers'."""
KIND = Kind(
    options=frozenset(
        {
            "endpoint", "region", "access_key_id", "secret_access_key", "session_token", "anonymous", "addressing",
            "order",
        }
    )
    | RATE_OPTIONS,
    on_this_machine=frozenset({"profile", "ca_bundle"}),
)  # fmt: skip
_RATE = Rate(per_second=5_500)
"""Amazon S3 takes 5,500 reads a second for each prefix.

Source: its user guide, "Best practices design patterns: optimizing Amazon S3 performance"."""
_WAYS = (Way(("access_key_id", "secret_access_key"), "session_token"), Way(("profile",)), ANONYMOUS)
_DNS_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def open_s3(address: StoreAddress) -> ObjectStore:
    """The bucket at ``s3://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    options = address.options
    parts = urlsplit(address.url)
    rate = rate_of(options, _RATE)
    http = BucketHttp(
        address.bucket,
        _location(parts.netloc, options),
        AWS_V4,
        _credentials(address),
        headers={},
        pace=Pace(rate, address.share),
        ca_bundle=options.get("ca_bundle") or os.environ.get("AWS_CA_BUNDLE"),
        relocate=_relocate if _endpoint(options) is None else _change_region,
    )
    return ObjectStore(address, http, _DIALECT, split_root(parts.path), rate)


def _location(bucket: str, options: Mapping[str, str]) -> Location:
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    region = check_region(region) or _DEFAULT_REGION
    endpoint = _endpoint(options)
    by_path = addresses_by_path(options)
    if endpoint:
        scheme, host = parse_endpoint(endpoint)
        path_style = True if by_path is None else by_path
    else:
        scheme, host = "https", _aws_host(region)
        path_style = _DNS_NAME.fullmatch(bucket) is None if by_path is None else by_path
    return Location(scheme=scheme, host=host, bucket=bucket, path_style=path_style, region=region)


def _endpoint(options: Mapping[str, str]) -> str | None:
    """What the URL or the environment names; requests never go to another host then."""
    named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return options.get("endpoint") or named or None


def _aws_host(region: str) -> str:
    return f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _relocate(location: Location, region: str) -> Location:
    """The bucket lives in another region of AWS than was configured."""
    return msgspec.structs.replace(location, host=_aws_host(region), region=region)


def _change_region(location: Location, region: str) -> Location:
    return msgspec.structs.replace(location, region=region)


def _credentials(address: StoreAddress) -> Callable[[], Credentials] | None:
    """Where a request gets its credentials; None for a public bucket."""
    options = address.options
    check_given(options, _WAYS)
    if is_set(options, "anonymous"):
        return None
    if key := options.get("access_key_id"):
        given = Credentials(key, options["secret_access_key"], options.get("session_token", ""))
        return lambda: given
    check_ambient(address, options.get("endpoint"), _VENDOR)
    return lambda: _found_credentials(options.get("profile"))


def found_options(address: StoreAddress) -> dict[str, str]:
    """Options with the credentials that are used where the address has none. Raises StoreError."""
    options = address.options
    if is_set(options, "anonymous") or options.get("access_key_id"):
        return {}
    check_ambient(address, options.get("endpoint"), _VENDOR)
    found = _found_credentials(options.get("profile"))
    token = {"session_token": found.token} if found.token else {}
    return {"access_key_id": found.access_key_id, "secret_access_key": found.secret, **token}


def _found_credentials(profile: str | None) -> Credentials:
    """The credentials the AWS clients would use, renewed by their library when they expire."""
    found = _credential_source(profile)
    if found is None:
        raise AccessDenied(
            "no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or anonymous=true for a "
            "public bucket"
        )
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")


@lru_cache(maxsize=16)
def _credential_source(profile: str | None) -> Any:
    import botocore.exceptions  # noqa: PLC0415  (slow to import, and needed only without keys in the address)
    import botocore.session  # noqa: PLC0415

    try:
        return botocore.session.Session(profile=profile).get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise StoreMisconfigured(f"the AWS configuration cannot be used: {error}") from error
