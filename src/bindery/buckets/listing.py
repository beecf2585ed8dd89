"""Pages of ListObjectsV2, the listing that S3 and OSS share.

Source: API reference of Amazon S3, ListObjectsV2; help page of OSS, ListObjectsV2 (GetBucketV2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import msgspec

from bindery.buckets.bucket_http import BucketHttp, parse_xml
from bindery.buckets.store import StoreUnavailable, in_key_order

_PAGE = 1_000
_ILLEGAL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
    rb"|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));",
    re.IGNORECASE,
)
"""Characters that XML forbids, and references to them. Keys hold none: they are percent-encoded."""


class Listed(msgspec.Struct, frozen=True, gc=False):
    """One object of a page, as the store writes it; ``key`` is decoded, ``etag`` without quotes."""

    key: str
    size: int
    etag: str
    modified_ns: int
    storage_class: str | None
    object_type: str | None


class _Tags(msgspec.Struct, frozen=True):
    """Names of elements, each with the name space of the document."""

    Contents: str
    Key: str
    LastModified: str
    ETag: str
    Size: str
    StorageClass: str
    Type: str


def list_pages(
    http: BucketHttp, *, prefix: str, start_after: str, unquote: Callable[[str], str]
) -> Iterator[list[Listed]]:
    """All pages, strictly ascending. Raises StoreUnavailable when a page is damaged or out of order."""
    return in_key_order(_pages(http, prefix, start_after, unquote), start_after)


def _pages(
    http: BucketHttp, prefix: str, start_after: str, unquote: Callable[[str], str]
) -> Iterator[list[Listed]]:
    token = ""
    while True:
        query = [("list-type", "2"), ("max-keys", str(_PAGE)), ("encoding-type", "url")]
        query += [("prefix", prefix)] if prefix else []
        query += [("continuation-token", token)] if token else []
        query += [("start-after", start_after)] if start_after and not token else []
        page, token = _parse(http.get(query=query).body, unquote)
        yield page
        if not token:
            return


def time_ns(moment: datetime) -> int:
    """Nanoseconds since 1970, in whole seconds: the resolution of the header Last-Modified."""
    return int(moment.timestamp()) * 1_000_000_000


def _parse(body: bytes, unquote: Callable[[str], str]) -> tuple[list[Listed], str]:
    """Objects and the token of the next page; the token is empty on the last."""
    root = parse_xml(body)
    if root is None:  # servers repeat the start of the listing unencoded, whatever it holds
        root = parse_xml(_ILLEGAL.sub(b"", body))
    if root is None or not root.tag.endswith("ListBucketResult"):
        raise StoreUnavailable("the store answered a listing with something else, or with a part of one")
    space = root.tag.removesuffix("ListBucketResult")
    tags = _Tags(*(f"{space}{name}" for name in _Tags.__struct_fields__))
    decode = unquote if root.findtext(f"{space}EncodingType") == "url" else str
    try:
        page = [_listed(entry, tags, decode) for entry in root.iterfind(tags.Contents)]
    except (KeyError, ValueError, TypeError) as error:
        raise StoreUnavailable(
            f"the store listed an object without key, size or time: {error!r}"
        ) from error
    token = root.findtext(f"{space}NextContinuationToken") or ""
    if root.findtext(f"{space}IsTruncated") == "true" and not token:
        raise StoreUnavailable("the store cut its listing short and named no next page")
    return page, token if root.findtext(f"{space}IsTruncated") == "true" else ""


def _listed(entry: Element, tags: _Tags, decode: Callable[[str], str]) -> Listed:
    values = {child.tag: child.text or "" for child in entry}
    modified = datetime.fromisoformat(values[tags.LastModified])
    return Listed(
        decode(values[tags.Key]),
        int(values[tags.Size]),
        values.get(tags.ETag, "").strip('"'),
        time_ns(modified if modified.tzinfo else modified.replace(tzinfo=UTC)),
        values.get(tags.StorageClass),
        values.get(tags.Type),
    )
