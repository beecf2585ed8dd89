"""The SQLite file: one writer, a reader per thread, migrations, and a lock against a second server."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from bindery.catalog.records import CatalogUnusable

_MIGRATION = re.compile(r"(\d{4})_\w+\.sql")


class Database:
    """``catalog.db`` in a folder, opened for this process alone.

    Raises CatalogUnusable when the file is damaged, newer than this program, or in use.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "catalog.db"
        self._lock_file = _lock_folder(folder)
        self._readers = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.RLock()
        try:
            self._writer = self._connect()
            self._migrate()
        except sqlite3.DatabaseError as error:
            self.close()
            raise CatalogUnusable(
                f"the record {self.path} is damaged ({error}); nothing was changed. Restore it from a backup, "
                "or move it away to start anew: the buckets are then scanned again"
            ) from error
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
            except BaseException:
                self._writer.rollback()
                raise
            self._writer.commit()

    @property
    def reader(self) -> sqlite3.Connection:
        """This thread's connection for reading; it sees all that is committed."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._connect()
            self._readers.connection = connection
        return connection

    def close(self) -> None:
        """Close every connection and release the folder. May be called twice."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        os.close(self._lock_file) if self._lock_file >= 0 else None
        self._lock_file = -1

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
            "PRAGMA cache_size = -65536; PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY;"
        )
        with self._guard:
            self._connections.append(connection)
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
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CatalogUnusable(
            f"the data folder {folder} is in use by another Bindery; stop that one, or choose another with --data"
        ) from error
    return descriptor
