"""Servers that share a record: heartbeats, leases with fencing numbers, and LISTEN/NOTIFY.

A server is alive while its heartbeat is younger than ``LEASE_SECONDS`` by PostgreSQL's clock. What a dead one holds is
free; should it come back, its transactions find another fencing number and change nothing. All that is told by NOTIFY
lies in the record, too, so that who has missed it finds it at his next look.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import structlog

from bindery.catalog.interface.nonces import SharedNonces
from bindery.catalog.interface.servers import Held, Lease, Survey
from bindery.catalog.record.postgresql.connection import RawConnection, translated
from bindery.catalog.record.postgresql.failures import said
from bindery.catalog.record.servers import server_name, working_under
from bindery.catalog.records import CatalogUnusable

LEASE_SECONDS = 6.0
"""How long a server without a heartbeat keeps what it holds."""
_BEAT_SECONDS = 1.5
_LISTEN_SECONDS = 0.2
_RETRY_SECONDS = 0.5
_LOCK_MILLISECONDS = 1_000
"""How long a lease is waited for that a transaction of its holder keeps locked."""
_STUCK_SECONDS = 2.0
"""A transaction of a dead server that has gone on for so long is ended, with what it has locked."""
_REMEMBERED_SECONDS = 600.0
"""How long removed entries are kept for the index of a server that is gone; a later one builds it anew."""
_TIDY_SECONDS = 60.0
_LIFE = int(LEASE_SECONDS * 1000)

_JOIN = "INSERT INTO server (name, connections, seen, until) VALUES (%s, %s, clock_ms(), clock_ms() + %s) RETURNING id"
_BEAT = (
    "UPDATE server SET seen = clock_ms(), until = clock_ms() + %s, taken_up = 0 WHERE id = %s "
    "RETURNING EXISTS (SELECT FROM server WHERE until BETWEEN 1 AND clock_ms())"
)
_END = "UPDATE server SET until = clock_ms() WHERE name = %s AND until > clock_ms()"
"""What was said of a server that is not gone holds until its next heartbeat."""
_LEAVE = "UPDATE server SET until = 0 WHERE id = %s"
_GIVE_ALL_BACK = "UPDATE lease SET server = NULL, fence = fence + 1 WHERE server = %s"
_TIDY = "DELETE FROM server WHERE seen < clock_ms() - %s AND taken_up = 1"
_END_STUCK = (
    "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a JOIN server AS s "
    "ON s.connections = a.application_name WHERE s.until <= clock_ms() AND a.datname = current_database() "
    "AND a.xact_start < clock_timestamp() - make_interval(secs => %s)"
)
_ALIVE = "SELECT id FROM server WHERE until > clock_ms() ORDER BY id"
_LEFT = "SELECT id FROM server WHERE until <= clock_ms() AND taken_up = 0 ORDER BY id"
_LEASES = (
    "SELECT l.name, s.id, l.fence, l.asked FROM lease AS l LEFT JOIN server AS s "
    "ON s.id = l.server AND s.until > clock_ms() WHERE starts_with(l.name, %s)"
)
_TAKE = (
    "INSERT INTO lease (name, server, fence) SELECT %(name)s, id, 1 FROM server "
    "WHERE id = %(server)s AND until > clock_ms() "
    "ON CONFLICT (name) DO UPDATE SET server = excluded.server, fence = lease.fence + 1 "
    "WHERE lease.server IS NULL OR lease.server = excluded.server "
    "OR NOT EXISTS (SELECT FROM server AS s WHERE s.id = lease.server AND s.until > clock_ms()) "
    "RETURNING fence, asked"
)
_KEPT = "SELECT 1 FROM lease WHERE name = %s AND fence = %s AND server IS NOT NULL"
_CHECK = (
    "SELECT set_config('bindery.lease', name || ' ' || fence, true) FROM lease "
    "WHERE name = %s AND fence = %s AND server IS NOT NULL FOR SHARE"
)
"""Triggers can see under which lease a transaction is."""
_REVOKE = "UPDATE lease SET server = NULL, fence = fence + 1 WHERE name = %s"
_GIVE_BACK = f"{_REVOKE} AND fence = %s"
_ASK = "UPDATE lease SET asked = asked + 1 WHERE name = %s"
_TAKEN_UP = "UPDATE server SET taken_up = 1 WHERE id = %s AND taken_up = 0 AND until <= clock_ms()"
_log = structlog.get_logger()

Lend = Callable[[], AbstractContextManager[RawConnection]]


class PostgresqlServers:
    """Implements ``interface.servers.Servers``, and keeps this server alive, in a thread with its own connection."""

    def __init__(
        self,
        connect: Callable[[], RawConnection],
        lend: Lend,
        nonces: SharedNonces,
        *,
        shared: bool,
        former: str = "",
    ) -> None:
        """``connect`` opens a record for use, ``lend`` lends a connection that commits by itself. ``former``: a server
        that is gone; what it held, if it could not say so, is free at once."""
        self.shared = shared
        self.nonces = nonces if shared else None
        self.former = former
        self.name = server_name()
        self.connections = f"bindery-{secrets.token_hex(8)}"
        """The application_name of all connections of this server."""
        self._connect, self._lend = connect, lend
        self._listeners: list[Callable[[str], None]] = []
        self._stop = threading.Event()
        self._tidied = 0.0
        self._raw = connect()
        try:
            self._channel = _channel_of(self._raw)
            self._raw.execute(_END, (former,))
            self.id = self._join()
            self._raw.execute(f"LISTEN {self._channel}".encode())
        except BaseException:
            self._raw.close()
            raise
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin with heartbeats."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Give everything back and leave. What cannot be said ends by itself."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        if not self._thread.is_alive():
            self._say_goodbye()
        self._raw.close()

    # leases

    def take(self, name: str) -> Lease | None:
        """Take a lease that is free, or anew one that is this server's; None while another one holds it."""
        values = {"name": name, "server": self.id}
        with translated():
            try:
                with self._lend() as raw, raw.transaction():
                    raw.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}".encode())
                    row = raw.execute(_TAKE, values).fetchone()
            except psycopg.errors.LockNotAvailable:
                return None
        return None if row is None else Lease(name, *row)

    def keep(self, name: str, lease: Lease | None) -> Lease | None:
        """The lease while it is still held, else as ``take``."""
        if lease is not None and self._all(_KEPT, (lease.name, lease.fence)):
            return lease
        return self.take(name)

    def check(self, raw: RawConnection, lease: Lease) -> bool:
        """Whether it is held; it stays so until the transaction ends."""
        return raw.execute(_CHECK, (lease.name, lease.fence)).fetchone() is not None

    def revoke(self, name: str) -> None:
        """Whoever holds it commits nothing more once this returns; it is free."""
        self._do(_REVOKE, (name,))
        self.tell(name)

    def give_back(self, lease: Lease) -> None:
        """Free what was held, unless another one has taken it."""
        self._do(_GIVE_BACK, (lease.name, lease.fence))
        self.tell(lease.name)

    def forget(self, name: str) -> None:
        """As ``revoke``, for what is gone."""
        self._do("DELETE FROM lease WHERE name = %s", (name,))
        self.tell(name)

    def ask(self, name: str) -> None:
        """Have the holder look anew; not forgotten when he dies before he does."""
        self._do(_ASK, (name,))
        self.tell(name)

    def working(self, lease: Lease | None) -> AbstractContextManager[None]:
        """Transactions of this thread are refused with LeaseLost from now on when the lease is not held any more."""
        return working_under(lease)

    def survey(self, prefix: str) -> Survey:
        """Servers, and the leases whose names begin so."""
        return Survey(
            servers=tuple(row[0] for row in self._all(_ALIVE)),
            leases={
                name: Held(server, fence, asked)
                for name, server, fence, asked in self._all(_LEASES, (prefix,))
            },
            left=tuple(row[0] for row in self._all(_LEFT)),
        )

    def note_taken_up(self, server: int) -> bool:
        """The explicit indexing that a server has left is gone on with; False when another one does that."""
        return self._do(_TAKEN_UP, (server,)) > 0

    # telling

    def tell(self, topic: str) -> None:
        """Wake the others, which may fail to hear it. What is told lies in the record."""
        with contextlib.suppress(CatalogUnusable, psycopg.Error), self._lend() as raw:
            raw.execute("SELECT pg_notify(%s, %s)", (self._channel, topic))

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call this, from another thread and for a moment only, with each topic that servers tell of; an empty one:
        some may have been missed."""
        self._listeners.append(listener)

    def _dispatch(self, topic: str) -> None:
        for listener in self._listeners:
            listener(topic)

    # statements

    def _do(self, statement: str, values: tuple[Any, ...] = ()) -> int:
        with translated(), self._lend() as raw:
            return raw.execute(statement.encode(), values).rowcount

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with translated(), self._lend() as raw:
            return raw.execute(statement.encode(), values).fetchall()

    # the thread

    def _run(self) -> None:
        troubled = False
        while not self._stop.is_set():
            try:
                if self._raw.closed:
                    self._rejoin()
                self._attend()
                troubled = False
            except (psycopg.Error, CatalogUnusable) as error:
                if not troubled and not self._stop.is_set():
                    _log.warning(
                        "the heartbeat does not reach PostgreSQL; others may take over what this server holds",
                        problem=said(error),
                    )
                troubled = True
                self._raw.close()
                self._stop.wait(_RETRY_SECONDS)

    def _attend(self) -> None:
        """One heartbeat, and what is told until the next."""
        self._beat()
        until = time.monotonic() + _BEAT_SECONDS
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            for told in self._raw.notifies(timeout=min(left, _LISTEN_SECONDS)):
                self._dispatch(told.payload)

    def _beat(self) -> None:
        row = self._raw.execute(_BEAT, (_LIFE, self.id)).fetchone()
        if row is None:  # it was away for so long that it was forgotten
            self.id = self._join()
        elif row[0]:
            self._raw.execute(_END_STUCK, (_STUCK_SECONDS,))
        if time.monotonic() >= self._tidied:
            self._tidied = time.monotonic() + _TIDY_SECONDS
            self._raw.execute(_TIDY, (int(_REMEMBERED_SECONDS * 1000),))

    def _join(self) -> int:
        row = self._raw.execute(_JOIN, (self.name, self.connections, _LIFE)).fetchone()
        assert row is not None
        return int(row[0])

    def _rejoin(self) -> None:
        self._raw = self._connect()
        self._raw.execute(f"LISTEN {self._channel}".encode())
        self._beat()
        _log.info("the heartbeat reaches PostgreSQL again")
        self._dispatch("")

    def _say_goodbye(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._raw.execute(_LEAVE, (self.id,))
            self._raw.execute(_GIVE_ALL_BACK, (self.id,))
            self._raw.execute("SELECT pg_notify(%s, '')", (self._channel,))


def _channel_of(raw: RawConnection) -> str:
    """Of this record alone, however many a database has."""
    row = raw.execute("SELECT identity FROM follower").fetchone()
    assert row is not None
    return "bindery_" + "".join(filter(str.isalnum, str(row[0])))[:32].lower()
