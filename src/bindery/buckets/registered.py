"""Buckets that were registered while the server ran, kept in ``buckets.json`` of the data folder.

The file holds credentials: only its owner may read it. It is replaced whole, so a crash leaves the old or
the new one.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import msgspec

from bindery.buckets.store import StoreAddress, StoreMisconfigured
from bindery.data_folder import sync_folder

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
    content = msgspec.json.format(msgspec.json.encode(addresses), indent=2)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
