"""A local folder as a bucket.

Keys are paths below the folder with ``/`` between names, as ``folder_names`` spells them.
The ETag is derived from size and modification time, so a rename keeps it. Symbolic links never leave the
bucket: a link to a file inside is listed as a Symlink, any other link is passed over, as are devices, pipes
and sockets. A folder below that cannot be listed does not hide the rest: the listing ends with PartlyListed.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Self

from bindery.buckets.folder_files import is_spelled_so, open_file, open_folder, stat_file
from bindery.buckets.folder_names import file_name, key_name, key_of_path
from bindery.buckets.identity import StoreIdentity, file_system_id, folder_mark, location_of
from bindery.buckets.mounts import mounts_within, unseen_changes
from bindery.buckets.off_limits import FolderId
from bindery.buckets.sorted_names import SortedNames
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    Capabilities,
    ObjectChanged,
    ObjectDetails,
    ObjectInfo,
    ObjectNotFound,
    PartlyListed,
    Store,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    Watch,
    bound_time,
)
from bindery.buckets.uri import is_unicode
from bindery.open_files import explain

_PAGE = 1_000
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_UNREACHABLE = (*_FORBIDDEN, errno.ENAMETOOLONG)
_BROKEN = (
    errno.EIO,
    errno.ESTALE,
    errno.ENOTCONN,
    errno.ETIMEDOUT,
    errno.EBADMSG,
    getattr(errno, "EUCLEAN", errno.EIO),
)
"""What a damaged folder answers, or a network mount that is gone."""
_MOST_BROKEN = 10
"""Damaged folders after which a listing is given up: each may have taken its time to fail."""
_SHOWN_FOLDERS = 3
FOLLOW = ("auto", "watch", "poll")
"""Values of the option ``follow``."""


def watched_folders() -> int:
    """How many folders this process watches; each counts against what the kernel allows its user."""
    if sys.platform != "linux":
        return 0
    from bindery.buckets.kernel_events import OF_PROCESS  # noqa: PLC0415  (Linux only)

    return OF_PROCESS.watches


class FolderStore:
    """Lists by walking in key order, reads with plain file reads, watches with the kernel.

    The option ``follow`` says how changes are found: ``watch`` believes the kernel also on network mounts,
    ``poll`` leaves everything to listings, ``auto`` watches and lists often what the kernel cannot see.
    """

    def __init__(self, address: StoreAddress) -> None:
        self._follow = _follow_of(address)
        self.address = address
        self.capabilities = Capabilities(
            etag="time",
            time_resolution_ns=1,
            details=False,
            watch=sys.platform == "linux" and self._follow != "poll",
            listing_free=True,
        )
        folder = address.folder or address.url
        self._root = os.fsencode(os.path.realpath(folder))
        if not address.trusted and self._root != os.fsencode(folder):
            raise StoreMisconfigured(
                "the folder is reached by a link now, which it was not when it was registered"
            )
        self._off_limits = frozenset(address.off_limits)

    @property
    def root(self) -> bytes:
        """The folder's real path."""
        return self._root

    def unseen(self) -> dict[str, str]:
        """Why changes go unseen now, by the key prefix below which they do; see ``Watch.unseen``."""
        return {} if self._follow == "watch" else unseen_changes(mounts_within(self._root))

    def check(self) -> None:
        """Return when the folder can be listed."""
        self._look()

    def identity(self) -> StoreIdentity:
        """Path, and the mark that a moved folder keeps."""
        try:
            with open_folder(self._root, b"") as descriptor:
                return StoreIdentity(location_of(self.address.url, {}), folder_mark(descriptor))
        except OSError as error:
            raise _bucket_error(error, self._root) from error

    def mounts(self) -> dict[str, str]:
        """By key prefix: kind and id of every file system that is mounted below."""
        return {
            key_of_path(path + b"/"): f"{mount.kind}:{file_system_id(os.path.join(self._root, path))}"
            for path, mount in mounts_within(self._root).items()
            if path
        }

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """Pages in key order; folders that lie wholly before ``start_after`` are not entered. Of a folder with very
        many entries the names are read once, and sorted on disk.

        Raises PartlyListed at the end when folders below may not be listed.
        """
        began = self._look()
        walk = _Walk(self._root, self._off_limits, prefix.encode(), start_after.encode())
        page: list[ObjectInfo] = []
        for infos in walk.runs():
            if not infos:
                yield []
            page += infos
            while len(page) >= _PAGE:
                yield page[:_PAGE]
                del page[:_PAGE]
        if self._look() != began:
            raise StoreUnavailable(f"the folder {_shown(self._root)} was exchanged while it was listed")
        if page:
            yield page
        walk.check_complete()

    def details(self, key: str) -> ObjectDetails:
        """Size, time and ETag; a folder knows no more."""
        folder, name = _split(key)
        try:
            with open_folder(self._root, folder, to_list=False, off_limits=self._off_limits) as parent:
                path = os.path.join(self._root, folder, name)
                found = stat_file(self._root, parent, name, path, off_limits=self._off_limits)
        except OSError as error:
            raise self.object_error(error, key) from error
        if found is None:
            raise ObjectNotFound(f"{key} is no file of the bucket")
        return ObjectDetails(info=_info(key, *found))

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """A range of the file, checked against ``etag`` on the open file itself."""
        with HeldFile(self) as held:
            return held.read(key, offset, length, etag=etag)

    def open_object(self, key: str) -> tuple[int, os.stat_result]:
        """A readable descriptor of the file, which the caller closes, and its status.

        Raises ObjectNotFound, OSError.
        """
        folder, name = _split(key)
        return open_file(self._root, folder, name, off_limits=self._off_limits)

    def is_spelled(self, key: str) -> bool:
        """Whether a file that is there has the key in this spelling; see ``folder_files.is_spelled_so``."""
        folder, name = _split(key)
        return is_spelled_so(self._root, folder + name)

    def watch(self) -> Watch:
        """Watch the folder and everything below it."""
        from bindery.buckets.folder_watch import FolderWatch  # noqa: PLC0415  (Linux only)

        self.check()
        return FolderWatch(self._root, everywhere=self._follow == "watch", off_limits=self._off_limits)

    def close(self) -> None:
        """Nothing is held open."""

    def object_error(self, error: OSError, key: str) -> StoreError:
        """What an error at the file of a key means."""
        if error.errno in (*_ABSENT, errno.ENAMETOOLONG):
            try:
                self.check()
            except StoreError as why:
                return why
            return ObjectNotFound(f"{key} does not exist")
        if error.errno in _FORBIDDEN:
            return AccessDenied(f"{key} may not be read")
        return StoreUnavailable(f"{key} cannot be read: {explain(error)}")

    def _look(self) -> tuple[int, int]:
        """Device and number of the folder, which can be listed."""
        try:
            with open_folder(self._root, b"") as descriptor:
                status = os.fstat(descriptor)
        except OSError as error:
            raise _bucket_error(error, self._root) from error
        return status.st_dev, status.st_ino


