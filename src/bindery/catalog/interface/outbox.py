"""Notifications on their way out, which an announcer made of changes."""

from __future__ import annotations

from typing import Protocol

from bindery.catalog.records import Backlog, PendingNotification


class Outbox(Protocol):
    """One row a notification and destination."""

    def due(self, destination: str, *, limit: int) -> list[PendingNotification]:
        """Those to be sent now, the longest due first."""

    def remove(self, sequence: int) -> None:
        """It was delivered."""

    def postpone(self, sequence: int, *, due: int) -> None:
        """It was tried in vain, and is due again then."""

    def expire(self, *, before: int) -> dict[str, int]:
        """Forget those made before; how many by destination."""

    def backlog(self) -> dict[str, Backlog]:
        """What waits, by destination; those for which nothing waits are left out."""
