"""A new sealing key in place of the old one, and every secret sealed anew.

A running server does it beside its calls. Safe at any instruction: the new key is in its file before anything is sealed
with it, and the old one goes after nothing needs it. Whoever does it again after a crash goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import msgspec

from bindery.access.sealing import CannotOpen, Sealer, sealing_key_id
from bindery.catalog.access_records import SealedKey
from bindery.catalog.catalog import AccessRecord
from bindery.catalog.interface.access_keys import AccessKeys
from bindery.catalog.interface.registered_buckets import RegisteredBuckets

_PAGE = 200


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    secrets: int
    """Of access keys and registered buckets, that were sealed anew."""
    lost: tuple[str, ...]
    """Access keys whose secrets cannot be opened: the key they were sealed with is not here."""
    old_keys: int
    """Sealing keys that are kept still, because tokens of role sessions may need them for up to 12 hours."""


def reseal(sealer: Sealer, record: AccessRecord, *, at_once: bool = False) -> Resealed:
    """Seal every secret with a new key; where the keys come from the environment, with the first of them.

    ``at_once``: old keys are forgotten now, which ends every role session. Raises KeysUnusable.
    """
    keys = record.access_keys
    with sealer.resealing:
        if sealer.changeable:
            sealer.add_newest()
        done, lost = 0, []
        for page in _pages(keys):
            changed, unopened = _reseal_page(sealer, page)
            if changed:
                keys.reseal(changed)
            done += len(changed)
            lost += unopened
        done += _reseal_buckets(sealer, record.registered_buckets)
        left = forget_old_keys(sealer, record, at_once=at_once)
        keys.reseal(
            {}
        )  # a new version of who may do what: sessions that are remembered may have lost their key
        return Resealed(secrets=done, lost=tuple(lost), old_keys=left)


def forget_old_keys(sealer: Sealer, record: AccessRecord, *, at_once: bool = False) -> int:
    """Drop the sealing keys that nothing needs any more; how many old ones are left. Raises KeysUnusable."""
    if not sealer.changeable:
        return 0
    sealed = [key.sealed for page in _pages(record.access_keys) for key in page]
    sealed += record.registered_buckets.list().values()
    return sealer.forget(needed=frozenset(map(sealing_key_id, sealed)), at_once=at_once)


def find_lost(sealer: Sealer, keys: AccessKeys) -> list[SealedKey]:
    """Access keys that were sealed with a key that is not here."""
    return [key for page in _pages(keys) for key in page if not sealer.knows(key.sealed)]


def find_lost_buckets(sealer: Sealer, buckets: RegisteredBuckets) -> dict[str, bytes]:
    """Registered buckets that were sealed with a key that is not here."""
    return {name: sealed for name, sealed in buckets.list().items() if not sealer.knows(sealed)}


def _reseal_buckets(sealer: Sealer, buckets: RegisteredBuckets) -> int:
    """How many; one that is registered anew meanwhile is sealed with the new key, and those that are lost stay so."""
    done = 0
    for name, sealed in buckets.list().items():
        if not sealer.knows(sealed) or sealing_key_id(sealed) == sealer.newest_id:
            continue
        with suppress(CannotOpen):
            done += buckets.replace(
                name, sealed, sealer.seal_bucket(sealer.open_bucket(sealed, name), name)
            )
    return done


def _reseal_page(sealer: Sealer, page: list[SealedKey]) -> tuple[dict[str, tuple[bytes, bytes]], list[str]]:
    changed, lost = {}, []
    for key in page:
        if sealer.knows(key.sealed) and sealing_key_id(key.sealed) == sealer.newest_id:
            continue
        try:
            secret = sealer.open(key.sealed, key.id)
        except CannotOpen:
            lost.append(key.id)
        else:
            changed[key.id] = (key.sealed, sealer.seal(secret, key.id))
    return changed, lost


def _pages(keys: AccessKeys) -> Iterator[list[SealedKey]]:
    after = ""
    while page := keys.sealed(after=after, limit=_PAGE):
        yield page
        after = page[-1].id