class _Level:
    """The entries of one folder that are still to be visited."""

    def __init__(self, folder: bytes) -> None:
        self.folder = folder
        self.names = SortedNames()
        self._rest: Iterator[bytes] | None = None
        self._next: list[bytes] = []
        """Names of which the next one stands last."""

    def take_files(self, limit: int) -> list[bytes]:
        """Keys of the files that come before the next folder."""
        taken: list[bytes] = []
        while len(taken) < limit and self._has_more() and not self._next[-1].endswith(b"/"):
            taken.append(self.folder + self._next.pop())
        return taken

    def take_folder(self) -> bytes | None:
        """Key of the next folder, where no file comes before it; None at the end."""
        return self.folder + self._next.pop() if self._has_more() else None

    def _has_more(self) -> bool:
        if not self._next:
            if self._rest is None:
                self._rest = self.names.ascending()
            self._next = list(islice(self._rest, _PAGE))
            self._next.reverse()
        return bool(self._next)


class HeldFile:
    """Reads of a folder's files, of which the last one stays open: most reads of one object follow each other, and to
    find and open it costs more than to read. What is read is checked each time; see ``FolderStore.read``.
    """

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._key: str | None = None
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        """See ``Store.read``."""
        try:
            if key == self._key:
                status = os.fstat(self._descriptor)
            else:
                self.close()
                self._descriptor, status = self._store.open_object(key)
                self._key = key
            if etag is not None and _etag(status) != etag:
                raise ObjectChanged(f"{key} has changed")
            return _read_fully(self._descriptor, offset, length)
        except OSError as error:
            raise self._store.object_error(error, key) from error

    def close(self) -> None:
        """Hold nothing open; may be called twice."""
        if self._key is not None:
            self._key = None
            os.close(self._descriptor)


