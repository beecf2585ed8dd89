"""People who are signed in with a browser."""

from __future__ import annotations

import builtins
from typing import Protocol

from bindery.catalog.access_records import BrowserSession


class BrowserSessions(Protocol):
    """One row for each browser in which somebody is signed in."""

    def create(self, session: BrowserSession, *, most: int) -> None:
        """Of its holder the newest ``most`` sessions stay."""

    def find(self, session_id: bytes) -> BrowserSession | None:
        """None when it has ended."""

    def list(self, holder: str, *, limit: int = 100) -> builtins.list[BrowserSession]:
        """Where somebody is signed in, the newest first."""

    def note_use(self, session_id: bytes, time: int) -> None:
        """Used then; of a session that has ended nothing is kept."""

    def end(self, session_id: bytes) -> None:
        """Signed out. Nothing happens when it has ended before."""

    def end_all(self, holder: str) -> int:
        """Signed out everywhere; how many sessions that were."""

    def forget(self, *, before: int, limit: int = 1_000) -> int:
        """Drop up to ``limit`` sessions that nobody has used since; how many."""
