"""The interface every object store implements, and what it promises to its callers.

A store is blocking and safe to use from several threads. It can be reopened in another process from
its ``address``. Keys are Unicode text; order of keys is the order of their UTF-8 bytes, everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from bindery.buckets.identity import StoreIdentity
from bindery.secrecy import fit_to_tell

_PUBLIC_OPTIONS = frozenset(
    {"endpoint", "region", "addressing", "anonymous", "account_name", "follow", "order", "object_acl"}
)
_LONGEST_TIME_NS = 2**63 - 1
LARGEST_OBJECT = 2**53 - 1
"""Bytes, 8 PiB: more than any store takes, and what a number in JSON holds exactly."""
_MD5 = re.compile(r"[0-9a-fA-F]{32}(-[0-9]{1,5})?")
_NO_MD5 = frozenset({"0" * 32, "d41d8cd98f00b204e9800998ecf8427e"})
"""What servers write that compute none: zeros, or the MD5 of nothing."""
_WRITTEN_AT_ONCE = (None, "Normal", "Multipart")


class StoreAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bucket lives; enough to open it again in another process.

    ``bucket`` is the name users write in ``oss://bucket/key``; ``url`` is a folder path or
    ``s3://name?endpoint=…`` / ``oss://name?endpoint=…``; ``options`` holds credentials and settings.
    Its representation hides what may be secret.
    """

    bucket: str
    url: str
    options: dict[str, str] = {}
    environment: dict[str, str] = {}
    """Variables that its libraries are to find in another process; see ``portable.py``."""
    off_limits: tuple[tuple[int, int], ...] = ()
    """Folders (device and inode) that are passed over wherever they lie below; see ``off_limits.py``."""
    share: float = 0.5
    """The part of the store's rate that is this process's: half of it the server's own, half that of its workers."""
    trusted: bool = False
    """The operator wrote it: without credentials of its own it may use the server's, at any endpoint it names."""

    @property
    def folder(self) -> str | None:
        """The path of a bucket that is a folder, as it is spelled; it is no escaped path of a URL."""
        scheme, _, path = self.url.partition("://")
        return path if scheme == "file" else None

    def __repr__(self) -> str:
        shown = {
            name: value if name in _PUBLIC_OPTIONS else "hidden" for name, value in self.options.items()
        }
        return f"StoreAddress(bucket={self.bucket!r}, url={self.url!r}, options={shown!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("", repr(self))]


class Rate(msgspec.Struct, frozen=True):
    """What a store takes without refusing it."""

    at_once: int = 32
    """Requests of the server under way at the same time. Those of its workers, one of each, come on top."""
    per_second: float | None = None
    """None: as many as can be made."""
    listing_at_once: int = 16
    """Of these, requests of one listing, which is then of several ranges of keys; see ``parallel_listing.py``."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a store can tell, so that callers ask for the capability and never for the vendor."""

    etag: Literal["content", "md5", "version", "time"]
    """What the ETag is of. ``content``: the same ETag and size mean the same content, whatever the key. ``md5``: so
    it is where it has the form of an MD5, alone or with the number of parts; see ``tells_content``. ``version``:
    another one with every write. ``time``: made of size and time of writing."""
    order: Literal["utf8", "utf16", "none"] = "utf8"
    """How the store itself orders a listing; ``Store.list`` is in the order of UTF-8 in any case. ``utf16``: by code
    units, and what that order moves is held back. ``none``: all of a listing is sorted before its first page."""
    time_resolution_ns: int
    """Resolution of ``modified_ns``; comparisons use no finer one."""
    details: bool
    """``details`` tells more than a listing: headers, user metadata, tags, checksums."""
    watch: bool
    """The store can report changes as they happen (see ``watch``)."""
    rate: Rate = Rate()
    """How many requests the store takes of all of this server."""
    listing_free: bool = False
    """A listing costs nothing but time, so it may be repeated every few seconds where changes go unseen."""


