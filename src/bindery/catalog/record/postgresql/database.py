"""The record in PostgreSQL 15 or newer: a pool of connections, one writer at a time, migrations."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from bindery.catalog.record.database import CLOSE_SECONDS
from bindery.catalog.record.folder_lock import lock_folder
from bindery.catalog.record.migrations import load_migrations
from bindery.catalog.record.postgresql.connection import Connection, RawConnection, adapt, translated
from bindery.catalog.record.postgresql.failures import CLOSED, failure_of
from bindery.catalog.record.statements import Statement
from bindery.catalog.record.writability import Writability
from bindery.catalog.records import CatalogInUse, CatalogUnusable, CatalogUnwritable

_OLDEST = 150_000
_MOST_CONNECTIONS = 16
_CONNECT_SECONDS = 5.0
_TURN_SECONDS = 10.0
"""How long a write waits for those before it."""
_RECONNECT_SECONDS = 5.0
"""How long a read goes on when its connection was lost."""
_TAKEOVER_SECONDS = 5.0
_POLL_SECONDS = 0.05
_WRITING, _HOLDING = 4_711_001, 4_711_003
"""Advisory locks of a schema: of who writes to the record, and whose the record is."""
_LOCK_OF_TRANSACTION = "SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))"
_LOCK_OF_SESSION = "SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))"
_log = structlog.get_logger()
_Answer = TypeVar("_Answer")


class PostgresqlDatabase:
    """The tables of one schema. ``folder``: the data folder of this server, which belongs to it alone.

    ``url`` is a connection URI of libpq. Raises CatalogUnusable when it cannot be used, CatalogInUse.
    """

    is_shared = True

    def __init__(self, url: str, folder: Path) -> None:
        self._lock_file = lock_folder(folder)
        self._closing = False
        self._guard = threading.Lock()
        self._used: set[RawConnection] = set()
        self.writability = Writability(folder, self._probe)
        self._holding: RawConnection | None = None
        try:
            self._holding = connected(url)
            _check_version(self._holding)
            self._number = _take_over(self._holding)
            self._pool = ConnectionPool(
                url,
                kwargs={"autocommit": True, "connect_timeout": int(_CONNECT_SECONDS)},
                min_size=1,
                max_size=_MOST_CONNECTIONS,
                timeout=_CONNECT_SECONDS,
                configure=_configure,
                name="record",
                open=True,
            )
        except BaseException:
            self._unlock()
            raise

    @property
    def reader(self) -> _Reader:
        """For reading in this thread."""
        return _Reader(self)

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Connection]:
        """Alone in the record, whoever else shares it. What is committed survives a power failure, ``durable`` or not.

        Raises CatalogUnusable, CatalogUnwritable.
        """
        self.writability.check()
        try:
            with self._begun() as raw:
                yield Connection(raw)
        except CatalogUnwritable as error:
            self.writability.report(str(error))
            raise

    @contextmanager
    def _begun(self) -> Iterator[RawConnection]:
        with contextlib.ExitStack() as stack:
            raw = self._persistently(lambda: self._begin(stack))
            with translated():
                yield raw
                stack.close()  # the commit, whose errors are translated

    def _begin(self, stack: contextlib.ExitStack) -> RawConnection:
        with contextlib.ExitStack() as begun:
            raw = begun.enter_context(self.lent())
            begun.enter_context(raw.transaction())
            raw.execute(_LOCK_OF_TRANSACTION, (_WRITING,))
            self._check_holder(raw)
            stack.push(begun.pop_all())
        return raw

    def _check_holder(self, raw: RawConnection) -> None:
        """Raises CatalogUnusable when another server has taken the record over: this one was thought dead."""
        row = raw.execute("SELECT number FROM holder").fetchone()
        if row is None or row[0] != self._number:
            raise CatalogUnusable(
                "another Bindery has taken over the record in PostgreSQL, for this one was cut off from it; nothing "
                "was changed. Stop this server, or start it again when the other one has stopped"
            )

    def read(self, ask: Callable[[RawConnection], _Answer]) -> _Answer:
        """Ask with a connection of the pool; again with another one when it was lost."""

        def once() -> _Answer:
            with self.lent() as raw:
                return ask(raw)

        return self._persistently(once)

    def _persistently(self, work: Callable[[], _Answer]) -> _Answer:
        """What has no effect before it is done, tried again when the connection was lost."""
        deadline = time.monotonic() + _RECONNECT_SECONDS
        while True:
            try:
                return work()
            except psycopg.errors.QueryCanceled as error:
                raise CatalogUnusable(CLOSED) from error
            except psycopg.OperationalError as error:
                failure = failure_of(error)
                assert failure is not None
                lost = isinstance(failure, CatalogUnwritable) and not isinstance(error, PoolTimeout)
                if self._closing or not lost or time.monotonic() >= deadline:
                    raise failure from error
                time.sleep(_POLL_SECONDS)

    @contextmanager
    def lent(self) -> Iterator[RawConnection]:
        """A connection of the pool. Raises CatalogUnusable when the record is closed, psycopg.Error."""
        try:
            raw = self._pool.getconn()
        except PoolClosed as error:
            raise CatalogUnusable(CLOSED) from error
        try:
            with self._guard:
                if self._closing:
                    raise CatalogUnusable(CLOSED)
                self._used.add(raw)
            yield raw
        finally:
            with self._guard:
                self._used.discard(raw)
            self._pool.putconn(raw)

    def _probe(self) -> None:
        with self._begun() as raw:
            raw.execute("UPDATE schema_version SET version = version")

    def give_back(self, pages: int) -> bool:
        """PostgreSQL does it by itself (autovacuum)."""
        return False

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Cancel what runs and close every connection; whether all of that was done. May be called twice."""
        deadline = time.monotonic() + seconds
        self.writability.close()
        with self._guard:
            self._closing = True
        while used := self._in_use():
            if time.monotonic() >= deadline:
                return False
            for raw in used:
                with contextlib.suppress(psycopg.Error):
                    raw.cancel_safe(timeout=max(0.1, deadline - time.monotonic()))
            time.sleep(_POLL_SECONDS)
        self._pool.close(timeout=max(0.1, deadline - time.monotonic()))
        self._unlock()
        return True

    def _in_use(self) -> list[RawConnection]:
        with self._guard:
            return list(self._used)

    def _unlock(self) -> None:
        if self._holding is not None:
            self._holding.close()
        if self._lock_file >= 0:
            os.close(self._lock_file)
        self._lock_file = -1


