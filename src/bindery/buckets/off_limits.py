"""The server's data folder is no bucket: it holds keys, credentials and everything that was ever read.

Folders are told by device and inode, so neither links nor bind mounts lead around it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from bindery.buckets.store import StoreMisconfigured

FolderId = tuple[int, int]
"""Device and inode."""


def folder_id(path: bytes) -> FolderId | None:
    """What tells a folder from all others; None when it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116  (a path is bytes)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def leads_into(path: bytes, top: bytes, off_limits: frozenset[FolderId]) -> bool:
    """Whether a real path below the real path ``top`` is one of the folders, or lies in one."""
    if not off_limits:
        return False
    shortest = len(top.rstrip(b"/"))
    while len(path) > shortest:
        if folder_id(path) in off_limits:
            return True
        path = path.rpartition(b"/")[0]
    return False


def is_within(folder: bytes, top: bytes) -> bool:
    """Whether a folder is ``top`` or lies below it, links followed."""
    held = folder_id(top)
    return held is not None and any(folder_id(each) == held for each in _upwards(folder))


def check_apart(folder: bytes, data: bytes) -> None:
    """Raise StoreMisconfigured when a folder is the data folder, lies in it, or has it below."""
    check_outside(folder, data)
    if is_within(data, folder):
        raise StoreMisconfigured(
            "the server's data folder lies in this folder, so it cannot be a bucket; put the data folder elsewhere "
            "with --data, or bind a folder beside it"
        )


def check_outside(folder: bytes, data: bytes) -> None:
    """Raise StoreMisconfigured when a folder is the data folder, or lies in it."""
    if is_within(folder, data):
        raise StoreMisconfigured("this folder belongs to the server's data folder, which is no bucket")


def _upwards(path: bytes) -> Iterator[bytes]:
    """The real path of a folder, and of each that it lies in."""
    try:
        here = os.path.realpath(path)
    except (OSError, ValueError):
        return
    while True:
        yield here
        parent = here.rpartition(b"/")[0] or b"/"
        if parent == here:
            return
        here = parent
