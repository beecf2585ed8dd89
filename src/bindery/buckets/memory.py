"""A bucket in memory, for tests of Bindery and of programs that use it.

Buckets are shared by name within a process (``memory://name``); worker processes cannot see them.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Iterator

import msgspec

from bindery.buckets.identity import StoreIdentity
from bindery.buckets.store import (
    BucketNotFound,
    Capabilities,
    ObjectChanged,
    ObjectDetails,
    ObjectInfo,
    ObjectNotFound,
    StoreAddress,
    StoreMisconfigured,
    Watch,
)

_PAGE = 1_000


class _Contents(msgspec.Struct):
    objects: dict[str, tuple[bytes, ObjectDetails]] = {}


_BUCKETS: dict[str, _Contents] = {}
_LOCK = threading.Lock()


class MemoryStore:
    """Objects in a dictionary, with the ETag an object store would give."""

    capabilities = Capabilities(etag="content", time_resolution_ns=1, details=True, watch=False)

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._name = address.url.removeprefix("memory://")

    def create(self) -> None:
        """Make the bucket, empty."""
        with _LOCK:
            _BUCKETS[self._name] = _Contents(objects={})

    def drop(self) -> None:
        """Remove the bucket."""
        with _LOCK:
            _BUCKETS.pop(self._name, None)

    def put(
        self,
        key: str,
        content: bytes,
        *,
        content_type: str | None = None,
        user_metadata: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> ObjectInfo:
        """Write an object."""
        digest = hashlib.md5(content, usedforsecurity=False)
        etag = digest.hexdigest().upper()
        info = ObjectInfo(key, len(content), etag, time.time_ns(), "Standard", "Normal")
        details = ObjectDetails(
            info=info,
            content_type=content_type,
            content_md5=base64.b64encode(digest.digest()).decode(),
            user_metadata=user_metadata or {},
            tags=tags or {},
        )
        with _LOCK:
            self._contents().objects[key] = (content, details)
        return info

    def remove(self, key: str) -> None:
        """Remove an object; an absent one is no error."""
        with _LOCK:
            self._contents().objects.pop(key, None)

    def check(self) -> None:
        """Return when the bucket exists."""
        self._contents()

    def identity(self) -> StoreIdentity:
        """The bucket's name in memory."""
        return StoreIdentity(self.address.url)

    def mounts(self) -> dict[str, str]:
        """Nothing is mounted in it."""
        return {}

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages in key order, as the bucket was when the listing began."""
        with _LOCK:
            found = [details.info for _, details in self._contents().objects.values()]
        wanted = [
            info
            for info in found
            if info.key.startswith(prefix) and info.key > start_after and not info.key.endswith("/")
        ]
        wanted.sort(key=lambda info: info.key)
        for start in range(0, len(wanted), _PAGE):
            yield wanted[start : start + _PAGE]

    def details(self, key: str) -> ObjectDetails:
        """Everything known about one object."""
        return self._object(key)[1]

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """A range of an object."""
        content, details = self._object(key)
        if etag is not None and details.info.etag != etag:
            raise ObjectChanged(f"{key} has changed")
        return content[offset : offset + length]

    def watch(self) -> Watch:
        """Not offered, as by an object store."""
        raise StoreMisconfigured("a bucket in memory cannot be watched")

    def close(self) -> None:
        """Nothing is held open."""

    def _contents(self) -> _Contents:
        if self._name not in _BUCKETS:
            raise BucketNotFound(f"no bucket {self._name} in memory")
        return _BUCKETS[self._name]

    def _object(self, key: str) -> tuple[bytes, ObjectDetails]:
        with _LOCK:
            objects = self._contents().objects
            if key not in objects or key.endswith("/"):
                raise ObjectNotFound(f"{key} does not exist")
            return objects[key]
