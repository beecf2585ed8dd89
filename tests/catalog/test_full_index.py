"""A full disk costs no index: what was built stays, and goes on when there is room."""

from __future__ import annotations

import sqlite3
from typing import Any

import duckdb
import pytest
from tests.own_threads import replace_here

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import dataset_index
from bindery.catalog.index.batches import BatchWriter
from bindery.catalog.index.dataset_index import DatasetIndex
from bindery.catalog.index.failures import is_full
from bindery.catalog.index.projection import Insertion
from bindery.catalog.records import IndexUnavailable

from .samples import Place, make_place, scan_of, uris

FULL = [
    sqlite3.OperationalError("database or disk is full"),
    sqlite3.OperationalError("attempt to write a readonly database"),
    duckdb.IOException('IO Error: Could not write file "1-1.duckdb": No space left on device'),
    OSError(28, "No space left on device"),
]


@pytest.mark.parametrize("error", FULL, ids=str)
def test_what_was_built_stays(catalog: Catalog, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *(f"k{n}" for n in range(20))))
    assert len(uris(catalog, place.dataset)) == 20

    def refuse(*_: object) -> None:
        raise error

    def never(_: DatasetIndex) -> None:
        raise AssertionError("the index would be built anew")

    with monkeypatch.context() as full:
        replace_here(full, DatasetIndex, "_write", refuse)
        replace_here(full, DatasetIndex, "_begin_anew", never)
        catalog.bindings.commit(scan_of(place, "new"))
        for _ in range(5):
            with pytest.raises(IndexUnavailable, match="has room"):
                catalog.queries.search(place.dataset.id, None)
    assert len(wait_for_all(catalog, place)) == 21


def wait_for_all(catalog: Catalog, place: Place) -> list[str]:
    """The next try comes by itself, within a second."""
    while True:
        try:
            return uris(catalog, place.dataset)
        except IndexUnavailable:
            continue


def test_other_failures_are_none_of_the_disk() -> None:
    assert not is_full(duckdb.FatalException("FATAL Error: database has been invalidated"))
    assert not is_full(sqlite3.DatabaseError("database disk image is malformed"))


def test_no_entry_is_to_blame_when_memory_is_short(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *(f"k{n}" for n in range(4)), title="first"))
    assert len(uris(catalog, place.dataset)) == 4
    monkeypatch.setattr(dataset_index, "_MEMORY_ATTEMPTS", 3)
    insert, left = BatchWriter._insert, 5
    poisoned = 0

    def refuse(self: BatchWriter, writer: Any, files: Any, rows: Insertion | None) -> None:
        nonlocal left, poisoned
        values = str(rows and rows.parameters)
        if left and "second" in values:
            left -= 1
            raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")
        if "poison" in values:
            poisoned += 1
            raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")
        insert(self, writer, files, rows)

    def never(_: DatasetIndex) -> None:
        raise AssertionError("the index would be built anew")

    replace_here(monkeypatch, BatchWriter, "_insert", refuse)
    replace_here(monkeypatch, DatasetIndex, "_begin_anew", never)
    catalog.bindings.commit(scan_of(place, *(f"k{n}" for n in range(4)), title="second"))
    assert len(wait_for_all(catalog, place)) == 4
    second = {"Field": "Title", "Operation": "eq", "Value": "second"}
    assert len(uris(catalog, place.dataset, second)) == 4
    catalog.bindings.commit(scan_of(place, "k1", title="poison"))
    assert len(wait_for_all(catalog, place)) == 4
    assert poisoned == 3
    assert len(uris(catalog, place.dataset, second)) == 3
