"""What people look at: thumbnails, made once and kept on disk, and the bytes of objects, by ranges.

Who may see an object is not decided here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from bindery.buckets.portable import portable
from bindery.buckets.registry import Buckets
from bindery.buckets.store import ObjectInfo, StoreError
from bindery.buckets.uri import ObjectUri
from bindery.extract.thumbnails.job import Drawing, job_of, reading_job
from bindery.workers.job import Cause, Job, Lost, Urgency
from bindery.workers.pool import WorkerPool

_AFTER_CLEANING = 0.9
_BLOCK, _ENTRY = 4_096, 512
"""Bytes that file systems use for each begun block, and for the entry of a file: empty ones are not free either."""
_WAIT_SECONDS = 30.0
_AT_ONCE = 8
"""Thumbnails that are made at the same time."""
_NOT_THE_FILE = frozenset({Cause.OUTSIDE, Cause.NO_WORKER, Cause.RAISED})
DRAWING = 4
"""Raised when more can be drawn, or otherwise: what was kept before is made again."""
_log = structlog.get_logger()


class Thumbnails:
    """Thumbnails on disk, by a hash of what they show; the oldest go when there are too many. Safe for threads."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most = folder, most_bytes
        self._lock = threading.Lock()
        self._size: int | None = None
        """Of all, bytes; None until the folder was looked through."""

    def find(self, name: str) -> bytes | None:
        """Empty for a file of which nothing can be shown; None when it was not made yet."""
        path = self._path(name)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return content

    def keep(self, name: str, content: bytes) -> None:
        """A full disk is no error: it is made again, then."""
        path = self._path(name)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(content)
            Path(file.name).replace(path)
            self._count(_weight(len(content)))
        except OSError as error:
            _log.warning("a thumbnail could not be kept", problem=error.strerror)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name[2:]

    def _count(self, size: int) -> None:
        with self._lock:
            if self._size is None:
                self._size = sum(each[1] for each in self._kept())
            else:
                self._size += size
            if self._size > self._most:
                self._clean()

    def _kept(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                told = path.stat()
                found.append((told.st_mtime, _weight(told.st_size), path))
        return found

    def _clean(self) -> None:
        kept = sorted(self._kept(), key=lambda each: each[0])
        size = sum(each[1] for each in kept)
        for _, bytes_, path in kept:
            if size <= self._most * _AFTER_CLEANING:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            size -= bytes_
        self._size = size


def _weight(size: int) -> int:
    """What a file of so many bytes takes on a disk."""
    return -(-size // _BLOCK) * _BLOCK + _ENTRY


class Previews:
    """Pictures and bytes of objects. Blocking, and safe for threads."""

    def __init__(self, buckets: Buckets, workers: WorkerPool, thumbnails: Thumbnails) -> None:
        self._buckets, self._workers, self._thumbnails = buckets, workers, thumbnails
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def thumbnail(
        self, uri: ObjectUri, etag: str, size: int, content_type: str, longest: int, page: int = 0
    ) -> bytes:
        """A WebP picture of one version of an object, or of a page of it, from 0; empty when nothing can be shown.

        Raises StoreError when the object cannot be read now, Interrupted when the server stops.
        """
        told = (uri.bucket, uri.key, etag, content_type, str(longest), str(page), str(DRAWING))
        name = hashlib.sha256("\0".join(told).encode()).hexdigest()
        kept = self._thumbnails.find(name)
        if kept is not None:
            return kept
        made = self._made(uri, etag, size, job_of, (content_type, longest, page))
        self._thumbnails.keep(name, made)
        return made

    def words(self, uri: ObjectUri, etag: str, size: int, content_type: str) -> str:
        """The beginning of a document as text; empty when it has none. Raises as ``thumbnail``."""
        return self._made(uri, etag, size, reading_job, (content_type, 0, 0)).decode()

    def _made(
        self,
        uri: ObjectUri,
        etag: str,
        size: int,
        job: Callable[[Drawing], Job],
        how: tuple[str, int, int],
    ) -> bytes:
        with self._room:
            store = self._buckets.open(uri.bucket)
            drawing = Drawing(portable(store.address), ObjectInfo(uri.key, size, etag, 0), *how)
            made = self._run(job(drawing), uri.bucket)
        if isinstance(made, Lost):
            if made.cause in _NOT_THE_FILE:
                raise StoreError(made.reason)
            return b""
        return made

    def read(self, uri: ObjectUri, etag: str, offset: int, length: int) -> bytes:
        """Bytes of one version of an object. Raises StoreError."""
        return self._buckets.open(uri.bucket).read(uri.key, offset, length, etag=etag)

    def _run(self, job: Job, owner: str) -> bytes | Lost:
        pending = self._workers.submit([job], urgency=Urgency.CALL, owner=f"thumbnails {owner}")
        end = time.monotonic() + _WAIT_SECONDS
        try:
            while (left := end - time.monotonic()) > 0:
                for finished in pending.take(seconds=left):
                    return finished.answer
        finally:
            pending.cancel()
        return Lost(Cause.OUTSIDE, "no worker was free in time")
