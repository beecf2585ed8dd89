"""The record in PostgreSQL 15 or newer: a pool of connections, transactions that turns and leases guard, migrations."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from bindery.catalog.record.database import CLOSE_SECONDS
from bindery.catalog.record.folder_lock import former_server, lock_folder, note_server
from bindery.catalog.record.migrations import load_migrations
from bindery.catalog.record.postgresql.connecting import (
    CONNECT_SECONDS,
    Attempts,
    check_fitness,
    connected,
    set_up,
    settings_of,
)
from bindery.catalog.record.postgresql.connection import Connection, RawConnection, adapt, translated
from bindery.catalog.record.postgresql.failures import CANCELLED, CLOSED, failure_of, said
from bindery.catalog.record.postgresql.nonces import PostgresqlNonces, check_rights
from bindery.catalog.record.postgresql.servers import PostgresqlServers
from bindery.catalog.record.servers import present_lease
from bindery.catalog.record.statements import Statement
from bindery.catalog.record.writability import Writability
from bindery.catalog.records import CatalogInUse, CatalogUnusable, CatalogUnwritable, LeaseLost

_MOST_CONNECTIONS = 16
_TURN_SECONDS = 10.0
"""How long a write waits for those before it."""
_RECONNECT_SECONDS = 5.0
"""How long a read goes on when its connection was lost, and how long the pool tries to replace one, with pauses that
grow with the time it has tried; whoever needs one afterwards begins anew."""
_TAKEOVER_SECONDS = 5.0
_POLL_SECONDS = 0.05
_WRITING, _HOLDING = 4_711_001, 4_711_003
"""Advisory locks of a schema: of who writes to the record, and of who uses it."""
_WRITE_ALONE = "SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))"
_WRITE_BESIDE = "SELECT pg_advisory_xact_lock_shared(%s, hashtext(current_schema()))"
_USE_ALONE = "SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))"
_USE_TOGETHER = "SELECT pg_try_advisory_lock_shared(%s, hashtext(current_schema()))"
_LET_OTHERS_USE = "SELECT pg_advisory_unlock(%s, hashtext(current_schema()))"
_log = structlog.get_logger()
_Answer = TypeVar("_Answer")


class PostgresqlDatabase:
    """The tables of one schema, which servers share. ``folder``: the data folder of this one, which is its alone.

    ``url`` is a connection URI of libpq; ``alone``: no server may use the record meanwhile. Raises CatalogUnusable when
    it cannot be used, CatalogInUse.
    """

    def __init__(self, url: str, folder: Path, *, alone: bool = False) -> None:
        self._lock_file = lock_folder(folder)
        self._url, self._alone = url, alone
        self._closing = False
        self._guard = threading.Lock()
        self._used: set[RawConnection] = set()
        self._number = 0
        self._identity = ""
        self._attempts = Attempts()
        self.writability = Writability(folder, self._probe)
        self._servers: PostgresqlServers | None = None
        try:
            self._servers = servers = PostgresqlServers(
                self._open_for_use,
                self.lent,
                PostgresqlNonces(self.read),
                shared=not alone,
                former=former_server(folder),
            )
            if not alone:
                note_server(folder, servers.name)
            self._pool = ConnectionPool(
                url,
                connection_class=self._attempts.connecting(),
                kwargs={"autocommit": True, **settings_of(url), "application_name": servers.connections},
                min_size=1,
                max_size=_MOST_CONNECTIONS,
                timeout=CONNECT_SECONDS,
                reconnect_timeout=_RECONNECT_SECONDS,
                configure=_configure,
                name="record",
                open=True,
            )
            servers.start()
        except BaseException:
            self._unlock(0.0)
            raise

    def _open_for_use(self) -> RawConnection:
        """A connection that holds the record for as long as it lasts. Raises CatalogUnusable, CatalogInUse."""
        raw = connected(self._url)
        try:
            check_fitness(raw)
            self._number = _take_over(raw) if self._alone else _join(raw)
            row = raw.execute("SELECT identity FROM follower").fetchone()
            assert row is not None
            if self._identity not in ("", row[0]):
                raise CatalogUnusable(
                    "the record was moved or exchanged while this server was cut off from it; stop this server"
                )
            self._identity = row[0]
        except BaseException:
            raw.close()
            raise
        return raw

    @property
    def servers(self) -> PostgresqlServers:
        """Those that use the record."""
        assert self._servers is not None
        return self._servers

    @property
    def reader(self) -> _Reader:
        """For reading in this thread."""
        return _Reader(self)

    @contextmanager
    def transaction(self, *, durable: bool = False, alone: bool = True) -> Iterator[Connection]:
        """See ``database.Database``. What is committed survives a power failure, ``durable`` or not.

        Raises CatalogUnusable, CatalogUnwritable, LeaseLost.
        """
        self.writability.check()
        try:
            with self._begun(alone=alone) as raw:
                yield Connection(raw)
        except CatalogUnwritable as error:
            self.writability.report(str(error))
            raise

    @contextmanager
    def _begun(self, *, alone: bool) -> Iterator[RawConnection]:
        with contextlib.ExitStack() as stack:
            raw = self._persistently(lambda: self._begin(stack, alone=alone))
            with translated():
                yield raw
                stack.close()  # the commit, whose errors are translated

    def _begin(self, stack: contextlib.ExitStack, *, alone: bool) -> RawConnection:
        with contextlib.ExitStack() as begun:
            raw = begun.enter_context(self.lent())
            begun.enter_context(raw.transaction())
            self._check_lease(raw)
            raw.execute(_WRITE_ALONE if alone else _WRITE_BESIDE, (_WRITING,))
            self._check_holder(raw)
            stack.push(begun.pop_all())
        return raw

    def _check_lease(self, raw: RawConnection) -> None:
        """Raises LeaseLost. Who takes the lease waits for the end of the transaction, or is seen here."""
        lease = present_lease()
        if lease is not None and not self.servers.check(raw, lease):
            raise LeaseLost(f"another server has taken over {lease.name}; nothing was changed")

    def _check_holder(self, raw: RawConnection) -> None:
        """Raises CatalogUnusable when somebody has had the record for himself since this server opened it."""
        row = raw.execute("SELECT number FROM holder").fetchone()
        if row is None or row[0] != self._number:
            raise CatalogUnusable(
                "a command has taken over the record in PostgreSQL, for this server was cut off from it; nothing was "
                "changed. It goes on when that has ended"
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
                raise CatalogUnusable(CLOSED if self._closing else CANCELLED) from error
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
        except PoolTimeout as error:
            busy = f"all {_MOST_CONNECTIONS} connections of this server are in use"
            raise PoolTimeout(self._attempts.problem or busy) from error
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
        with self._begun(alone=True) as raw:
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
        self._unlock(max(0.1, deadline - time.monotonic()))
        return True

    def _in_use(self) -> list[RawConnection]:
        with self._guard:
            return list(self._used)

    def _unlock(self, seconds: float) -> None:
        if self._servers is not None:
            self._servers.close(seconds)
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
    set_up(raw)
    adapt(raw)
    raw.execute(f"SET lock_timeout = {int(_TURN_SECONDS * 1000)}")


@contextmanager
def held_alone(url: str) -> Iterator[RawConnection]:
    """A connection to a record that no server uses meanwhile, in a transaction that is committed at the end.

    Raises CatalogUnusable, CatalogInUse.
    """
    with contextlib.closing(connected(url)) as raw:
        check_fitness(raw)
        _take_over(raw)
        _configure(raw)
        with raw.transaction():
            raw.execute(_WRITE_ALONE, (_WRITING,))
            yield raw


def _join(raw: RawConnection) -> int:
    """Use the record beside other servers, as long as nobody has had it for himself; the number of who had it last.

    The tables are brought up to date by whoever comes first. Raises CatalogInUse, CatalogUnusable.
    """
    with translated():
        if raw.execute(_USE_ALONE, (_HOLDING,)).fetchone() == (True,):
            _migrate(raw)
            raw.execute(_USE_TOGETHER, (_HOLDING,))
            raw.execute(_LET_OTHERS_USE, (_HOLDING,))
        elif not _becomes_free(raw, _USE_TOGETHER):
            raise CatalogInUse(
                "a command of Bindery, or a server of an earlier release, has the record in PostgreSQL for itself; "
                "start this server when that has ended"
            )
        _check_schema(raw)
        check_rights(raw)
        row = raw.execute("SELECT number FROM holder").fetchone()
    assert row is not None
    return int(row[0])


def _take_over(raw: RawConnection) -> int:
    """Bring the tables up to date and have the record for oneself, as long as no later one does; the number of that.

    Nothing is changed before. Raises CatalogInUse, CatalogUnusable.

    The lock ends with the connection, so that the record of servers that were killed is free at once; the number keeps
    one from writing that comes back after its connection was thought dead.
    """
    with translated():
        if not _becomes_free(raw, _USE_ALONE):
            raise CatalogInUse(
                "the record in PostgreSQL is in use by another Bindery; stop all servers that use it, or give this one "
                "another database or schema in catalog.url"
            )
        _migrate(raw)
        taken = raw.execute("UPDATE holder SET number = number + 1 RETURNING number").fetchone()
    assert taken is not None
    return int(taken[0])


def _becomes_free(raw: RawConnection, lock: LiteralString) -> bool:
    """PostgreSQL may need a moment to see that a server has died: a statement of its last transaction ends first."""
    deadline = time.monotonic() + _TAKEOVER_SECONDS
    while True:
        row = raw.execute(lock, (_HOLDING,)).fetchone()
        if row is not None and row[0]:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _check_schema(raw: RawConnection) -> None:
    """Raises CatalogInUse when servers of another release use the record."""
    newest = max(load_migrations("postgresql"))
    row = raw.execute("SELECT version FROM schema_version").fetchone()
    if row is None or row[0] != newest:
        found = None if row is None else row[0]
        raise CatalogInUse(
            f"servers of another release use the record in PostgreSQL (schema {found}, this one has {newest}); stop "
            "all of them before the first of a new release is started"
        )


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
            _run_migration(raw, migrations[number])
        raw.execute("DELETE FROM schema_version")
        raw.execute("INSERT INTO schema_version VALUES (%s)", (newest,))


def _run_migration(raw: RawConnection, script: str) -> None:
    try:
        raw.execute(script.encode())
    except psycopg.Error as error:
        raise failure_of(error) or CatalogUnusable(
            f"the tables of the record cannot be made in PostgreSQL ({said(error)}); nothing was changed. Give the "
            "record a schema of its own in a PostgreSQL that is built with ICU"
        ) from error
