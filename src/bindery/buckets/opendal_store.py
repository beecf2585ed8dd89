"""Object stores through Apache OpenDAL, for vendors that have no store of their own here."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVarTuple

import opendal
from opendal import exceptions as failures
from opendal.layers import RetryLayer, TimeoutLayer

from bindery.buckets.identity import StoreIdentity, location_of
from bindery.buckets.listing import read_size, time_ns
from bindery.buckets.ordering import Advance, Order, restore_order
from bindery.buckets.rate import Pace
from bindery.buckets.retrying import RETRIES
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
)
from bindery.buckets.untold import Untold
from bindery.buckets.uri import is_unicode

_PAGE = 1_000
_FAILURES = (
    failures.Error, failures.Unexpected, failures.Unsupported, failures.ConfigInvalid, failures.NotFound,
    failures.PermissionDenied, failures.IsADirectory, failures.NotADirectory, failures.ConditionNotMatch,
    failures.RateLimited, failures.RangeNotSatisfied, failures.Conflict,
)  # fmt: skip
"""The library's exceptions have no common base."""
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
_STATUS = re.compile(r"(?:code|status): ([1-5][0-9][0-9])\b")
_LONGEST_TEXT = 4_000
_UNAUTHORIZED = "code: 401"
_TIMEOUT = 4.0
_WRITE_SECONDS = 60.0
_CHECK_SECONDS = 10.0
_PAGE_SECONDS = 20.0
"""Within which a page comes, tries included. Empty pages are asked for again inside the library, which counts none."""
_UNREADABLE = re.compile(r"at list => (?:parse|deserialize)")
_UNREACHED = "send http request"


_Given = TypeVarTuple("_Given")