class ObjectInfo(msgspec.Struct, frozen=True, gc=False):
    """One object as a listing shows it, without a request of its own."""

    key: str
    size: int
    """Bytes. An object store tells up to ``LARGEST_OBJECT``; see ``odd_size``."""
    etag: str
    """Opaque, without quotes; never empty."""
    modified_ns: int
    """Nanoseconds since 1970, within ``bound_time``: whatever carries or keeps it has 64 bits."""
    storage_class: str | None = None
    object_type: str | None = None
    file_id: str = ""
    """What a rename keeps and no other object has at the same time; empty where the store has nothing like it."""


def tells_content(info: ObjectInfo, capabilities: Capabilities) -> bool:
    """Whether ETag and size alone tell the content of this object.

    OSS makes the ETag of an appendable object of something else, in the form of an MD5.
    Source: help page of OSS, AppendObject.
    """
    if capabilities.etag != "md5":
        return capabilities.etag == "content"
    return (
        _MD5.fullmatch(info.etag) is not None
        and info.etag.lower() not in _NO_MD5
        and info.object_type in _WRITTEN_AT_ONCE
    )


def bound_time(instant_ns: int) -> int:
    """The nearest instant of those that 64 bits hold, 1677 to 2262."""
    return max(-_LONGEST_TIME_NS, min(instant_ns, _LONGEST_TIME_NS))


def odd_size(size: int) -> str:
    """Why a size cannot be that of an object; empty when it can."""
    return "" if 0 <= size <= LARGEST_OBJECT else f"a size of {size} bytes, which no object has"


class ObjectDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What one request for one object tells beyond the listing; None where the store is silent."""

    info: ObjectInfo
    content_type: str | None = None
    content_md5: str | None = None
    crc64: str | None = None
    version_id: str | None = None
    cache_control: str | None = None
    content_disposition: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    expires: str | None = None
    acl: str | None = None
    server_side_encryption: str | None = None
    server_side_encryption_key_id: str | None = None
    server_side_data_encryption: str | None = None
    created_ns: int | None = None
    user_metadata: dict[str, str] = {}
    tags: dict[str, str] = {}


class StoreError(Exception):
    """A store could not do what was asked.

    ├── BucketNotFound       the bucket does not exist; do not retry
    ├── ObjectNotFound       the object does not exist; do not retry
    ├── ObjectChanged        the object is no longer the version that was asked for; look again
    ├── AccessDenied         the credentials do not allow it; do not retry
    ├── StoreMisconfigured   the address makes no sense; do not retry
    ├── StoreChanged         another store answers under the bucket's name; do not retry
    └── StoreUnavailable     network, time-out, throttling, 5xx; retry later
        └── PartlyListed     a part of the bucket could not be listed, all the rest was
    """

    retryable = False

    def __init__(self, message: str = "") -> None:
        """``message`` may quote a library, a configuration or a store: it is kept in short, without secrets."""
        super().__init__(fit_to_tell(message))


class BucketNotFound(StoreError):
    """The bucket does not exist."""


class ObjectNotFound(StoreError):
    """The object does not exist."""


class ObjectChanged(StoreError):
    """The object is no longer the version that was asked for."""


class AccessDenied(StoreError):
    """The credentials do not allow the request."""


class StoreMisconfigured(StoreError):
    """The address or its options make no sense."""


class StoreChanged(StoreError):
    """Another store than before answers under the bucket's name."""


