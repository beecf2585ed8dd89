"""What callers of the API may register as buckets: nothing, unless the configuration lists it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bindery.buckets.endpoint import ANY_HOST
from bindery.buckets.folder import FolderStore
from bindery.buckets.object_store import ObjectStore
from bindery.buckets.off_limits import is_within
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.registry import open_store
from bindery.buckets.store import StoreAddress, StoreMisconfigured

_PORTS = {"http": 80, "https": 443}


class RegistrationRefused(StoreMisconfigured):
    """The configuration does not list what was to be registered."""


class Registration(msgspec.Struct, frozen=True):
    """Folders and endpoints that callers may register; empty: nothing."""

    folders: tuple[str, ...] = ()
    """Each with all that lies below it."""
    endpoints: tuple[str, ...] = ()
    """``https://HOST[:PORT]``, or ``https://*.HOST[:PORT]`` for every host below one."""

    def check(self, address: StoreAddress) -> None:
        """Raise RegistrationRefused unless the configuration lists where the address leads. Nothing is asked."""
        if not self.folders and not self.endpoints:
            raise RegistrationRefused(
                "RegisterBucket is off: the server's configuration lists nothing under [register]. Its operator can "
                "name the bucket in the configuration, or bind it with the command line that reads the data folder"
            )
        if not self._lists(address):
            raise RegistrationRefused(
                "the server's configuration does not list this folder or endpoint under [register], so it cannot be "
                "registered"
            )

    def _lists(self, address: StoreAddress) -> bool:
        store = open_store(address)
        try:
            if isinstance(store, FolderStore):
                return self._lists_folder(store.root)
            return isinstance(store, ObjectStore | OpendalStore) and _lists(self.endpoints, store.endpoint)
        finally:
            store.close()

    def _lists_folder(self, folder: bytes) -> bool:
        return any(is_within(folder, os.fsencode(Path(each).expanduser())) for each in self.folders)


def _lists(endpoints: Sequence[str], endpoint: str) -> bool:
    place = _place(endpoint)
    for each in endpoints:
        below = ANY_HOST.fullmatch(each)
        if below is None:
            if _place(each) == place:
                return True
            continue
        scheme, host, port = _place(f"{below[1]}://{below[2]}{below[3] or ''}")
        if (scheme, port) == (place[0], place[2]) and place[1].endswith(f".{host}"):
            return True
    return False


def _place(endpoint: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(endpoint)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
