"""Access keys in the record, whose secrets are sealed: how the sealing key comes to a server, and how keys are made."""

from __future__ import annotations

from pathlib import Path

import structlog

from bindery.access.keys import AccessKey, KeysUnusable, make_key
from bindery.access.resealing import find_lost, find_lost_buckets, forget_old_keys
from bindery.access.sealing import Sealer, load_sealer, make_sealer
from bindery.access.takeover import take_over_key_file
from bindery.catalog.access_records import SealedKey
from bindery.catalog.catalog import AccessRecord
from bindery.catalog.interface.access_keys import AccessKeys
from bindery.clock import now_ns

_log = structlog.get_logger()


def open_sealer(record: AccessRecord, data: Path, file: Path | None = None) -> Sealer:
    """The sealing key of a data folder, made when it is needed first; the key file of earlier releases is taken over.

    A sealing key that is lost is not replaced, for then it could not be restored. Raises KeysUnusable.
    """
    keys, buckets = record.access_keys, record.registered_buckets
    sealer = load_sealer(data, file)
    if sealer is None:
        if keys.sealed(limit=1) or buckets.list():
            raise KeysUnusable(
                "the sealing key is missing, without which access keys and registered buckets of the catalog cannot be "
                "opened; restore it from a backup, or give these up with: bindery keys forget-lost"
            )
        sealer = make_sealer(data, file)
    take_over_key_file(data, sealer, keys)
    if lost := find_lost(sealer, keys):
        _log.error(
            "access keys were sealed with a key that is not here; restore it, or make these keys anew",
            access_keys=[key.id for key in lost],
        )
    if unopened := find_lost_buckets(sealer, buckets):
        _log.error(
            "registered buckets were sealed with a key that is not here; restore it, or register them again",
            buckets=sorted(unopened),
        )
    try:
        forget_old_keys(sealer, record)
    except KeysUnusable as error:  # a file that only others may write
        _log.warning("old sealing keys stay in their file", problem=str(error))
    return sealer


def make_sealed_key(
    keys: AccessKeys, sealer: Sealer, user_name: str | None, *, label: str = ""
) -> tuple[SealedKey, AccessKey]:
    """A key for a user, or for the account; the secret is told this once.

    Raises EntityNotFound (User), EntityLimitExceeded.
    """
    key = make_key()
    with sealer.sealing:
        sealed = SealedKey(
            id=key.id, sealed=sealer.seal(key.secret, key.id), label=label, create_time=now_ns()
        )
        return keys.create(sealed, user_name), key
