"""Pages of ListObjectsV2, the listing that S3 and OSS share.

Source: API reference of Amazon S3, ListObjectsV2; help page of OSS, ListObjectsV2 (GetBucketV2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from xml.etree.ElementTree import Element

import msgspec

from bindery.buckets.bucket_http import BucketHttp, parse_xml
from bindery.buckets.ordering import Advance, Order
from bindery.buckets.store import StoreUnavailable, bound_time, odd_size

_PAGE = 1_000
_NUMBER = re.compile(r"-?[0-9]{1,40}")
_REPLACED, _WRITTEN_REPLACED = "\ufffd", "%EF%BF%BD"
"""What stands for bytes that are no UTF-8, and how a store writes this very character."""
_MISREAD = "a key that is not UTF-8"
_FAR = re.compile(r"\+?[0-9]{5,}-")
_KEY = re.compile(rb"<(?:\w+:)?Key>[^<]*")
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
    """Negative when the store tells none, or none that can be, and of an object whose key cannot be read."""
    no_size: str
    """Why there is none; what is wrong with the key."""
    etag: str
    modified_ns: int | None
    """None when the store tells no time that can be read."""
    storage_class: str | None
    object_type: str | None

    @property
    def is_placed(self) -> bool:
        """Whether the key is the one that the store has ordered it by."""
        return self.no_size != _MISREAD


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
    http: BucketHttp, *, prefix: str, start_after: str, unquote: Callable[[str], str], order: Order
) -> Iterator[list[Listed]]:
    """All pages, in the order of the store.

    Raises StoreUnavailable when a page is damaged, or when page follows page and none brings anything new.
    """
    token, advance = "", Advance(order)
    while True:
        query = [("list-type", "2"), ("max-keys", str(_PAGE)), ("encoding-type", "url")]
        query += [("prefix", prefix)] if prefix else []
        query += [("continuation-token", token)] if token else []
        query += [("start-after", start_after)] if start_after and not token else []
        page, following = _parse(http.get(query=query).body, unquote)
        if token and following == token:
            raise StoreUnavailable("the pages of the store's listing go in circles; nothing new comes")
        token = following
        advance.check(page[-1].key if page else None)
        if page:
            yield page
        if not token:
            return


def lists_after(
    http: BucketHttp, *, prefix: str, page: list[Listed], unquote: Callable[[str], str]
) -> bool:
    """Whether the store goes on right behind a key that is named to it, as one of a page it has listed.

    Raises what a request does.
    """
    keys = [listed.key for listed in page if listed.is_placed]
    if not keys:
        return False
    key, last = keys[len(keys) // 2], keys[-1]
    query = [("list-type", "2"), ("max-keys", "1"), ("encoding-type", "url"), ("start-after", key)]
    found, _ = _parse(http.get(query=query + ([("prefix", prefix)] if prefix else [])).body, unquote)
    return key < last and bool(found) and key < found[0].key <= last


def time_ns(moment: datetime) -> int:
    """Nanoseconds since 1970, in whole seconds: the resolution of the header Last-Modified."""
    return bound_time(int(moment.timestamp()) * 1_000_000_000)


def _parse(body: bytes, unquote: Callable[[str], str]) -> tuple[list[Listed], str]:
    """Objects and the token of the next page; the token is empty on the last."""
    root = _listing(body)
    space = root.tag.removesuffix("ListBucketResult")
    tags = _Tags(*(f"{space}{name}" for name in _Tags.__struct_fields__))
    encoded = root.findtext(f"{space}EncodingType") == "url"
    if not encoded and b"\r" in body:  # XML reads it as a line feed, which would be another key
        root = parse_xml(_KEY.sub(lambda found: found[0].replace(b"\r", b"&#13;"), body)) or root
    page = [_listed(entry, tags, unquote if encoded else str) for entry in root.iterfind(tags.Contents)]
    if not encoded:
        _check_plain(page, unquote)
    token = root.findtext(f"{space}NextContinuationToken") or ""
    if root.findtext(f"{space}IsTruncated") == "true" and not token:
        raise StoreUnavailable("the store cut its listing short and named no next page")
    return page, token if root.findtext(f"{space}IsTruncated") == "true" else ""


def _listed(entry: Element, tags: _Tags, decode: Callable[[str], str]) -> Listed:
    values = {child.tag: child.text or "" for child in entry}
    written = values.get(tags.Key, "")
    key = decode(written)
    size, no_size = read_size(values.get(tags.Size))
    if _REPLACED in key and _REPLACED not in written and _WRITTEN_REPLACED not in written.upper():
        size, no_size = -1, _MISREAD
    return Listed(
        key,
        size,
        no_size,
        values.get(tags.ETag, "").strip('"'),
        _time(values.get(tags.LastModified, "")),
        values.get(tags.StorageClass),
        values.get(tags.Type),
    )


def check_listing(body: bytes) -> None:
    """Raise StoreUnavailable unless this is a listing."""
    _listing(body)


def _listing(body: bytes) -> Element:
    root = parse_xml(body)
    if root is None:  # servers repeat the start of the listing unencoded, whatever it holds
        root = parse_xml(_ILLEGAL.sub(b"", body))
    if root is None or not root.tag.endswith("ListBucketResult"):
        raise StoreUnavailable("the store answered a listing with something else, or with a part of one")
    return root


def read_size(text: str | None) -> tuple[int, str]:
    """The size of an object, and nothing; or -1, and why the store's text is none."""
    if text is None or not text.strip():
        return -1, "no size"
    if not _NUMBER.fullmatch(text.strip()):
        return -1, "a size that is no number of bytes"
    size = int(text)
    return (-1, odd) if (odd := odd_size(size)) else (size, "")


def _time(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return bound_time(2**64) if _FAR.match(text) else None
    return time_ns(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _check_plain(page: list[Listed], unquote: Callable[[str], str]) -> None:
    """Raise StoreUnavailable when keys stand in order only once they are decoded, and the store says nothing of it."""
    keys = [listed.key for listed in page]
    if _ascends(keys):
        return
    if _ascends([unquote(key) for key in keys]):
        raise StoreUnavailable(
            "the store lists keys percent-encoded and does not say so (its listing lacks EncodingType), so they are "
            "out of order and cannot be told from others; nothing is concluded from it. Renew the store's software"
        )


def _ascends(keys: list[str]) -> bool:
    return all(before <= after for before, after in pairwise(keys))
