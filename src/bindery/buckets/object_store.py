"""What S3 and OSS have in common: one REST interface, with headers that differ by their prefix."""

from __future__ import annotations

import base64
import email.header
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import msgspec

from bindery.buckets.bucket_http import Answer, BucketHttp, http_date, parse_xml
from bindery.buckets.identity import StoreIdentity, location_of
from bindery.buckets.listing import (
    Listed,
    check_listing,
    list_pages,
    lists_after,
    read_size,
    time_ns,
)
from bindery.buckets.ordering import lower_bound, order_of, restore_order
from bindery.buckets.parallel_listing import list_in_ranges
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    Capabilities,
    ObjectChanged,
    ObjectDetails,
    ObjectInfo,
    ObjectNotFound,
    Rate,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    Watch,
    in_key_order,
    tells_content,
)
from bindery.buckets.untold import Untold
from bindery.buckets.uri import is_unicode

_MD5_HEX_DIGITS = 32
_MD5_BASE64 = re.compile(r"[A-Za-z0-9+/]{22}==")
_CAPABILITIES = Capabilities(etag="md5", time_resolution_ns=10**9, details=True, watch=False)
_PAST_END = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the stores."""

    header_prefix: str
    unquote: Callable[[str], str] = unquote
    """Undoes the encoding of keys in a listing."""
    storage_classes: Mapping[str, str] = {}
    """The store's names of storage classes, where OSS has another."""
    encryptions: Mapping[str, str] = {}
    """The store's names of encryption methods, where OSS has another."""
    encryption_key_header: str
    tag_count_header: str
    tells_type: bool
    """The store says how an object was written; otherwise the form of its ETag does."""
    has_acl: bool
    """Objects have an ACL of their own, one of OSS's four words."""


