"""Opening files and folders below a root so that no symbolic link, however timed, leads out of it.

On Linux a file is first opened as a mere name (``O_PATH``), which reads nothing and wakes no device; what
the kernel says about that very file decides. Elsewhere the real path is checked, and the last part of it is
opened without following links.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from bindery.buckets.folder_names import folded, other_spellings
from bindery.buckets.off_limits import FolderId, leads_into
from bindery.open_files import EXHAUSTED

_O_PATH = getattr(os, "O_PATH", 0)
_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def open_folder(
    root: bytes, folder: bytes, *, to_list: bool = True, off_limits: frozenset[FolderId] = frozenset()
) -> Iterator[int]:
    """A descriptor of ``folder``, a path below ``root`` without links. Raises OSError.

    Unless it is ``to_list``, the right to reach files in the folder is enough. What is ``off_limits`` does not exist.
    """
    path = os.path.join(root, folder).rstrip(b"/") or b"/"
    descriptor = os.open(path, _FOLDER | (os.O_RDONLY if to_list else _O_PATH))
    try:
        real = _real_path(descriptor, path)
        # a file system that ignores case names a folder as whoever came first did
        if real != path and folded(real) != folded(path):
            raise OSError(errno.ENOENT, "the folder has been exchanged", path)
        if leads_into(real, root, off_limits):
            raise OSError(errno.ENOENT, "the folder is not of the bucket", path)
        yield descriptor
    finally:
        os.close(descriptor)


def stat_file(
    root: bytes, parent: int, name: bytes, path: bytes, *, off_limits: frozenset[FolderId] = frozenset()
) -> tuple[os.stat_result, bool] | None:
    """Status of a regular file in an open folder, and whether it is a link to one inside ``root``.

    None for everything else. Raises OSError.
    """
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if stat.S_ISREG(status.st_mode):
        return status, False
    if not stat.S_ISLNK(status.st_mode):
        return None
    with _open_name(root, parent, name, path, off_limits) as (target, _):
        return None if target is None else (target, True)


def open_file(
    root: bytes, folder: bytes, name: bytes, *, off_limits: frozenset[FolderId] = frozenset()
) -> tuple[int, os.stat_result]:
    """A readable descriptor of a regular file, which the caller closes, and its status.

    Raises OSError, ENOENT for anything else.
    """
    path = os.path.join(root, folder, name)
    opened = _open_in_place(root, path, off_limits) if _O_PATH else None
    if opened is not None:
        return opened
    with (
        open_folder(root, folder, to_list=False, off_limits=off_limits) as parent,
        _open_name(root, parent, name, path, off_limits) as (status, real),
    ):
        if status is None:
            raise OSError(errno.ENOENT, "not a file of the bucket", path)
        readable = os.open(real, _FILE)
        return readable, status if _O_PATH else os.fstat(readable)


def _open_in_place(
    root: bytes, path: bytes, off_limits: frozenset[FolderId]
) -> tuple[int, os.stat_result] | None:
    """The file, when the kernel says that it is where its path says, letter by letter: then no link led to it.

    None for everything else, which takes twice as many calls to tell.
    """
    try:
        named = os.open(path, _O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(named)
        if _real_path(named, path) != path or not stat.S_ISREG(status.st_mode):
            return None
        if leads_into(path.rpartition(b"/")[0], root, off_limits):
            return None
        return os.open(b"/proc/self/fd/%d" % named, _FILE), status
    finally:
        os.close(named)


@contextmanager
def _open_name(
    root: bytes, parent: int, name: bytes, path: bytes, off_limits: frozenset[FolderId]
) -> Iterator[tuple[os.stat_result | None, bytes]]:
    """Status of the file behind ``name`` when it is a regular one inside, and where to open it."""
    if not _O_PATH:
        real = os.path.realpath(path)
        inside = is_inside(root, real) and not leads_into(real.rpartition(b"/")[0], root, off_limits)
        status = os.stat(real, follow_symlinks=False) if inside else None
        yield status if status and stat.S_ISREG(status.st_mode) else None, real
        return
    descriptor = os.open(name, _O_PATH | os.O_CLOEXEC, dir_fd=parent)
    try:
        status = os.fstat(descriptor)
        real = _real_path(descriptor, path)
        inside = stat.S_ISREG(status.st_mode) and is_inside(root, real)
        if real != path and leads_into(real.rpartition(b"/")[0], root, off_limits):  # a link
            inside = False
        yield status if inside else None, b"/proc/self/fd/%d" % descriptor
    finally:
        os.close(descriptor)


def is_spelled_so(root: bytes, path: bytes) -> bool:
    """Whether a path below a root is spelled as its folders have it.

    File systems that ignore case or the form of Unicode find it in other spellings too. They are told by a name
    being there in another spelling; only then are folders listed.
    """
    parts = path.strip(b"/").split(b"/")
    for depth, name in enumerate(parts):
        parent = os.path.join(root, *parts[:depth])
        found_otherwise = (os.path.lexists(os.path.join(parent, other)) for other in other_spellings(name))
        try:
            if any(found_otherwise) and name not in os.listdir(parent):
                return False
        except OSError:
            return True
    return True


def folders_in(path: bytes) -> Iterator[bytes]:
    """Names of the folders in a folder, links left out; none when it cannot be listed, which a listing tells.

    Raises OSError where this process can open nothing more: that says nothing of the folder.
    """
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise


def count_folders(root: bytes, most: int) -> int:
    """A folder and all folders below it; no more than ``most`` are counted."""
    pending, count = [root], 0
    while pending and count < most:
        path = pending.pop()
        count += 1
        pending += [os.path.join(path, name) for name in folders_in(path)]
    return count


def is_inside(root: bytes, real: bytes) -> bool:
    """Whether a real path lies below a real root."""
    return real.startswith(root.rstrip(b"/") + b"/")


def _real_path(descriptor: int, path: bytes) -> bytes:
    """Where an open file is; the kernel marks a removed one, which then equals no path."""
    if _O_PATH:
        return os.readlink(b"/proc/self/fd/%d" % descriptor)
    return os.path.realpath(path)


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is a folder that this user can see. What he may not look at is none, and raises nothing."""
    return os.path.isdir(path)
