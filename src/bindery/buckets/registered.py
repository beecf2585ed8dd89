"""Buckets that were registered while the server ran."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from bindery.buckets.store import StoreAddress, StoreMisconfigured

FILE = "buckets.json"
"""Where earlier releases kept them, in the data folder."""


class Registered(Protocol):
    """Addresses by bucket name. Safe for threads."""

    def find(self, bucket: str) -> StoreAddress | None:
        """Where a bucket is, None when it is not registered. Raises StoreMisconfigured when that cannot be read."""

    def addresses(self) -> dict[str, StoreAddress | None]:
        """All of them, ascending by name; None where it cannot be read."""

    def mark(self, bucket: str) -> bytes | None:
        """Something that changes with the bucket; None while it is not registered."""

    def keep(self, address: StoreAddress) -> None:
        """Add or replace a bucket; durable when this returns."""

    def keep_over(self, address: StoreAddress, mark: bytes | None) -> bool:
        """The same, unless the bucket has another mark by now; whether it is done."""


class RegisteredBuckets:
    """Those that last as long as the process, or that were read before."""

    def __init__(
        self, known: Mapping[str, StoreAddress] | None = None, unreadable: Collection[str] = ()
    ) -> None:
        self._lock = threading.Lock()
        self._addresses: dict[str, StoreAddress | None] = {**dict.fromkeys(unreadable), **(known or {})}

    def find(self, bucket: str) -> StoreAddress | None:
        """Raises StoreMisconfigured when it cannot be read."""
        if bucket in self._addresses and self._addresses[bucket] is None:
            raise unreadable(bucket)
        return self._addresses.get(bucket)

    def addresses(self) -> dict[str, StoreAddress | None]:
        """All of them."""
        with self._lock:
            return dict(sorted(self._addresses.items()))

    def mark(self, bucket: str) -> bytes | None:
        """What it is."""
        return None if bucket not in self._addresses else msgspec.json.encode(self._addresses[bucket])

    def keep(self, address: StoreAddress) -> None:
        """Until the process ends."""
        with self._lock:
            self._addresses[address.bucket] = address

    def keep_over(self, address: StoreAddress, mark: bytes | None) -> bool:
        """Until the process ends."""
        with self._lock:
            if self.mark(address.bucket) != mark:
                return False
            self._addresses[address.bucket] = address
            return True


def unreadable(bucket: str) -> StoreMisconfigured:
    """It is there, and was sealed with a key that is not."""
    return StoreMisconfigured(
        f"the address of the registered bucket {bucket} cannot be opened: it was sealed with a key that is not here. "
        "Restore the sealing key, or register the bucket again"
    )


def read_bucket_file(data: Path) -> dict[str, StoreAddress]:
    """What an earlier release has left in the data folder. Raises StoreMisconfigured."""
    path = data / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, StoreAddress])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise StoreMisconfigured(f"cannot read {path}: {error}; mend it, or move it away") from error
