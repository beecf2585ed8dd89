"""A local folder as a bucket.

Keys are paths below the folder with ``/`` between names, as ``folder_names`` spells them.
The ETag is derived from size and modification time, so a rename keeps it. Symbolic links never leave the
bucket: a link to a file inside is listed as a Symlink, any other link is passed over.
"""

from __future__ import annotations

import errno
import heapq
import os
import stat
import sys
from collections.abc import Iterator

from bindery.buckets.folder_names import file_name, key_name
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    Capabilities,
    ObjectChanged,
    ObjectDetails,
    ObjectInfo,
    ObjectNotFound,
    StoreAddress,
    StoreUnavailable,
    Watch,
)

_PAGE = 1_000
_Entries = list[tuple[bytes, "os.DirEntry[bytes] | None"]]
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


class FolderStore:
    """Lists by walking in key order, reads with plain file reads, watches with the kernel."""

    capabilities = Capabilities(
        content_etag=False, time_resolution_ns=1, details=False, watch=sys.platform == "linux"
    )

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._root = os.fsencode(os.path.realpath(address.url.removeprefix("file://")))

    def check(self) -> None:
        """Return when the folder can be listed."""
        try:
            with os.scandir(self._root):
                pass
        except OSError as error:
            raise _bucket_error(error, self._root) from error

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages in key order; folders that lie wholly before ``start_after`` are not entered."""
        self.check()
        page: list[ObjectInfo] = []
        for info in self._walk(b"", prefix.encode(), start_after.encode()):
            page.append(info)
            if len(page) == _PAGE:
                yield page
                page = []
        self.check()
        if page:
            yield page

    def details(self, key: str) -> ObjectDetails:
        """Size, time and ETag; a folder knows no more."""
        path = self._path(key)
        try:
            status = os.stat(path)
        except OSError as error:
            raise _object_error(error, key) from error
        if not stat.S_ISREG(status.st_mode):
            raise ObjectNotFound(f"{key} is not a file")
        return ObjectDetails(info=_info(key, status, link=os.path.islink(path)))

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """A range of the file, checked against ``etag`` on the open file itself."""
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _object_error(error, key) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ObjectNotFound(f"{key} is not a file")
            if etag is not None and _etag(status) != etag:
                raise ObjectChanged(f"{key} has changed")
            return _read_fully(descriptor, offset, length)
        except OSError as error:
            raise _object_error(error, key) from error
        finally:
            os.close(descriptor)

    def watch(self) -> Watch:
        """Watch the folder and everything below it."""
        from bindery.buckets.folder_watch import FolderWatch  # noqa: PLC0415  (Linux only)

        self.check()
        return FolderWatch(self._root)

    def close(self) -> None:
        """Nothing is held open."""

    def _path(self, key: str) -> bytes:
        parts = [file_name(part) for part in key.split("/")]
        if any(part in (b"", b".", b"..") or b"/" in part or b"\0" in part for part in parts):
            raise ObjectNotFound(f"{key!r} cannot be the key of a file")
        path = os.path.join(self._root, *parts)
        if not self._inside(path):
            raise ObjectNotFound(f"{key} leads out of the bucket")
        return path

    def _inside(self, path: bytes) -> bool:
        return os.path.realpath(path).startswith(self._root.rstrip(b"/") + b"/")

    def _walk(self, folder: bytes, prefix: bytes, start_after: bytes) -> Iterator[ObjectInfo]:
        """Objects below ``folder`` (a path that ends in ``/`` or is empty) in key order.

        A folder's entries are ordered with folders as ``name/``, which is the order of the keys below.
        """
        entries: _Entries = self._entries(folder, prefix, start_after)
        heapq.heapify(entries)
        while entries:
            key, entry = heapq.heappop(entries)
            if entry is None:
                yield from self._walk(key, prefix, start_after)
                continue
            info = self._object(key, entry)
            if info is not None:
                yield info

    def _entries(self, folder: bytes, prefix: bytes, start_after: bytes) -> _Entries:
        found: _Entries = []
        path = os.path.join(self._root, _path_of_folder(folder))
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    key = folder + key_name(entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        key += b"/"
                        within = start_after.startswith(key) or key > start_after
                        if within and (key.startswith(prefix) or prefix.startswith(key)):
                            found.append((key, None))
                    elif key > start_after and key.startswith(prefix):
                        found.append((key, entry))
        except OSError as error:
            if folder and error.errno in _ABSENT:
                return []
            raise _bucket_error(error, path) from error
        return found

    def _object(self, key: bytes, entry: os.DirEntry[bytes]) -> ObjectInfo | None:
        link = entry.is_symlink()
        if link and not self._inside(entry.path):
            return None
        try:
            status = entry.stat(follow_symlinks=True)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise _bucket_error(error, entry.path) from error
        if not stat.S_ISREG(status.st_mode):
            return None
        return _info(key.decode(), status, link=link)


def _path_of_folder(folder: bytes) -> bytes:
    return b"/".join(file_name(part.decode()) for part in folder.split(b"/"))


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns & 0xFFFFFFFFFFFFFFFF:016X}{status.st_size:016X}"


def _info(key: str, status: os.stat_result, *, link: bool) -> ObjectInfo:
    kind = "Symlink" if link else "Normal"
    return ObjectInfo(key, status.st_size, _etag(status), status.st_mtime_ns, "Standard", kind)


def _read_fully(descriptor: int, offset: int, length: int) -> bytes:
    """``pread`` until ``length`` bytes or the end; a short read alone is not the end."""
    first = os.pread(descriptor, length, offset)
    if len(first) == length or not first:
        return first
    parts = [first]
    got = len(first)
    while got < length and (part := os.pread(descriptor, length - got, offset + got)):
        parts.append(part)
        got += len(part)
    return b"".join(parts)


def _bucket_error(error: OSError, path: bytes) -> Exception:
    shown = os.fsdecode(path)
    if error.errno in _ABSENT:
        return BucketNotFound(f"the folder {shown} does not exist")
    if error.errno in _FORBIDDEN:
        return AccessDenied(f"the folder {shown} may not be read; give the server the right to list it")
    return StoreUnavailable(f"the folder {shown} cannot be listed: {error.strerror}")


def _object_error(error: OSError, key: str) -> Exception:
    if error.errno in _ABSENT:
        return ObjectNotFound(f"{key} does not exist")
    if error.errno in _FORBIDDEN:
        return AccessDenied(f"{key} may not be read")
    return StoreUnavailable(f"{key} cannot be read: {error.strerror}")
