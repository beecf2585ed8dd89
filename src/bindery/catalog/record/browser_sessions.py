"""People who are signed in with a browser."""

from __future__ import annotations

import builtins

import msgspec

from bindery.catalog.access_records import BrowserSession
from bindery.catalog.record.database import Database
from bindery.catalog.record.statements import load_statements

_SQL = load_statements("browser_sessions")


class BrowserSessions:
    """Rows of ``browser_session``. Implements ``interface.browser_sessions.BrowserSessions``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, session: BrowserSession, *, most: int) -> None:
        """Of its holder the newest ``most`` sessions stay."""
        with self._database.transaction(alone=False) as connection:
            connection.execute(_SQL.insert_session, msgspec.structs.asdict(session))
            connection.execute(_SQL.keep_newest, {"holder": session.holder, "most": most})

    def find(self, session_id: bytes) -> BrowserSession | None:
        """None when it has ended."""
        row = self._database.reader.execute(_SQL.select_session, {"id": session_id}).fetchone()
        return None if row is None else BrowserSession(*row)

    def list(self, holder: str, *, limit: int = 100) -> builtins.list[BrowserSession]:
        """The newest first."""
        values = {"holder": holder, "limit": limit}
        rows = self._database.reader.execute(_SQL.list_sessions, values).fetchall()
        return [BrowserSession(*row) for row in rows]

    def note_use(self, session_id: bytes, time: int) -> None:
        """Used then."""
        with self._database.transaction(alone=False) as connection:
            connection.execute(_SQL.note_use, {"id": session_id, "time": time})

    def end(self, session_id: bytes) -> None:
        """Signed out."""
        with self._database.transaction(alone=False) as connection:
            connection.execute(_SQL.end_session, {"id": session_id})

    def end_all(self, holder: str) -> int:
        """Signed out everywhere."""
        with self._database.transaction(alone=False) as connection:
            return connection.execute(_SQL.end_sessions_of, {"holder": holder}).rowcount

    def forget(self, *, before: int, limit: int = 1_000) -> int:
        """Up to ``limit`` of those that nobody has used since."""
        with self._database.transaction(alone=False) as connection:
            return connection.execute(_SQL.forget_unused, {"before": before, "limit": limit}).rowcount
