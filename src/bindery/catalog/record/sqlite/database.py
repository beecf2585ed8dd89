"""The SQLite file: one writer, a reader per thread, migrations, and a lock against a second server."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from bindery.catalog.record.database import CLOSE_SECONDS
from bindery.catalog.record.folder_lock import lock_folder
from bindery.catalog.record.migrations import load_migrations
from bindery.catalog.record.servers import OnlyServer
from bindery.catalog.record.sqlite.connection import CLOSED, Connection, connect, unusable
from bindery.catalog.record.sqlite.progress import telling
from bindery.catalog.record.turns import Turns
from bindery.catalog.record.writability import Writability
from bindery.catalog.records import CatalogUnusable, CatalogUnwritable

_WRITER_CACHE_KIB = 32_768
_READER_CACHE_KIB = 8_192
_TURN_SECONDS = 10.0
"""How long a write waits for those before it."""
_UNDISTURBED_SECONDS = 0.5
"""How long the end waits for the transaction under way before it interrupts it."""
_POLL_SECONDS = 0.01
_INCREMENTAL = 2
_FREE_PAGES = 1_000
_FREE_SHARE = 0.1
"""So much of the file may stay free, for what is written next."""
_log = structlog.get_logger()
_UPGRADING = "the record is still being brought up to date"


class SqliteDatabase:
    """``catalog.db`` in a folder, opened for this process alone.

    Raises CatalogUnusable when the file is damaged, emptied, newer than this program, or in use. The whole file is not
    checked at the start, for that takes seconds a gigabyte: a damaged page is reported when it is read.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "catalog.db"
        self._lock_file = lock_folder(folder)
        self._local = threading.local()
        self._readers: set[Connection] = set()
        self._turns = Turns()
        self._closing = False
        self._guard = threading.Lock()
        """Held while connections are made and while the record closes; never for long."""
        self.servers = OnlyServer()
        self.writability = Writability(folder, self._probe)
        try:
            _check_not_emptied(self.path)
            self._writer = connect(self.path, cache_kib=_WRITER_CACHE_KIB, read_only=False)
        except BaseException:
            self._unlock()
            raise
        try:
            self._migrate()
        except sqlite3.DatabaseError as error:
            self.close()
            raise unusable(error) from error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self, *, durable: bool = False, alone: bool = True) -> Iterator[Connection]:
        """The writer, always alone, in a transaction that is committed at the end or undone by an exception.

        Whoever waited longest writes next. ``durable``: what is committed survives a power failure, too. Raises
        CatalogUnusable when others write for too long.
        """
        if not self._turns.take(_TURN_SECONDS):
            raise CatalogUnusable(
                f"the record catalog.db was written by others for {_TURN_SECONDS:.0f} s; nothing was changed, "
                "try again"
            )
        try:
            self.writability.check()
            with self._synchronous(durable), self._transaction() as connection:
                yield connection
        except CatalogUnwritable as error:
            self.writability.report(str(error))
            raise
        finally:
            self._turns.end()

    @contextmanager
    def _synchronous(self, durable: bool) -> Iterator[None]:
        """Whether the log is on the disk when a commit returns; it cannot be chosen within a transaction."""
        if not durable:
            yield
            return
        self._writer.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self._writer.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """For whoever has the turn."""
        if self._closing:
            raise CatalogUnusable(CLOSED)
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
            self._writer.execute("COMMIT")
        except BaseException:
            self._writer.undo()
            raise

    def _probe(self) -> None:
        """Write what is there already. Raises CatalogUnusable, sqlite3.Error."""
        if not self._turns.take(_TURN_SECONDS):
            raise CatalogUnusable("the record is being written")
        try:
            with self._transaction() as connection:
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
                connection.execute(f"PRAGMA user_version = {version:d}")
        finally:
            self._turns.end()

    def give_back(self, pages: int) -> bool:
        """Give some free pages of the file back to the disk, when it has many; whether there may be more.

        Catalogs of earlier releases keep theirs until they are vacuumed; see docs/operations.md.
        """
        free, all_pages, mode = (
            int(self.reader.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("freelist_count", "page_count", "auto_vacuum")
        )
        if mode != _INCREMENTAL or free < _FREE_PAGES or free < _FREE_SHARE * all_pages:
            return False
        with self.transaction() as connection:
            for _ in range(pages):  # the module takes one step of the statement, and each frees a page
                connection.execute("PRAGMA incremental_vacuum(1)")
        return True

    @property
    def reader(self) -> Connection:
        """This thread's connection for reading; it sees all that is committed and ends with the thread."""
        held: _Reader | None = getattr(self._local, "reader", None)
        if held is None:
            held = _Reader(self._connect_reader())
            self._local.reader = held
            weakref.finalize(held, _discard, self._readers, held.connection).atexit = False
        return held.connection

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Interrupt what runs, close every connection and release the folder; whether all of that was done.

        A connection that is still in use after so many seconds is left to its thread, for closing it under it
        would end the process; the folder stays locked while that may still write. May be called twice.
        """
        deadline = time.monotonic() + seconds
        self.writability.close()
        with self._guard:
            self._closing = True
        if self._lock_file < 0:
            return True
        all_read = self._end_readers(deadline)
        if not self._take_last_turn(deadline):
            return False
        try:
            with self._guard:
                self._writer.end()  # the last one to close works the log into the file
                self._unlock()
        finally:
            self._turns.end()
        return all_read

    def _end_readers(self, deadline: float) -> bool:
        left = set(self._readers)
        while left := {reader for reader in left if not reader.end()}:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        self._readers.clear()
        return True

    def _take_last_turn(self, deadline: float) -> bool:
        """The writer, once the transaction under way has ended or was interrupted."""
        if self._turns.take(max(0.0, min(_UNDISTURBED_SECONDS, deadline - time.monotonic()))):
            return True
        self._writer.refusing = True
        while time.monotonic() < deadline:
            self._writer.interrupt()
            if self._turns.take(_POLL_SECONDS):
                return True
        return False

    def _connect_reader(self) -> Connection:
        with self._guard:
            if self._closing:
                raise CatalogUnusable(CLOSED)
            connection = connect(self.path, cache_kib=_READER_CACHE_KIB, read_only=True)
            self._readers.add(connection)
            return connection

    def _unlock(self) -> None:
        if self._lock_file >= 0:
            os.close(self._lock_file)
        self._lock_file = -1

    def _migrate(self) -> None:
        version = int(self._writer.execute("PRAGMA user_version").fetchone()[0])
        migrations = load_migrations("sqlite")
        newest = max(migrations)
        if version > newest:
            raise CatalogUnusable(
                f"the record {self.path} was written by a newer Bindery (schema {version}, this one knows {newest}); "
                "start that one"
            )
        if 0 < version < newest:
            _log.info(
                "the record is brought up to date; with many objects this takes minutes", schema=newest
            )
        # a table that others refer to is made anew, by the steps of https://www.sqlite.org/lang_altertable.html
        self._writer.execute("PRAGMA foreign_keys = OFF")
        for number in range(version + 1, newest + 1):
            with self.transaction() as connection, telling(connection, _UPGRADING, step=number, of=newest):
                for statement in split_script(migrations[number]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number:d}")
        self._writer.execute("PRAGMA foreign_keys = ON")


class _Reader:
    """Lives as long as the thread whose local it is."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


def _discard(readers: set[Connection], connection: Connection) -> None:
    """Runs in the thread that ends, at any instruction of it: it must not wait for a lock."""
    readers.discard(connection)
    connection.close()


def split_script(script: str) -> Iterator[str]:
    """The single statements of a script, so that they can run in one transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _check_not_emptied(record: Path) -> None:
    """An empty file is a first start that was cut off, unless an index beside it tells that there was more.

    Raises CatalogUnusable. A file that is not there was removed by somebody, to start anew.
    """
    with suppress(OSError):
        if record.stat().st_size or not any((record.parent / "index").glob("*.duckdb")):
            return
        raise CatalogUnusable(
            f"the record {record} is empty, but the index beside it is not: what it held is lost; restore a backup "
            "of it, or remove the empty file to start anew, with every bucket scanned again"
        )