class _Reader:
    """Each statement takes a connection of the pool for itself."""

    def __init__(self, database: PostgresqlDatabase) -> None:
        self._database = database

    def execute(self, statement: Statement, parameters: Any = ()) -> _Fetched:
        """Run a statement, and take all it finds."""

        def ask(raw: RawConnection) -> _Fetched:
            cursor = raw.execute(statement.postgresql, parameters)
            return _Fetched(cursor.fetchall())

        return self._database.read(ask)

    def executemany(self, statement: Statement, rows: object) -> None:
        """Nothing is written by readers."""
        raise AssertionError("readers do not write")

    @contextmanager
    def stream(self, statement: Statement, parameters: Any) -> Iterator[Iterator[Any]]:
        """Rows one by one."""
        with self._database.lent() as raw, Connection(raw).stream(statement, parameters) as rows:
            yield rows


class _Fetched:
    """The rows of a statement, all of them."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rowcount = len(rows)
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """All further rows."""
        return list(self._rows)


def _configure(raw: RawConnection) -> None:
    adapt(raw)
    raw.execute(f"SET lock_timeout = {int(_TURN_SECONDS * 1000)}")
    raw.execute("SET idle_in_transaction_session_timeout = 0")


@contextmanager
def held_alone(url: str) -> Iterator[RawConnection]:
    """A connection to a record that no server uses meanwhile, in a transaction that is committed at the end.

    Raises CatalogUnusable, CatalogInUse.
    """
    with contextlib.closing(connected(url)) as raw:
        _check_version(raw)
        _take_over(raw)
        _configure(raw)
        with raw.transaction():
            raw.execute(_LOCK_OF_TRANSACTION, (_WRITING,))
            yield raw


def connected(url: str) -> RawConnection:
    """A connection of its own. Raises CatalogUnusable, with what to do."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=int(_CONNECT_SECONDS))
    except psycopg.Error as error:
        raise CatalogUnusable(
            f"PostgreSQL cannot be reached ({' '.join(str(error).split())}); see that it runs, that the database is "
            "there and that the user may use it, and mend catalog.url"
        ) from error


def _check_version(raw: RawConnection) -> None:
    if raw.info.server_version < _OLDEST:
        raise CatalogUnusable(
            f"PostgreSQL {raw.info.server_version // 10_000} is too old for the record; use 15 or newer"
        )


def _take_over(raw: RawConnection) -> int:
    """Bring the tables up to date; the number under which this server writes, as long as no later one does.

    Nothing is changed before the record is this server's alone. Raises CatalogInUse, CatalogUnusable.

    The lock ends with the connection, so that the record of a server that was killed is free at once; the number keeps
    one from writing that comes back after its connection was thought dead.
    """
    with translated():
        if not _becomes_free(raw):
            raise CatalogInUse(
                "the record in PostgreSQL is in use by another Bindery; stop that one, or give this one another "
                "database or schema in catalog.url"
            )
        _migrate(raw)
        taken = raw.execute("UPDATE holder SET number = number + 1 RETURNING number").fetchone()
    assert taken is not None
    return int(taken[0])


def _becomes_free(raw: RawConnection) -> bool:
    """PostgreSQL may need a moment to see that a server has died: a statement of its last transaction ends first."""
    deadline = time.monotonic() + _TAKEOVER_SECONDS
    while True:
        row = raw.execute(_LOCK_OF_SESSION, (_HOLDING,)).fetchone()
        if row is not None and row[0]:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _migrate(raw: RawConnection) -> None:
    """All steps in one transaction, of whose the record is. Raises CatalogUnusable."""
    migrations = load_migrations("postgresql")
    newest = max(migrations)
    with translated(), raw.transaction():
        raw.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        row = raw.execute("SELECT version FROM schema_version").fetchone()
        version = 0 if row is None else int(row[0])
        if version > newest:
            raise CatalogUnusable(
                f"the record was written by a newer Bindery (schema {version}, this one knows {newest}); start that one"
            )
        for number in sorted(set(migrations) - set(range(version + 1))):
            _log.info("the tables of the record are brought up to date", schema=number)
            raw.execute(migrations[number].encode())
        raw.execute("DELETE FROM schema_version")
        raw.execute("INSERT INTO schema_version VALUES (%s)", (newest,))
