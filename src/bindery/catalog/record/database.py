"""The SQLite file: one writer, a reader per thread, migrations, and a lock against a second server."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from bindery.catalog.record.connection import connect, unusable
from bindery.catalog.records import CatalogUnusable

_WRITER_CACHE_KIB = 32_768
_READER_CACHE_KIB = 8_192
_MIGRATION = re.compile(r"(\d{4})_\w+\.sql")


class Database:
    """``catalog.db`` in a folder, opened for this process alone.

    Raises CatalogUnusable when the file is damaged, newer than this program, or in use. The whole file is not
    checked at the start, for that takes seconds a gigabyte: a damaged page is reported when it is read.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "catalog.db"
        self._lock_file = _lock_folder(folder)
        self._local = threading.local()
        self._connections: set[sqlite3.Connection] = set()
        self._guard = threading.RLock()
        try:
            self._writer = self._connect(_WRITER_CACHE_KIB, read_only=False)
            self._migrate()
        except sqlite3.DatabaseError as error:
            self.close()
            raise unusable(error) from error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The writer, alone, in a transaction that is committed at the end or undone by an exception."""
        with self._guard:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @property
    def reader(self) -> sqlite3.Connection:
        """This thread's connection for reading; it sees all that is committed and ends with the thread."""
        held: _Reader | None = getattr(self._local, "reader", None)
        if held is None:
            held = _Reader(self._connect(_READER_CACHE_KIB, read_only=True))
            self._local.reader = held
            weakref.finalize(held, _discard, self._connections, held.connection).atexit = False
        return held.connection

    def close(self) -> None:
        """Close every connection and release the folder. May be called twice."""
        with self._guard:
            while self._connections:
                self._connections.pop().close()
            if self._lock_file >= 0:
                os.close(self._lock_file)
            self._lock_file = -1

    def _connect(self, cache_kib: int, *, read_only: bool) -> sqlite3.Connection:
        with self._guard:
            if self._lock_file < 0:
                raise CatalogUnusable("the catalog is closed; the server is stopping")
            connection = connect(self.path, cache_kib=cache_kib, read_only=read_only)
            self._connections.add(connection)
            return connection

    def _migrate(self) -> None:
        version = int(self._writer.execute("PRAGMA user_version").fetchone()[0])
        migrations = load_migrations()
        newest = max(migrations)
        if version > newest:
            raise CatalogUnusable(
                f"the record {self.path} was written by a newer Bindery (schema {version}, this one knows {newest}); "
                "start that one"
            )
        for number in range(version + 1, newest + 1):
            with self.transaction() as connection:
                for statement in split_script(migrations[number]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number:d}")


class _Reader:
    """Lives as long as the thread whose local it is."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection


def _discard(connections: set[sqlite3.Connection], connection: sqlite3.Connection) -> None:
    connections.discard(connection)
    connection.close()


def load_migrations() -> dict[int, str]:
    """Scripts by their number, without gaps."""
    scripts = {}
    for entry in (files("bindery.catalog.record") / "migrations").iterdir():
        match = _MIGRATION.fullmatch(entry.name)
        if match:
            scripts[int(match[1])] = entry.read_text("utf-8")
    assert sorted(scripts) == list(range(1, len(scripts) + 1)), "migrations are numbered without gaps"
    return scripts


def split_script(script: str) -> Iterator[str]:
    """The single statements of a script, so that they can run in one transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _lock_folder(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CatalogUnusable(
            f"the data folder {folder} cannot be written ({error.strerror}); give this user the right, or choose "
            "another with --data"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CatalogUnusable(
            f"the data folder {folder} is in use by another Bindery; stop that one, or choose another with --data"
        ) from error
    return descriptor
