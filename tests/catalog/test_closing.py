"""The catalog closes in the middle of anything: nobody hangs, nothing crashes, the folder is free.

``BINDERY_CLOSINGS=100`` closes as often, ``BINDERY_SEED`` repeats what failed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bindery.catalog.record.sqlite import database as database_module
from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.record.turns import Turns
from bindery.catalog.records import CatalogUnusable

CLOSINGS = int(os.environ.get("BINDERY_CLOSINGS", "4"))
SEED = int(os.environ.get("BINDERY_SEED") or random.randrange(1_000_000))

ENDLESS = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def test_closed_in_the_middle_of_everything() -> None:
    command = [sys.executable, "-m", "tests.catalog.closing_process", str(SEED), str(CLOSINGS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60 + 30 * CLOSINGS)
    assert done.returncode == 0, (SEED, done.returncode, done.stderr)
    assert done.stdout == f"closed {CLOSINGS} times\n"
    assert not done.stderr


_LEFT_OPEN = """
import sys, time
from pathlib import Path
from bindery.catalog.sqlite_catalog import SqliteCatalog
from tests.catalog.samples import make_place, scan_of
catalog = SqliteCatalog(Path(sys.argv[1]), account_id="1")
place = make_place(catalog)
for page in range(6):
    catalog.bindings.commit(scan_of(place, *(f"k{page}{n:05d}" for n in range(1000)), title="t" * 200))
time.sleep(float(sys.argv[2]))
raise SystemExit(3)
"""


def test_a_process_that_ends_without_closing_it_is_not_aborted(tmp_path: Path) -> None:
    """The index is being brought up to date when the interpreter goes."""
    for turn in range(CLOSINGS):
        command = [sys.executable, "-c", _LEFT_OPEN, str(tmp_path / str(turn)), str(0.1 + turn % 5 / 20)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode, done.stderr) == (3, ""), SEED


def test_a_read_without_end_is_interrupted(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    said: list[str] = []

    def read() -> None:
        try:
            database.reader.execute(ENDLESS).fetchone()
        except CatalogUnusable as error:
            said.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    while not database._readers:
        pass
    assert database.close(60)
    thread.join(60)
    assert said == ["the catalog is closed; the server is stopping"]


def test_a_transaction_without_end_is_undone(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    begun, said = threading.Event(), []

    def write() -> None:
        try:
            with database.transaction() as connection:
                connection.execute("INSERT INTO project (name, body) VALUES ('half', x'7b7d')")
                begun.set()
                connection.execute(ENDLESS).fetchone()
        except CatalogUnusable as error:
            said.append(str(error))

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(60)
    assert database.close(60)
    thread.join(60)
    assert said == ["the catalog is closed; the server is stopping"]
    again = SqliteDatabase(tmp_path)
    assert again.reader.execute("SELECT count(*) FROM project").fetchone() == (0,)
    again.close()


def test_what_can_not_be_interrupted_is_left_to_its_thread(tmp_path: Path) -> None:
    """The folder stays locked as long as a transaction may still write."""
    database = SqliteDatabase(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with pytest.raises(CatalogUnusable), database.transaction() as connection:
            begun.set()
            go_on.wait()
            connection.execute("SELECT 1")

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(60)
    assert not database.close(0.1)
    with pytest.raises(CatalogUnusable, match="in use"):
        SqliteDatabase(tmp_path)
    go_on.set()
    thread.join(60)
    assert database.close(60)
    SqliteDatabase(tmp_path).close()


def test_whoever_waited_longest_writes_next() -> None:
    turns, order = Turns(), []
    assert turns.take(0)
    threads = []
    for number in range(5):
        waiting = len(turns._waiting)
        thread = threading.Thread(
            target=lambda number=number: (turns.take(60), order.append(number), turns.end())
        )
        thread.start()
        threads.append(thread)
        while len(turns._waiting) == waiting:
            pass
    turns.end()
    for thread in threads:
        thread.join(60)
    assert order == [0, 1, 2, 3, 4]
    assert turns.take(0)


def test_a_writer_that_waits_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_TURN_SECONDS", 0.05)
    database = SqliteDatabase(tmp_path)
    said: list[str] = []

    def write() -> None:
        try:
            with database.transaction():
                pass
        except CatalogUnusable as error:
            said.append(str(error))

    with database.transaction():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(60)
    assert "nothing was changed, try again" in said[0]
    with database.transaction():
        pass
    database.close()
