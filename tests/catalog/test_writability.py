"""A disk that takes nothing: writes are refused at once, reads go on, and writing begins again by itself."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.own_threads import replace_here

from bindery.catalog.record import writability as writability_module
from bindery.catalog.record.sqlite.connection import unusable
from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.record.writability import Writability
from bindery.catalog.records import CatalogUnusable, CatalogUnwritable


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteDatabase:
    monkeypatch.setattr(writability_module, "_PROBE_SECONDS", 0.02)
    monkeypatch.setattr(writability_module, "_LOOK_SECONDS", 0.0)
    return SqliteDatabase(tmp_path)


def write(database: SqliteDatabase) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO project (name, body) VALUES ('p' || random(), x'7b7d')")


def test_a_disk_that_is_all_but_full(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is left to those that read: a query brings the index up to date."""
    back = threading.Event()
    database.writability.when_back(back.set)
    write(database)
    free = SimpleNamespace(f_bavail=1_000, f_frsize=4_096, f_blocks=10_000_000)
    with monkeypatch.context() as full:
        replace_here(full, writability_module.os, "statvfs", lambda _: free)
        with pytest.raises(
            CatalogUnwritable, match=r"is full \(4,096,000 bytes are free, 134,217,728 .*make room"
        ):
            write(database)
        assert database.reader.execute("SELECT count(*) FROM project").fetchone() == (1,)
        assert "make room" in database.writability.problem
        free.f_bavail = 33_000  # some room, but work would end at once again
        assert not back.wait(0.2)
    assert back.wait(60)
    assert not database.writability.problem
    write(database)
    database.close()


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN]
)
def test_every_refusal_of_the_disk(
    database: SqliteDatabase, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also extended codes, as SQLITE_IOERR_WRITE is one."""
    back = threading.Event()
    database.writability.when_back(back.set)
    monkeypatch.setattr(writability_module, "_PROBE_SECONDS", 0.05)
    may_heal, try_to_write = threading.Event(), Writability._try_to_write

    def heal(writability: Writability) -> None:
        assert may_heal.wait(60)
        try_to_write(writability)

    replace_here(monkeypatch, Writability, "_try_to_write", heal)
    error = sqlite3.OperationalError("refused")
    error.sqlite_errorcode = code | 3 << 8
    with pytest.raises(CatalogUnwritable), database.transaction():
        raise unusable(error)
    with pytest.raises(CatalogUnwritable, match="refused"):  # at once, without a try
        write(database)
    may_heal.set()
    assert back.wait(60)
    write(database)
    database.close()


def test_other_failures_stop_nothing(database: SqliteDatabase) -> None:
    with pytest.raises(CatalogUnusable), database.transaction():
        raise CatalogUnusable("something else")
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute("INSERT INTO project (name, body) VALUES (NULL, NULL)")
    write(database)
    database.close()


def test_a_probe_leaves_nothing_behind(database: SqliteDatabase, tmp_path: Path) -> None:
    back = threading.Event()
    database.writability.when_back(back.set)
    database.writability.report("for a test")
    assert back.wait(60)
    assert not list(tmp_path.glob("*probe*"))
    database.close()
