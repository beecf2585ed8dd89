"""Nonces of all servers that share a record."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import msgspec


class NonceUse(msgspec.Struct, frozen=True, gc=False):
    """A nonce that a request has, as a digest of 64 bits of key and nonce, and until when it must not come again."""

    digest: int
    expires: int
    """Seconds since 1970."""


class Taken(msgspec.Struct, frozen=True):
    """What has become of some uses."""

    new: frozenset[NonceUse]
    """Those that no server had taken before."""
    access_version: int
    """What ``AccessRecord.access_version`` was afterwards."""


class SharedNonces(Protocol):
    """Safe for threads."""

    def take(self, uses: Collection[NonceUse]) -> Taken:
        """Use up nonces, each once over all servers; no two of a digest are given.

        Raises CatalogUnusable, CatalogUnwritable: then any of them may be used up, and none must be let through.
        """
