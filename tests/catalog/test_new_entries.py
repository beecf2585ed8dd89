"""Rows of an index are looked for only where the record says that there may be some."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.own_threads import replace_here
from tests.servers.postgresql import Postgresql

from bindery.catalog.index.batches import BatchWriter
from bindery.catalog.index.changes import Change
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import Place, make_place, scan_of, uris

NEW = [f"new{number}" for number in range(10)]
Opened = SqliteCatalog | PostgresqlCatalog


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    opened: Opened
    if request.param == "sqlite":
        opened = SqliteCatalog(tmp_path, account_id="1")
    else:
        server: Postgresql = request.getfixturevalue("postgresql")
        opened = PostgresqlCatalog(server.create_schema(tmp_path.name.lower()), tmp_path, account_id="1")
    yield opened
    opened.close()


@pytest.fixture
def place(catalog: Opened) -> Place:
    """With an index that was built, and goes on following."""
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, "old"))
    assert uris(catalog, place.dataset) == ["oss://bucket/old"]
    return place


@pytest.fixture
def sought(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of entries whose rows are looked for from now on."""
    found: list[str] = []
    delete = BatchWriter._delete

    def noted(self: BatchWriter, writer: Any, files: Any, changes: Sequence[Change]) -> list[int]:
        found.extend(change.uri.removeprefix("oss://bucket/") for change in changes)
        return delete(self, writer, files, changes)

    replace_here(monkeypatch, BatchWriter, "_delete", noted)
    return found


def keys(catalog: Opened, place: Place, **condition: str) -> list[str]:
    """As a query finds them, each as often as it does."""
    query = {"Operation": "eq", **condition} if condition else None
    return [uri.removeprefix("oss://bucket/") for uri in uris(catalog, place.dataset, query)]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_new_entries_are_not_looked_for(catalog: Opened, place: Place, sought: list[str]) -> None:
    catalog.bindings.commit(scan_of(place, *NEW))
    assert keys(catalog, place) == [*NEW, "old"]
    assert sought == []


def test_entries_that_change_are(catalog: Opened, place: Place, sought: list[str]) -> None:
    catalog.bindings.commit(scan_of(place, *NEW, title="first"))
    assert keys(catalog, place) == [*NEW, "old"]
    catalog.bindings.commit(scan_of(place, "new1", "new2", "newer", title="second"))
    assert keys(catalog, place, Field="Title", Value="second") == ["new1", "new2", "newer"]
    assert keys(catalog, place) == [*NEW, "newer", "old"]
    assert sorted(sought) == ["new1", "new2"]


def test_entries_that_change_before_the_index_has_them_come_once(
    catalog: Opened, place: Place, sought: list[str]
) -> None:
    for number in range(5):
        catalog.bindings.commit(scan_of(place, *NEW, title=f"{number}"))
    assert keys(catalog, place) == [*NEW, "old"]
    assert keys(catalog, place, Field="Title", Value="4") == NEW


def test_entries_that_go_and_come_back(catalog: Opened, place: Place, sought: list[str]) -> None:
    """While the index may have a row it is looked for; once the removal is applied everywhere, no more."""
    catalog.bindings.commit(scan_of(place, *NEW, title="first"))
    assert keys(catalog, place) == [*NEW, "old"]
    gone = [f"oss://bucket/{key}" for key in NEW[:3]]
    catalog.files.delete(place.dataset.id, gone)
    catalog.bindings.commit(scan_of(place, *NEW[:3], title="second"))
    assert keys(catalog, place) == [*NEW, "old"]
    assert {*NEW[:3]} <= {*sought}
    catalog.files.delete(place.dataset.id, gone)
    assert keys(catalog, place) == [*NEW[3:], "old"]
    newest = catalog._entries.newest_numbers()[place.dataset.id]
    wait_until(lambda: catalog._entries.purged_sequence(place.dataset.id) >= newest)
    sought.clear()
    catalog.bindings.commit(scan_of(place, *NEW[:3], title="third"))
    assert keys(catalog, place, Field="Title", Value="third") == NEW[:3]
    assert keys(catalog, place) == [*NEW, "old"]
    assert sought == []


def test_a_batch_that_is_tried_again_leaves_no_row_twice(
    catalog: Opened, place: Place, sought: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though its rows were there already when it was said to have failed."""
    commit, failed = BatchWriter._commit, False

    def commit_and_fail(self: BatchWriter, writer: Any, files: Any, sequence: int) -> None:
        nonlocal failed
        commit(self, writer, files, sequence)
        if not failed:
            failed = True
            raise duckdb.ConversionException("said too late")

    replace_here(monkeypatch, BatchWriter, "_commit", commit_and_fail)
    catalog.bindings.commit(scan_of(place, *NEW))
    assert keys(catalog, place) == [*NEW, "old"]
    assert failed
    assert sorted(sought) == NEW
