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
from bindery.buckets.endpoint import addresses_by_path, is_set, parse_endpoint
from bindery.buckets.object_store import Dialect, ObjectStore, split_root
from bindery.buckets.signing import AWS_V4, Credentials
from bindery.buckets.store import AccessDenied, StoreAddress, StoreMisconfigured

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
_DNS_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def open_s3(address: StoreAddress) -> ObjectStore:
    """The bucket at ``s3://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    options = address.options
    parts = urlsplit(address.url)
    http = BucketHttp(
        address.bucket,
        _location(parts.netloc, options),
        AWS_V4,
        _credentials(options),
        headers={},
        ca_bundle=options.get("ca_bundle") or os.environ.get("AWS_CA_BUNDLE"),
        relocate=_relocate if "endpoint" not in options else _change_region,
    )
    return ObjectStore(address, http, _DIALECT, split_root(parts.path))


def _location(bucket: str, options: Mapping[str, str]) -> Location:
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    region = region or _DEFAULT_REGION
    endpoint = (
        options.get("endpoint")
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
    )
    by_path = addresses_by_path(options)
    if endpoint:
        scheme, host = parse_endpoint(endpoint)
        path_style = True if by_path is None else by_path
    else:
        scheme, host = "https", _aws_host(region)
        path_style = _DNS_NAME.fullmatch(bucket) is None if by_path is None else by_path
    return Location(scheme=scheme, host=host, bucket=bucket, path_style=path_style, region=region)


def _aws_host(region: str) -> str:
    return f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _relocate(location: Location, region: str) -> Location:
    """The bucket lives in another region of AWS than was configured."""
    return msgspec.structs.replace(location, host=_aws_host(region), region=region)


def _change_region(location: Location, region: str) -> Location:
    return msgspec.structs.replace(location, region=region)


def _credentials(options: Mapping[str, str]) -> Callable[[], Credentials] | None:
    """Where a request gets its credentials; None for a public bucket."""
    if is_set(options, "anonymous"):
        return None
    key, secret = options.get("access_key_id"), options.get("secret_access_key")
    if key and secret:
        given = Credentials(key, secret, options.get("session_token", ""))
        return lambda: given
    if key or secret:
        raise StoreMisconfigured("access_key_id and secret_access_key belong together; set both")
    return lambda: _found_credentials(options.get("profile"))


def found_options(options: Mapping[str, str]) -> dict[str, str]:
    """Options with the credentials that are used where the address has none. Raises StoreError."""
    if is_set(options, "anonymous") or options.get("access_key_id"):
        return {}
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