@contextmanager
def held_open(store: Store) -> Iterator[Store | HeldFile]:
    """What the objects of a store are read from, one after the other."""
    if not isinstance(store, FolderStore):
        yield store
        return
    with HeldFile(store) as held:
        yield held


def is_spelled_as_listed(store: Store, key: str) -> bool:
    """Whether the key of an object that is there is spelled as a listing would show it, as far as a folder tells that
    without being listed."""
    return isinstance(store, FolderStore) and store.is_spelled(key)


class _Walk:
    """Objects below a folder in key order, one open folder at a time.

    The entries of a folder are ordered with folders as ``name/``, which is the order of the keys below. Their names are
    read once, whatever the number of pages, and only so many are held in memory (``sorted_names.py``).
    """

    def __init__(
        self, root: bytes, off_limits: frozenset[FolderId], prefix: bytes, start_after: bytes
    ) -> None:
        self._root = root
        self._off_limits = off_limits
        self._prefix = prefix
        self._start_after = start_after
        self._unlisted: dict[bytes, str] = {}
        self._broken = 0

    def runs(self) -> Iterator[list[ObjectInfo]]:
        """Objects, up to a page at a time; none while names of a large folder are read."""
        start = self._prefix[: self._prefix.rfind(b"/") + 1]
        if not _is_path(start) or not is_spelled_so(self._root, _path_of_folder(start)):
            return
        levels: list[_Level] = []
        try:
            yield from self._enter(start, levels)
            while levels:
                level = levels[-1]
                if files := level.take_files(_PAGE):
                    yield self._infos(level.folder, files)
                elif (folder := level.take_folder()) is not None:
                    yield from self._enter(folder, levels)
                else:
                    levels.pop().names.close()
        except OSError as error:  # of the temporary file; those of the bucket are noted where they come up
            raise StoreUnavailable(f"a large folder cannot be sorted: {error.strerror or error}") from error
        finally:
            for level in levels:
                level.names.close()

    def check_complete(self) -> None:
        """Raise PartlyListed when something could not be listed."""
        if not self._unlisted:
            return
        each = [f"{key.decode()} ({why})" for key, why in self._unlisted.items()]
        more = len(each) - _SHOWN_FOLDERS
        raise PartlyListed(
            f"cannot be listed: {', '.join(each[:_SHOWN_FOLDERS])}{f' and {more} more' if more > 0 else ''}; what is "
            "known below stays as it is. Give the server the right to read it, or mend it",
            frozenset(key.decode() for key in self._unlisted),
        )

    def _enter(self, folder: bytes, levels: list[_Level]) -> Iterator[list[ObjectInfo]]:
        """Read the names in a folder; nothing, each time that memory is full."""
        level = _Level(folder)
        levels.append(level)
        entries = self._wanted_in(folder)
        with closing(entries):
            for name in entries:
                if level.names.add(name):
                    yield []

    def _wanted_in(self, folder: bytes) -> Generator[bytes]:
        """Names of files, and of folders with a slash behind each, that are wanted, in the order of the system."""
        try:
            with (
                open_folder(self._root, _path_of_folder(folder), off_limits=self._off_limits) as descriptor,
                os.scandir(descriptor) as entries,
            ):
                for entry in entries:
                    name = key_name(os.fsencode(entry.name))
                    if entry.is_dir(follow_symlinks=False):
                        if self._wants_folder(folder + name + b"/"):
                            yield name + b"/"
                    elif self._wants_file(folder + name):
                        yield name
        except OSError as error:
            self._note(error, folder)

    def _wants_file(self, key: bytes) -> bool:
        return key > self._start_after and key.startswith(self._prefix)

    def _wants_folder(self, key: bytes) -> bool:
        within = self._start_after.startswith(key) or key > self._start_after
        return within and (key.startswith(self._prefix) or self._prefix.startswith(key))

    def _infos(self, folder: bytes, keys: list[bytes]) -> list[ObjectInfo]:
        """What the files are now; those that vanished or are no files are left out."""
        path = _path_of_folder(folder)
        infos: list[ObjectInfo] = []
        try:
            with open_folder(self._root, path, off_limits=self._off_limits) as parent:
                for key in keys:
                    info = self._info(parent, path, key)
                    if info is not None:
                        infos.append(info)
        except OSError as error:
            self._note(error, folder)
        return infos

    def _info(self, parent: int, path: bytes, key: bytes) -> ObjectInfo | None:
        name = file_name(key[key.rfind(b"/") + 1 :].decode())
        try:
            whole = os.path.join(self._root, path, name)
            found = stat_file(self._root, parent, name, whole, off_limits=self._off_limits)
        except OSError as error:
            self._note(error, key)
            return None
        return None if found is None else _info(key.decode(), *found)

    def _note(self, error: OSError, key: bytes) -> None:
        """An absent thing is nothing; what cannot be seen is remembered; everything else ends the listing."""
        if key and error.errno in _ABSENT:
            return
        self._broken += error.errno in _BROKEN
        if not key or error.errno not in (*_UNREACHABLE, *_BROKEN) or self._broken > _MOST_BROKEN:
            raise _bucket_error(error, os.path.join(self._root, key)) from error
        self._unlisted[key] = error.strerror or str(error.errno)


