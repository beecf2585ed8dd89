"""Buckets that were registered while the server ran, kept in ``buckets.json`` of the data folder.

The file holds credentials: only its owner may read it. It is replaced whole, so a crash leaves the old or
the new one.
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from bindery.buckets.store import StoreAddress, StoreMisconfigured
from bindery.data_folder import replace_private

_NAME = "buckets.json"


class RegisteredBuckets:
    """Addresses by bucket name. Without a data folder they last as long as the process. Safe for threads."""

    def __init__(self, data: Path | None) -> None:
        self._path = None if data is None else data / _NAME
        self._lock = threading.Lock()
        self.addresses = {} if self._path is None else _load(self._path)

    def keep(self, address: StoreAddress) -> None:
        """Add or replace a bucket; durable when this returns."""
        with self._lock:
            addresses = {**self.addresses, address.bucket: address}
            if self._path is not None:
                _write(self._path, addresses)
            self.addresses = addresses


def _load(path: Path) -> dict[str, StoreAddress]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, StoreAddress])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise StoreMisconfigured(f"cannot read {path}: {error}; mend it, or move it away") from error


def _write(path: Path, addresses: dict[str, StoreAddress]) -> None:
    replace_private(path, msgspec.json.format(msgspec.json.encode(addresses), indent=2))
