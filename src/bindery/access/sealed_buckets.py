"""Registered buckets in the record: their addresses are sealed as secrets of access keys are, for they hold
credentials.

What earlier releases kept in ``buckets.json`` of a data folder moves into the record when a server starts: the file
goes after the transaction is on the disk, and whoever finds it again after a crash finds them known already.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from bindery.access.keys import write_private
from bindery.access.sealing import CannotOpen, Sealer
from bindery.buckets.registered import FILE, RegisteredBuckets, read_bucket_file, unreadable
from bindery.buckets.store import StoreAddress
from bindery.catalog.interface import registered_buckets as interface

_NOT_TAKEN = "buckets-not-taken.json"
_log = structlog.get_logger()


class SealedBuckets:
    """Implements ``buckets.registered.Registered``. Nothing is remembered: what one server has written every other
    one reads at once."""

    def __init__(self, record: interface.RegisteredBuckets, sealer: Sealer) -> None:
        self._record, self._sealer = record, sealer

    def find(self, bucket: str) -> StoreAddress | None:
        """Raises StoreMisconfigured when it cannot be opened, CatalogUnusable."""
        sealed = self._record.find(bucket)
        if sealed is None:
            return None
        address = _open(self._sealer, bucket, sealed)
        if address is None:
            raise unreadable(bucket)
        return address

    def addresses(self) -> dict[str, StoreAddress | None]:
        """All of them."""
        return {name: _open(self._sealer, name, sealed) for name, sealed in self._record.list().items()}

    def mark(self, bucket: str) -> bytes | None:
        """What is kept of it."""
        return self._record.find(bucket)

    def keep(self, address: StoreAddress) -> None:
        """In the record."""
        with self._sealer.sealing:
            self._record.put(address.bucket, _seal(self._sealer, address))

    def keep_over(self, address: StoreAddress, mark: bytes | None) -> bool:
        """In the record, unless another server was faster."""
        with self._sealer.sealing:
            return self._record.replace(address.bucket, mark, _seal(self._sealer, address))


def take_over_bucket_file(data: Path, sealer: Sealer, record: interface.RegisteredBuckets) -> None:
    """Once. What the record says otherwise stays as it is there, and what the file said is kept beside.

    Raises StoreMisconfigured when the file cannot be read, CatalogUnusable, OSError.
    """
    found = read_bucket_file(data)
    path = data / FILE
    if found:
        with sealer.sealing:
            known = record.take_over({name: _seal(sealer, address) for name, address in found.items()})
        sealed = record.list()
        other = {name: found[name] for name in known if _open(sealer, name, sealed[name]) != found[name]}
        if other:
            write_private(data / _NOT_TAKEN, msgspec.json.encode(other))
            _log.warning(
                "buckets of the file are registered otherwise in the record, and stay as they are there",
                buckets=sorted(other),
                kept=str(data / _NOT_TAKEN),
            )
        _log.info(
            "the buckets of the file are in the record now", file=str(path), buckets=len(found) - len(known)
        )
    path.unlink(missing_ok=True)


def opened_buckets(sealed: Mapping[str, bytes], sealer: Sealer, data: Path) -> RegisteredBuckets:
    """As they are now, read beside a server; with what an earlier release has left. Raises StoreMisconfigured."""
    opened = {name: _open(sealer, name, each) for name, each in sealed.items()}
    known = {name: address for name, address in opened.items() if address is not None}
    return RegisteredBuckets(read_bucket_file(data) | known, opened.keys() - known.keys())


def _seal(sealer: Sealer, address: StoreAddress) -> bytes:
    return sealer.seal_bucket(msgspec.json.encode(address), address.bucket)


def _open(sealer: Sealer, bucket: str, sealed: bytes) -> StoreAddress | None:
    try:
        return msgspec.json.decode(sealer.open_bucket(sealed, bucket), type=StoreAddress)
    except (CannotOpen, msgspec.DecodeError):
        return None