def _follow_of(address: StoreAddress) -> str:
    unknown = sorted(address.options.keys() - {"follow"})
    follow = address.options.get("follow", "auto")
    if unknown or follow not in FOLLOW:
        raise StoreMisconfigured(
            f"a folder has one option, follow, which is one of {', '.join(FOLLOW)}; "
            f"got {', '.join(unknown) or f'follow={follow[:64]}'}"
        )
    return follow


_UNUSUAL = re.compile(r"[%\0]|(?:^|/)\.{0,2}(?:/|$)")
"""In keys that are no plain path: what may be an escaped byte, and parts that cannot be names of files."""


def _split(key: str) -> tuple[bytes, bytes]:
    """Folder and name of the file a key stands for. Raises ObjectNotFound."""
    folder, slash, name = key.rpartition("/")
    if not _UNUSUAL.search(key) and is_unicode(key):
        return (folder + slash).encode(), name.encode()
    encoded = (folder + slash).encode() if is_unicode(key) else b"//"
    if not _is_path(encoded) or not _is_name(name):
        raise ObjectNotFound(f"{key!r} cannot be the key of a file")
    return _path_of_folder(encoded), file_name(name)


def _is_path(folder: bytes) -> bool:
    """Whether a key prefix is empty or ends in ``/`` and names one folder after the other."""
    return not folder or all(_is_name(part.decode()) for part in folder[:-1].split(b"/"))


def _is_name(part: str) -> bool:
    """Whether a part of a key is the one way to write a file name."""
    name = file_name(part)
    return (
        name not in (b"", b".", b"..")
        and b"/" not in name
        and b"\0" not in name
        and key_name(name) == part.encode()
    )


def _path_of_folder(folder: bytes) -> bytes:
    return b"/".join(file_name(part.decode()) for part in folder.split(b"/")) if b"%" in folder else folder


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns & 0xFFFFFFFFFFFFFFFF:016X}{status.st_size:016X}"


def _info(key: str, status: os.stat_result, link: bool) -> ObjectInfo:
    kind = "Symlink" if link else "Normal"
    file_id = f"{status.st_dev:x}:{status.st_ino:x}"
    modified_ns = bound_time(status.st_mtime_ns)
    return ObjectInfo(key, status.st_size, _etag(status), modified_ns, "Standard", kind, file_id)


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


def _shown(path: bytes) -> str:
    return os.fsdecode(path).encode(errors="backslashreplace").decode()


def _bucket_error(error: OSError, path: bytes) -> StoreError:
    shown = _shown(path)
    if error.errno in _ABSENT:
        return BucketNotFound(f"the folder {shown} does not exist")
    if error.errno in _FORBIDDEN:
        return AccessDenied(f"the folder {shown} may not be read; give the server the right to list it")
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
        return StoreMisconfigured(f"the folder {shown[:200]}… cannot be: {error.strerror}")
    return StoreUnavailable(f"the folder {shown} cannot be listed: {explain(error)}")
