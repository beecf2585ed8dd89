"""Object stores through Apache OpenDAL: S3 and compatible servers, OSS, GCS, Azure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import opendal
from opendal import exceptions as failures
from opendal.layers import RetryLayer, TimeoutLayer

from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    Capabilities,
    ObjectChanged,
    ObjectDetails,
    ObjectInfo,
    ObjectNotFound,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    Watch,
)

_PAGE = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ObjectStore:
    """A bucket behind OpenDAL's blocking operator, which is safe for threads."""

    capabilities = Capabilities(content_etag=True, time_resolution_ns=10**9, details=True, watch=False)

    def __init__(self, address: StoreAddress, service: str, options: Mapping[str, str]) -> None:
        self.address = address
        try:
            operator = opendal.Operator(service, **options)
            self._operator = operator.layer(TimeoutLayer()).layer(RetryLayer(max_times=3))
        except failures.Error as error:
            raise StoreMisconfigured(f"bucket {address.bucket}: {_text(error)}") from error

    def check(self) -> None:
        """Return when the bucket answers a listing of one object."""
        try:
            next(iter(self._operator.list("", limit=1)), None)
        except failures.Error as error:
            raise self._bucket_error(error) from error

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages as the store lists them, held to key order."""
        page: list[ObjectInfo] = []
        last = start_after.encode()
        options: dict[str, Any] = {"recursive": True, "limit": _PAGE}
        if start_after:
            options["start_after"] = start_after
        try:
            for entry in self._operator.list(prefix, **options):
                key = entry.path
                if key.endswith("/") or not key.startswith(prefix):
                    continue
                encoded = key.encode()
                if encoded <= last:
                    if encoded <= start_after.encode():
                        continue
                    raise StoreUnavailable(
                        f"the store listed {key!r} out of order; nothing was concluded from it"
                    )
                last = encoded
                page.append(_info(key, entry.metadata))
                if len(page) == _PAGE:
                    yield page
                    page = []
        except failures.Error as error:
            raise self._bucket_error(error) from error
        if page:
            yield page

    def details(self, key: str) -> ObjectDetails:
        """One HEAD request."""
        try:
            metadata = self._operator.stat(key)
        except failures.Error as error:
            raise self._object_error(error, key) from error
        return ObjectDetails(
            info=_info(key, metadata),
            content_type=metadata.content_type,
            content_md5=metadata.content_md5,
            version_id=metadata.version,
            content_disposition=metadata.content_disposition,
            content_encoding=metadata.content_encoding,
            user_metadata=dict(metadata.user_metadata or {}),
        )

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """One ranged GET, on the condition that the ETag is still the same."""
        condition = None if etag is None else f'"{etag}"'
        try:
            return bytes(self._operator.read(key, offset=offset, size=length, if_match=condition))
        except failures.RangeNotSatisfied:
            return b""
        except failures.ConditionNotMatch as error:
            raise ObjectChanged(f"{key} has changed") from error
        except failures.Error as error:
            raise self._object_error(error, key) from error

    def watch(self) -> Watch:
        """Object stores are followed by listing."""
        raise StoreMisconfigured("an object store cannot be watched")

    def close(self) -> None:
        """Connections are pooled by the library and close with the process."""

    def _bucket_error(self, error: failures.Error) -> StoreError:
        bucket = self.address.bucket
        text = _text(error)
        if isinstance(error, failures.NotFound) or "NoSuchBucket" in text:
            return BucketNotFound(f"the bucket {bucket} does not exist at its store")
        if isinstance(error, failures.PermissionDenied):
            return AccessDenied(f"the store refuses the credentials of bucket {bucket}")
        if isinstance(error, failures.ConfigInvalid | failures.Unsupported):
            return StoreMisconfigured(f"bucket {bucket}: {text}")
        return StoreUnavailable(f"the store of bucket {bucket} did not answer: {text}")

    def _object_error(self, error: failures.Error, key: str) -> StoreError:
        if isinstance(error, failures.NotFound) and "NoSuchBucket" not in _text(error):
            return ObjectNotFound(f"{key} does not exist")
        return self._bucket_error(error)


def s3_store(address: StoreAddress) -> ObjectStore:
    """S3 and every server that speaks its protocol. ``options``: endpoint, region, access_key_id,
    secret_access_key, session_token; credentials fall back to the AWS environment variables."""
    options = _options(address)
    options.setdefault("region", os.environ.get("AWS_REGION", "us-east-1"))
    return ObjectStore(address, "s3", options)


def oss_store(address: StoreAddress) -> ObjectStore:
    """Alibaba Cloud OSS. ``options``: endpoint, access_key_id, access_key_secret; credentials fall back
    to the vendor's environment variables."""
    options = _options(address)
    for name in ("access_key_id", "access_key_secret"):
        value = os.environ.get(f"ALIBABA_CLOUD_{name.upper()}")
        if value and name not in options:
            options[name] = value
    return ObjectStore(address, "oss", options)


def gcs_store(address: StoreAddress) -> ObjectStore:
    """Google Cloud Storage, with the credentials of Google's usual environment."""
    return ObjectStore(address, "gcs", _options(address))


def azure_store(address: StoreAddress) -> ObjectStore:
    """Azure Blob Storage. ``options``: endpoint, account_name, account_key."""
    options = _options(address)
    options["container"] = options.pop("bucket")
    return ObjectStore(address, "azblob", options)


def _options(address: StoreAddress) -> dict[str, str]:
    parts = urlsplit(address.url)
    return {"bucket": parts.netloc, "root": parts.path or "/", **address.options}


def _info(key: str, metadata: Any) -> ObjectInfo:
    etag = (metadata.etag or "").strip('"')
    modified = metadata.last_modified
    modified_ns = 0 if modified is None else (modified - _EPOCH) // _MICROSECOND * 1_000
    size = metadata.content_length
    return ObjectInfo(key, size, etag or f"{modified_ns:X}-{size:X}", modified_ns)


_MICROSECOND = datetime.resolution


def _text(error: Exception) -> str:
    """The first line of the library's message, which holds no credentials."""
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
