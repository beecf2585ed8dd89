"""SQL beside writers: every answer is of one moment, behind all that was committed; and ends with its catalog."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.catalog.samples import make_place, write_of

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import instance
from bindery.catalog.index.reading import IndexReader
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.records import CatalogUnusable
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.stopping import Interrupted

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 3"
PER_ROUND = 50


def test_answers_are_whole_while_much_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are worked in every few rounds, so that copies meet that too."""
    monkeypatch.setattr(instance, "_CHECKPOINT_THRESHOLD", "64KB")
    catalog = SqliteCatalog(tmp_path / "data", account_id="1000")
    place = make_place(catalog)
    written, ended = [0], threading.Event()

    def write() -> None:
        while not ended.is_set():
            number = written[0] + 1
            writes = [
                write_of(f"{key:03d}", size=number, title=f"{number} " * 50) for key in range(PER_ROUND)
            ]
            catalog.files.write(place.dataset.id, writes)
            written[0] = number
            time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            before = written[0]
            found = catalog.queries.select(
                place.dataset.id,
                'SELECT count(*), min("Size"), max("Size"), count(DISTINCT "Title") FROM files',
                seconds=60,
            )
            count, least, most, titles = json.loads(found.rows[0])
            if before:
                assert (count, titles, least) == (PER_ROUND, 1, most)
                assert most >= before
    finally:
        ended.set()
        writer.join()
        catalog.close()


@pytest.fixture
def catalog(tmp_path: Path) -> Any:
    made = SqliteCatalog(tmp_path / "data", account_id="1000")
    yield made
    made.close()


def ask_without_end(catalog: Catalog, **more: Any) -> tuple[threading.Thread, list[BaseException]]:
    place, told = make_place(catalog), []
    catalog.files.write(place.dataset.id, [write_of("a")])

    def ask() -> None:
        try:
            catalog.queries.select(place.dataset.id, ENDLESS, seconds=60, **more)
        except (CatalogUnusable, Interrupted) as error:
            told.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, told


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_ends_with_its_catalog_and_with_its_caller(catalog: SqliteCatalog, tmp_path: Path) -> None:
    scratch = tmp_path / "data" / "index" / "sql"
    stop = threading.Event()
    thread, told = ask_without_end(catalog, stop=stop)
    wait_until(lambda: any(scratch.rglob("copy.duckdb")))
    stop.set()
    thread.join(60)
    assert [type(error) for error in told] == [Interrupted]
    assert not list(scratch.iterdir())
    other = SqliteCatalog(tmp_path / "other", account_id="1000")
    thread, told = ask_without_end(other)
    wait_until(lambda: any((tmp_path / "other" / "index" / "sql").rglob("copy.duckdb")))
    assert other.close(60)
    thread.join(60)
    assert [type(error) for error in told] == [CatalogUnusable]


def test_what_a_killed_server_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "data" / "index" / "sql" / "tmpx"
    left.mkdir(parents=True)
    (left / "copy.duckdb").write_bytes(b"x")
    SqliteCatalog(tmp_path / "data", account_id="1000").close()
    assert not left.exists()


def test_an_answer_that_is_left_unread_is_not_finished_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB may go on making the rows of an endless statement before it closes."""
    asked: list[str] = []

    class Watched:
        def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(self._connection, name)

    reader = IndexReader(None)
    monkeypatch.setattr(reader, "_connection", Watched(reader._connection))
    endless = "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT * FROM t"
    assert next(reader.select(endless, Bounds(600)).rows) == (1,)
    reader.close()
    assert asked[-2:] == ["interrupt", "close"]