class StoreUnavailable(StoreError):
    """The store did not answer, or said that it cannot answer now."""

    retryable = True

    def __init__(self, message: str, retry_after: float | None = None, *, throttled: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the store asked to wait, when it did."""
        self.throttled = throttled
        """The store refuses more requests than it wants, and answers others."""


class PartlyListed(StoreUnavailable):
    """Everything was listed except what lies below ``prefixes``; raised at the end of the listing.

    What was listed is true. What is missing proves nothing.
    """

    def __init__(self, message: str, prefixes: frozenset[str]) -> None:
        super().__init__(message)
        self.prefixes = prefixes


class Changes(msgspec.Struct, frozen=True):
    """What a watch saw since it was last asked: keys to look at again, and whether some were lost."""

    keys: frozenset[str]
    """Keys of objects that may have been written, changed or removed."""
    prefixes: frozenset[str]
    """Key prefixes of which anything may have changed, e.g. of a moved folder; listed, not looked up one by one."""
    overflow: bool
    """Changes were lost; only a complete listing tells the truth again."""


class Watch(Protocol):
    """A running watch on a bucket. Starts watching before it is returned."""

    unseen: Mapping[str, str]
    """Why changes may go unseen, by the key prefix below which they may (``""``: anywhere); listings find those."""

    def wait(self, seconds: float) -> Changes:
        """Block until something changed or the time is over; then report it (possibly nothing).

        Raises StoreUnavailable when the watch has ended because the bucket was moved, removed or replaced.
        """

    def wake(self) -> None:
        """From another thread: end the wait under way, or the next one, before its time. Nothing after ``close``."""

    def close(self) -> None:
        """Stop watching; wakes a waiting caller. May be called twice."""


class Keyed(Protocol):
    """What a page of a listing is made of."""

    @property
    def key(self) -> str:
        """What it is listed by."""


_Keyed = TypeVar("_Keyed", bound=Keyed)


def in_key_order(pages: Iterable[list[_Keyed]], after: str = "") -> Iterator[list[_Keyed]]:
    """The pages, strictly ascending from ``after``; an object that comes twice in a row, the same both times, once.

    Raises StoreUnavailable before a page with a key that is out of order, or that comes as two versions, for then
    nothing is known of what lies between.
    """
    last, before = after, None
    for page in pages:
        repeated = False
        for listed in page:
            if listed.key <= last:
                if listed.key < last or before not in (None, listed):
                    raise _disorder(listed.key, last)
                repeated = True
            last, before = listed.key, listed
        kept = _once_each(page, after) if repeated else page
        if kept or not page:
            yield kept
        after = last


def _once_each(page: list[_Keyed], after: str) -> list[_Keyed]:
    """The objects of an ascending page without those that repeat the one before, or ``after``."""
    kept: list[_Keyed] = []
    for listed in page:
        if listed.key != after:
            kept.append(listed)
        after = listed.key
    return kept


def _disorder(key: str, last: str) -> StoreUnavailable:
    if key == last:
        return StoreUnavailable(
            f"the store listed {key!r} twice, as two versions; nothing is concluded from it"
        )
    return StoreUnavailable(
        f"the store listed {key!r} after {last!r}, out of order; nothing is concluded from it. A store that "
        "always lists in another order needs order=utf16 or order=none in its URL, see: bindery docs stores"
    )


def describe_unseen(unseen: Mapping[str, str]) -> str:
    """What a watch does not see, for people."""
    return "; ".join(f"{why}, below {prefix}" if prefix else why for prefix, why in unseen.items())


class Store(Protocol):
    """A bucket."""

    address: StoreAddress
    capabilities: Capabilities

    def check(self) -> None:
        """Return when the bucket can be listed; raise the StoreError that says why not."""

    def identity(self) -> StoreIdentity:
        """Which store this is. No request is made; raises BucketNotFound, AccessDenied where a folder is looked at."""

    def mounts(self) -> dict[str, str]:
        """What tells each file system apart that is mounted below a folder, by the key prefix below which it lies;
        empty for other stores."""

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages (up to 1,000) of objects whose key starts with ``prefix`` and is greater than
        ``start_after``, strictly ascending by the UTF-8 bytes of the key.

        Raises in the middle when the listing cannot be completed: a listing that ends without an
        exception is complete. Raises PartlyListed at the end when only parts could not be listed.
        Directory marker objects (keys ending in ``/``) are left out. A page without objects says that the store is
        still at work: a folder with millions of names reads all before it can show the first.
        """

    def details(self, key: str) -> ObjectDetails:
        """Everything known about one object now. Raises ObjectNotFound."""

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """Up to ``length`` bytes from ``offset``; fewer only at the end of the object, ``b""`` past it.

        With ``etag`` raises ObjectChanged when the object is another version. Raises ObjectNotFound.
        """

    def watch(self) -> Watch:
        """Start watching the bucket; only with the ``watch`` capability.

        Raises StoreUnavailable when it cannot be watched now; it is then followed by listing.
        """

    def close(self) -> None:
        """Release connections. May be called twice."""


class WritableStore(Store, Protocol):
    """A bucket that exports are written to; bound ones are only read."""

    def put(self, key: str, content: bytes) -> None:
        """Replace an object: whole, or not at all. Raises StoreError."""
