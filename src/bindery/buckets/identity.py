"""Which store a bucket is: what a binding remembers, so that a name cannot come to mean another one unseen."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import msgspec

_LOCATING_OPTIONS = ("endpoint", "account_name")
_GLOBAL_NAMES = re.compile(
    r"https?://(?:s3[.-][a-z0-9.-]*?(amazonaws\.com(?:\.cn)?)|oss-[a-z0-9-]+\.(aliyuncs\.com))"
)
"""Hosts of AWS and of Alibaba Cloud: within each a bucket's name means one bucket, whatever the region."""


class StoreIdentity(msgspec.Struct, frozen=True):
    """Where a store is, and what tells it from another at the same place."""

    location: str
    """The address without credentials, as people read it."""
    mark: str = ""
    """What a folder keeps when it is moved or mounted elsewhere: file system and inode. Empty where the store has
    nothing like it; then its location is all that is known."""

    def is_same(self, other: StoreIdentity) -> bool:
        """Whether both are one store: by mark where both have one, else by location."""
        if self.mark and other.mark:
            return self.mark == other.mark
        return self.location == other.location


def location_of(url: str, options: Mapping[str, str], endpoint: str = "") -> str:
    """Where an address leads, without credentials; ``endpoint`` where requests really go."""
    shown = {name: options[name] for name in _LOCATING_OPTIONS if name in options}
    if endpoint:
        known = _GLOBAL_NAMES.fullmatch(endpoint)
        shown["endpoint"] = (known[1] or known[2]) if known else endpoint
    query = "&".join(f"{name}={value}" for name, value in shown.items())
    return f"{url.rstrip('/')}?{query}" if query else url


def folder_mark(descriptor: int) -> str:
    """File system and inode of an open folder; empty where the file system has no id of its own.

    The id of the file system outlives a reboot and another mount point where the number of the device does not
    (ext4 and Btrfs make it of their UUID); root folders have the same inode on every disk.
    """
    system = file_system_id(descriptor)
    return f"{system}-{os.fstat(descriptor).st_ino:x}" if system else ""


def file_system_id(folder: bytes | int) -> str:
    """The id of the file system that a folder (path or descriptor) lies on; empty where it has none or is away."""
    try:
        number = os.statvfs(folder).f_fsid & 0xFFFFFFFFFFFFFFFF
    except OSError:
        return ""
    return f"{number:016x}" if number else ""
