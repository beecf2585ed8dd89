"""What is mounted where, and which file systems change behind the kernel's back.

Source: proc_pid_mountinfo(5), proc_pid_fdinfo(5). Elsewhere than on Linux nothing is known, and nothing is found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bindery.buckets.folder_names import key_of_path
from bindery.mount_table import rows_of

TABLE = "/proc/self/mountinfo"
_CHANGED_BY_OTHERS = frozenset({
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "fuse", "gfs2", "glusterfs", "gpfs", "lustre",
    "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs",
    "vmhgfs",
})  # fmt: skip


class Mount(msgspec.Struct, frozen=True):
    """A mounted file system: the kernel's number of the mount, where it is, and its type such as ``nfs4``."""

    number: int
    point: bytes
    kind: str

    @property
    def changes_unseen(self) -> bool:
        """Whether it changes without the kernel's knowledge: other machines write to it, or a program serves it.

        FUSE on a block device (``fuseblk``) is a disk of this machine.
        """
        return self.kind.partition(".")[0] in _CHANGED_BY_OTHERS


def parse_mounts(table: bytes) -> list[Mount]:
    """The rows of a ``mountinfo`` file; what is no row is passed over."""
    return [Mount(row.number, row.point, row.kind) for row in rows_of(table)]


def mounts_within(folder: bytes, table: bytes | None = None) -> dict[bytes, Mount]:
    """The mount that a folder lies on, under ``b""``, and those below it by their path relative to it.

    ``folder`` is a real path. ``table`` is the content of ``mountinfo``, by default that of this process.
    """
    mounts = parse_mounts(_read(TABLE) if table is None else table)
    start = folder.rstrip(b"/") + b"/"
    found = {}
    own = _mount_of(folder, mounts)
    if own is not None:
        found[b""] = own
    for mount in mounts:  # of two at one place the later lies over the earlier
        if mount.point.startswith(start) and len(mount.point) > len(start):
            found[mount.point[len(start) :]] = mount
    return found


def unseen_changes(found: Mapping[bytes, Mount]) -> dict[str, str]:
    """Why changes go unseen, by the key prefix below which they do (``""``: anywhere), in what was found."""
    return {
        key_of_path(path + b"/") if path else "": f"{mount.kind} reports no changes made by others"
        for path, mount in found.items()
        if mount.changes_unseen
    }


def _mount_of(folder: bytes, mounts: list[Mount]) -> Mount | None:
    """By the number the kernel gives; by path where it gives none, which a mount over a mount can mislead."""
    number = _mount_number(folder)
    for mount in mounts:
        if mount.number == number:
            return mount
    path = folder.rstrip(b"/") + b"/"
    above = [mount for mount in mounts if path.startswith(mount.point.rstrip(b"/") + b"/")]
    return max(reversed(above), key=lambda mount: len(mount.point), default=None)


def _mount_number(folder: bytes) -> int | None:
    try:
        descriptor = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        for line in _read(f"/proc/self/fdinfo/{descriptor}").splitlines():
            name, _, value = line.partition(b":")
            if name == b"mnt_id" and value.strip().isdigit():
                return int(value)
    finally:
        os.close(descriptor)
    return None


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
