"""Buckets that were registered while a server ran. Where they are is sealed: it may hold credentials."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Protocol


class RegisteredBuckets(Protocol):
    """By name. What one server has written every other one reads."""

    def find(self, name: str) -> bytes | None:
        """Where a bucket is, sealed."""

    def list(self) -> dict[str, bytes]:
        """All of them, ascending by name."""

    def put(self, name: str, sealed: bytes) -> None:
        """A bucket is there from now on; durable when this returns."""

    def replace(self, name: str, before: bytes | None, sealed: bytes) -> bool:
        """The same, unless it is not what it was before any more, None: not there; whether it is done."""

    def take_over(self, buckets: Mapping[str, bytes]) -> builtins.list[str]:
        """Buckets that were kept elsewhere, all or none; the names of those that are there already, and stay."""

    def delete(self, name: str, before: bytes) -> bool:
        """Forget a bucket, unless it has changed; whether it is done."""