class ObjectStore:
    """A bucket behind HTTP. Listing costs a request per 1,000 objects, ``details`` one and seldom more."""

    def __init__(
        self, address: StoreAddress, http: BucketHttp, dialect: Dialect, root: str, rate: Rate
    ) -> None:
        order = order_of(address.options)
        self.capabilities = msgspec.structs.replace(_CAPABILITIES, order=order, rate=rate)
        self.address = address
        self._http = http
        self._dialect = dialect
        self._root = root
        """Keys are relative to it: a prefix that ends in ``/``, or nothing."""
        self._acl_allowed = dialect.has_acl and address.options.get("object_acl") != "false"
        self._tags_allowed = True
        self._lists_after: bool | None = None
        """Whether the store lists after a key that is named to it; None before it was asked."""

    def check(self) -> None:
        """Return when the bucket answers a listing of one object."""
        query = [("list-type", "2"), ("max-keys", "1")]
        answer = self._http.get(query=query + ([("prefix", self._root)] if self._root else []))
        check_listing(answer.body)

    @property
    def endpoint(self) -> str:
        """Where requests go, without the bucket's name."""
        return self._http.endpoint

    def identity(self) -> StoreIdentity:
        """Endpoint, bucket and prefix."""
        return StoreIdentity(location_of(self.address.url, self.address.options, self._http.endpoint))

    def mounts(self) -> dict[str, str]:
        """Nothing is mounted in it."""
        return {}

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages in key order, whatever the order of the store.

        Objects of which the store tells too little are left out; PartlyListed names them at the end.
        """
        root = self._root
        untold = Untold()
        first = lower_bound(start_after, self.capabilities.order)
        pages = self._pages(root + prefix, root + first if first else "")
        found = (list(self._listed_infos(page, start_after, untold)) for page in pages)
        yield from in_key_order(restore_order(found, self.capabilities.order), start_after)
        untold.check_complete()

    def details(self, key: str) -> ObjectDetails:
        """One HEAD request; another for tags when the object has some, and for its own ACL where there are any.

        Of absent keys the bucket itself is asked for at most once a second.
        """
        name = self._name(key)
        try:
            answer = self._http.head(name)
        except (ObjectNotFound, AccessDenied, StoreMisconfigured):
            if not self._http.seen_lately():  # the answer to a HEAD seldom tells which of them is missing
                self.check()
            raise
        return self._details(key, answer)

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """One ranged GET, on the condition that the ETag is still the same."""
        name = self._name(key)
        headers = {"range": f"bytes={offset}-{offset + max(length, 1) - 1}"}
        if etag is not None:
            headers["if-match"] = f'"{etag}"'
        answer = self._http.get(name, headers=headers, longest=length, accepted=(_PAST_END,))
        if answer.status == _PAST_END:
            if etag is not None and _etag(self._http.head(name)) != etag:
                raise ObjectChanged(f"{key} has changed")
            return b""
        if answer.status == HTTPStatus.OK and offset and answer.body:
            raise StoreMisconfigured(f"the store sends all of {key} where a range was asked for")
        return answer.body

    def put(self, key: str, content: bytes) -> None:
        """One PUT, which replaces the object. Raises StoreError."""
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        self._http.put(
            self._name(key), content, {"content-md5": digest, "content-type": "application/octet-stream"}
        )

    def watch(self) -> Watch:
        """Object stores are followed by listing."""
        raise StoreMisconfigured("an object store cannot be watched")

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()

    def _name(self, key: str) -> str:
        """The key as the store has it. Raises ObjectNotFound for a directory marker, and for no key at all."""
        if not key or key.endswith("/") or not is_unicode(key):
            raise ObjectNotFound(f"{key!r} is not the key of an object")
        return self._root + key

    def _pages(self, prefix: str, start_after: str) -> Iterator[Sequence[Listed]]:
        """What the store lists, in its order: by ranges where that is the order of keys."""
        order, unquote = self.capabilities.order, self._dialect.unquote

        def open_after(key: str) -> Iterator[list[Listed]]:
            return list_pages(self._http, prefix=prefix, start_after=key, unquote=unquote, order=order)

        def goes_on_after(page: list[Listed]) -> bool:
            if self._lists_after is None:
                self._lists_after = lists_after(self._http, prefix=prefix, page=page, unquote=unquote)
            return self._lists_after

        if order != "utf8":
            return open_after(start_after)
        return list_in_ranges(
            open_after,
            prefix=prefix,
            start_after=start_after,
            at_once=self.capabilities.rate.listing_at_once,
            lists_after=goes_on_after,
            is_placed=lambda listed: listed.is_placed,
        )

    def _listed_infos(self, page: Sequence[Listed], after: str, untold: Untold) -> Iterator[ObjectInfo]:
        """What is told of the objects of a page, without directory markers and what is not after ``after``."""
        root = self._root
        for listed in page:
            key = listed.key[len(root) :]
            if not listed.key:
                untold.note("", "an object without a key")
            elif listed.key.startswith(root) and not key.endswith("/") and key > after:
                info = self._listed_info(key, listed, untold)
                if info is not None:
                    yield info

    def _listed_info(self, key: str, listed: Listed, untold: Untold) -> ObjectInfo | None:
        """What is told of an object; None for a symbolic link that leads nowhere, and for what is told too little."""
        told = listed.object_type if self._dialect.tells_type else None
        if told == "Symlink":  # readers get the target, with its size and ETag
            return self._target_info(key, untold)
        if listed.no_size:
            untold.note(key, listed.no_size)
            return None
        if listed.modified_ns is None and not listed.etag:
            untold.note(key, "neither ETag nor time")
            return None
        storage_class = self._storage_class(listed.storage_class)
        kind = told or _object_type(listed.etag)
        return _info(key, listed.size, listed.etag, listed.modified_ns or 0, storage_class, kind)

    def _target_info(self, key: str, untold: Untold) -> ObjectInfo | None:
        try:
            return self.details(key).info
        except ObjectNotFound:
            return None
        except BucketNotFound:
            raise
        except StoreError as error:
            if error.retryable:
                raise
            untold.note(key, f"a symbolic link that cannot be followed: {error}")
            return None

    def _details(self, key: str, answer: Answer) -> ObjectDetails:
        headers, prefix = answer.headers, self._dialect.header_prefix
        encryption = headers.get(f"{prefix}server-side-encryption")
        info = self._headers_info(key, headers)
        return ObjectDetails(
            info=info,
            content_type=headers.get("content-type"),
            content_md5=_content_md5(headers, prefix, info),
            crc64=headers.get(f"{prefix}hash-crc64ecma"),
            version_id=headers.get(f"{prefix}version-id"),
            cache_control=headers.get("cache-control"),
            content_disposition=_text(headers.get("content-disposition")),
            content_encoding=headers.get("content-encoding"),
            content_language=headers.get("content-language"),
            expires=_expires(headers.get("expires")),
            acl=self._acl(key),
            server_side_encryption=self._dialect.encryptions.get(encryption or "", encryption),
            server_side_encryption_key_id=headers.get(self._dialect.encryption_key_header),
            server_side_data_encryption=headers.get(f"{prefix}server-side-data-encryption"),
            user_metadata=_user_metadata(headers, f"{prefix}meta-"),
            tags=self._tags(key, headers),
        )

    def _headers_info(self, key: str, headers: Mapping[str, str]) -> ObjectInfo:
        """Raises StoreError when the answer tells no size."""
        prefix = self._dialect.header_prefix
        etag = headers.get("etag", "").strip('"')
        size, no_size = read_size(headers.get("content-length"))
        if no_size:
            raise StoreError(f"the store tells {no_size}, of {key}")
        return _info(
            key,
            size,
            etag,
            _header_time(headers.get("last-modified", "")),
            self._storage_class(headers.get(f"{prefix}storage-class")),
            (self._dialect.tells_type and headers.get(f"{prefix}object-type")) or _object_type(etag),
        )

    def _storage_class(self, name: str | None) -> str:
        return self._dialect.storage_classes.get(name or "", name or "Standard")

    def _tags(self, key: str, headers: Mapping[str, str]) -> dict[str, str]:
        """Asked for only when the HEAD counted some; left out once the store has refused them."""
        if headers.get(self._dialect.tag_count_header, "0") == "0" or not self._tags_allowed:
            return {}
        try:
            root = parse_xml(self._http.get(self._root + key, [("tagging", "")]).body)
        except AccessDenied:
            self._tags_allowed = False
            return {}
        if root is None:
            raise StoreUnavailable(f"the store answered with something else than the tags of {key}")
        space = root.tag.removesuffix("Tagging")
        return {
            tag.findtext(f"{space}Key") or "": tag.findtext(f"{space}Value") or ""
            for tag in root.iter(f"{space}Tag")
        }

    def _acl(self, key: str) -> str | None:
        if not self._acl_allowed:
            return None
        try:
            root = parse_xml(self._http.get(self._root + key, [("acl", "")]).body)
        except AccessDenied:
            self._acl_allowed = False
            return None
        return None if root is None else root.findtext("AccessControlList/Grant")


def root_of(address: StoreAddress) -> str:
    """The prefix below which a bucket's objects are taken: none in a folder."""
    return split_root(urlsplit(address.url).path) if address.folder is None else ""