class OpendalStore:
    """A bucket behind OpenDAL's blocking operator, which is safe for threads.

    OpenDAL cleans paths: keys that begin with ``/``, begin or end with white space, or have an empty part,
    ``.`` or ``..`` between slashes cannot be read through it.
    """

    def __init__(
        self, address: StoreAddress, service: str, options: Mapping[str, str], *, order: Order, rate: Rate
    ) -> None:
        self.address = address
        self.endpoint = options["endpoint"]
        """Where requests go."""
        self.capabilities = Capabilities(
            etag="version", order=order, time_resolution_ns=10**9, details=True, watch=False, rate=rate
        )
        self._pace = Pace(rate, address.share)
        try:
            operator = opendal.Operator(service, **options)
        except _FAILURES as error:
            raise StoreMisconfigured(
                f"bucket {address.bucket} cannot be opened: {_told(error)}; check its options"
            ) from error
        retries = RetryLayer(
            max_times=RETRIES.tries - 1,
            min_delay=max(RETRIES.first_pause, self._pace.interval),  # the library repeats by itself
            max_delay=max(RETRIES.longest_pause, self._pace.interval),
            jitter=True,
        )
        timeouts = TimeoutLayer(timeout=_TIMEOUT, io_timeout=_TIMEOUT)
        self._operator = operator.layer(timeouts).layer(retries)
        slow = TimeoutLayer(timeout=_WRITE_SECONDS, io_timeout=_WRITE_SECONDS)
        self._writing = operator.layer(slow).layer(retries)

    def check(self) -> None:
        """Return when the bucket answers a listing."""
        next(self._entries("", 1, _CHECK_SECONDS), None)

    def identity(self) -> StoreIdentity:
        """Endpoint, bucket and prefix."""
        return StoreIdentity(location_of(self.address.url, self.address.options))

    def mounts(self) -> dict[str, str]:
        """Nothing is mounted in it."""
        return {}

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages in key order, whatever the order of the store.

        Objects of which the store tells too little are left out; PartlyListed names them at the end.
        """
        untold = Untold()
        pages = self._entries(prefix, _PAGE, _PAGE_SECONDS)
        advance = Advance(self.capabilities.order)
        found = _objects(pages, prefix, start_after, untold, advance)
        yield from in_key_order(restore_order(found, self.capabilities.order), start_after)
        untold.check_complete()

    def details(self, key: str) -> ObjectDetails:
        """One HEAD request."""
        metadata = self._stat(key)
        info = _info(key, metadata)
        if isinstance(info, str):
            raise StoreError(f"the store tells {info}, of {key}")
        return ObjectDetails(
            info=info,
            content_type=metadata.content_type,
            content_md5=metadata.content_md5,
            version_id=metadata.version,
            content_disposition=metadata.content_disposition,
            content_encoding=metadata.content_encoding,
            user_metadata=dict(metadata.user_metadata or {}),
        )

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """One ranged GET, on the condition that the ETag is still the same; two at the end of the object."""
        if not length:
            return self.read(key, offset, 1, etag=etag)[:0]
        condition = None if etag is None else f'"{etag}"'
        path = _path(key)
        try:
            with self._pace:
                return bytes(self._operator.read(path, offset=offset, size=length, if_match=condition))
        except failures.ConditionNotMatch as error:
            self._stat(key)  # Azure answers so for an object that is gone, too
            raise ObjectChanged(f"{key} has changed") from error
        except (failures.Unexpected, failures.RangeNotSatisfied):
            return self._read_end(
                key, offset, length, condition
            )  # the library calls a short answer an error
        except _FAILURES as error:
            raise self._object_error(error, key) from error

    def put(self, key: str, content: bytes) -> None:
        """Replace the object, whole or not at all. Raises StoreError."""
        try:
            with self._pace:
                self._writing.write(_path(key), content)
        except _FAILURES as error:
            raise self._object_error(error, key) from error

    def watch(self) -> Watch:
        """Object stores are followed by listing."""
        raise StoreMisconfigured("an object store cannot be watched")

    def close(self) -> None:
        """Connections are pooled by the library and close with the process."""

    def _entries(self, prefix: str, count: int, seconds: float) -> Iterator[Sequence[Any]]:
        """Entries of a listing, up to ``count`` at a time. Raises StoreUnavailable when ``seconds`` bring none, as of
        a server that answers one empty page after the other.

        The library's blocking listing would hold the interpreter's lock while the store answers.
        """
        operator = self._operator.to_async_operator()
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            try:
                listing = _Listing(runner.run(_begin(operator, prefix, count)))
                while entries := self._page(runner, _take(listing, count), seconds):
                    yield entries
            except TimeoutError as error:
                _let_go(listing, operator)
                raise StoreUnavailable(
                    f"the store of bucket {self.address.bucket} listed nothing for {seconds:g} seconds: it is slow, or "
                    "answers one empty page after the other"
                ) from error
            except _FAILURES as error:
                raise self._bucket_error(error) from error

    def _page(
        self, runner: asyncio.Runner, page: Coroutine[Any, Any, Sequence[Any]], seconds: float
    ) -> Sequence[Any]:
        with self._pace:
            return runner.run(asyncio.wait_for(page, seconds))

    def _read_end(self, key: str, offset: int, length: int, condition: str | None) -> bytes:
        length = min(length, self._stat(key).content_length - offset)
        if length <= 0:
            return b""
        try:
            with self._pace:
                return bytes(
                    self._operator.read(_path(key), offset=offset, size=length, if_match=condition)
                )
        except failures.ConditionNotMatch as error:
            raise ObjectChanged(f"{key} has changed") from error
        except _FAILURES as error:
            raise self._object_error(error, key) from error

    def _stat(self, key: str) -> Any:
        try:
            with self._pace:
                return self._operator.stat(_path(key))
        except _FAILURES as error:
            raise self._object_error(error, key) from error

    def _bucket_error(self, error: Exception) -> StoreError:
        bucket = self.address.bucket
        text = str(error)[:_LONGEST_TEXT]
        if isinstance(error, failures.NotFound) or any(code in text for code in _NO_BUCKET):
            return BucketNotFound(f"the bucket {bucket} does not exist at its store")
        if isinstance(error, failures.PermissionDenied) or _UNAUTHORIZED in text:
            return AccessDenied(
                f"the store refuses the credentials of bucket {bucket}; check them and their rights"
            )
        if isinstance(error, failures.ConfigInvalid | failures.Unsupported):
            return StoreMisconfigured(
                f"the store of bucket {bucket} cannot be asked: {_told(error)}; check its options"
            )
        return StoreUnavailable(f"the store of bucket {bucket} did not answer: {_told(error)}")

    def _object_error(self, error: Exception, key: str) -> StoreError:
        absent = failures.NotFound | failures.IsADirectory | failures.NotADirectory
        if isinstance(error, absent) and not any(code in str(error)[:_LONGEST_TEXT] for code in _NO_BUCKET):
            self.check()
            return ObjectNotFound(f"{key} does not exist")
        return self._bucket_error(error)


class _Listing:
    """The only one who holds a lister of the library, also while tracebacks hold all that was at work with it."""

    def __init__(self, lister: Any) -> None:
        self.lister = lister


class _ReleasingLoop(asyncio.SelectorEventLoop):
    """Lets go of a listing when a thread of the library tells that something is done."""

    def __init__(self, listing: _Listing) -> None:
        super().__init__()
        self._listing, self._thread = listing, threading.get_ident()

    def call_soon_threadsafe(
        self, callback: Callable[[*_Given], object], *args: *_Given, context: Context | None = None
    ) -> asyncio.Handle:
        if threading.get_ident() != self._thread:
            self._listing.lister = None
        return super().call_soon_threadsafe(callback, *args, context=context)


def _let_go(listing: _Listing, operator: opendal.AsyncOperator) -> None:
    """End a listing whose request is under way, in a thread of the library's runtime. Anywhere else, such as in the
    garbage collector, it panics when the answer has come, for it hands its connection back to a pool that starts a task
    then; and that pool, which all stores of the process share, answers nothing any more."""
    with asyncio.Runner(loop_factory=lambda: _ReleasingLoop(listing)) as runner, suppress(*_FAILURES):
        runner.run(_ask_nothing(operator))


async def _ask_nothing(operator: opendal.AsyncOperator) -> None:
    """A folder cannot be read: the library says so without a request."""
    await operator.read("folder/")


async def _begin(operator: opendal.AsyncOperator, prefix: str, limit: int) -> Any:
    return await operator.list(prefix, recursive=True, limit=limit)


async def _take(listing: _Listing, count: int) -> Sequence[Any]:
    taken: list[Any] = []
    async for entry in listing.lister:
        taken.append(entry)
        if len(taken) == count:
            break
    return taken


def _path(key: str) -> str:
    """The path of a key; StoreError when the library would change it into another."""
    if not key or key.endswith("/") or not is_unicode(key):
        raise ObjectNotFound(f"{key!r} is not the key of an object")
    if key != key.strip() or any(part in ("", ".", "..") for part in key.split("/")):
        raise StoreError(f"the key {key!r} cannot be addressed at this store; rename the object")
    return key


def _objects(
    pages: Iterable[Sequence[Any]], prefix: str, start_after: str, untold: Untold, advance: Advance
) -> Iterator[list[ObjectInfo]]:
    """The objects among the entries of a listing from its beginning; folders are none."""
    for entries in pages:
        advance.check(entries[-1].path)
        page: list[ObjectInfo] = []
        for entry in entries:
            key = entry.path
            if key.endswith("/") or not key.startswith(prefix) or key <= start_after:
                continue
            info = _info(key, entry.metadata)
            if isinstance(info, str):
                untold.note(key, info)
            else:
                page.append(info)
        if page:
            yield page


def _info(key: str, metadata: Any) -> ObjectInfo | str:
    """The object; or what is lacking, when the store tells too little."""
    etag = (metadata.etag or "").strip('"')
    modified_ns = _modified_ns(metadata)
    size, no_size = read_size(str(metadata.content_length))
    if no_size:
        return no_size
    if modified_ns is None and not etag:
        return "neither ETag nor time"
    return ObjectInfo(key, size, etag or f"{modified_ns:X}-{size:X}", modified_ns or 0)


def _modified_ns(metadata: Any) -> int | None:
    try:
        modified = metadata.last_modified
        return None if modified is None else time_ns(modified)
    except (ValueError, OverflowError):
        return None  # a year that the library knows and Python does not


def _told(error: Exception) -> str:
    """What may be told of a failure: its kind, and the status that was answered. The library's text repeats what
    the server answered and what it was asked."""
    text = str(error)[:_LONGEST_TEXT]
    if _UNREADABLE.search(text):
        return "a page of its listing cannot be read; the size or the time of an object in it may be none that can be"
    if _UNREACHED in text:
        return "it cannot be reached"
    status = _STATUS.search(text)
    said = type(error).__name__ if status is None else f"HTTP status {status[1]}"
    return f"{said} (try again later)" if "(temporary)" in str(error)[:100] else said