def split_root(path: str) -> str:
    """The prefix below which a bucket's objects are taken, from the path of its URL."""
    root = unquote(path).strip("/")
    return f"{root}/" if root else ""


def _info(
    key: str, size: int, etag: str, modified_ns: int, storage_class: str, object_type: str
) -> ObjectInfo:
    return ObjectInfo(
        key, size, etag or f"{modified_ns:X}-{size:X}", modified_ns, storage_class, object_type
    )


def _etag(answer: Answer) -> str:
    return answer.headers.get("etag", "").strip('"')


def _object_type(etag: str) -> str:
    """S3 counts the parts of a multipart upload behind the ETag."""
    return "Multipart" if "-" in etag else "Normal"


def _content_md5(headers: Mapping[str, str], prefix: str, info: ObjectInfo) -> str | None:
    """The MD5 of the content, in Base64: told as such, or as the ETag of an object that was written at once and
    encrypted neither with a key of a key service nor with one of the caller's.

    Sources: API reference of Amazon S3, Object; help page of OSS, "ETag" of HeadObject.
    """
    told = headers.get("content-md5", "")
    if _MD5_BASE64.fullmatch(told):
        return told
    encryption = headers.get(f"{prefix}server-side-encryption")
    own_key = f"{prefix}server-side-encryption-customer-algorithm" in headers
    at_once = info.object_type == "Normal" and tells_content(info, _CAPABILITIES)
    if not at_once or own_key or encryption not in (None, "AES256") or len(info.etag) != _MD5_HEX_DIGITS:
        return None
    return base64.b64encode(bytes.fromhex(info.etag)).decode()


def _header_time(text: str) -> int:
    """Nanoseconds since 1970 of an HTTP date; 0 when it is none."""
    moment = http_date(text)
    return 0 if moment is None else time_ns(moment)


def _expires(text: str | None) -> str | None:
    """``2120-01-01T12:00:00.000Z``, as IMM writes it; a text that is no date as it stands."""
    moment = http_date(text or "")
    return text if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _user_metadata(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {
        name.lower().removeprefix(prefix): _text(value) or ""
        for name, value in headers.items()
        if name.lower().startswith(prefix)
    }


def _text(value: str | None) -> str | None:
    """A header's Unicode text: UTF-8 bytes that HTTP took for Latin-1, or encoded words (RFC 2047)."""
    if value is None or (value.isascii() and "=?" not in value):
        return value
    try:
        return value.encode("latin-1").decode() if not value.isascii() else _encoded_words(value)
    except Exception:  # the parser of encoded words raises more than it documents
        return value


def _encoded_words(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value)))
