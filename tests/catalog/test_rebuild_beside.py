"""An index that is made anew beside the one that answers: nobody waits for it, and nothing is lost by it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from msgspec.structs import replace
from tests.own_threads import replace_here

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import dataset_index
from bindery.catalog.index.changes import Change
from bindery.catalog.index.dataset_index import DatasetIndex
from bindery.catalog.records import CatalogUnusable, IndexUnavailable, NotFound
from bindery.stopping import Interrupted

from .conftest import OpenCatalog
from .samples import Place, make_place, scan_of, uris, write_of

KEYS = [f"k{number:03d}" for number in range(120)]
_SECONDS = 60


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def catalog(open_catalog: OpenCatalog) -> Catalog:
    return open_catalog()


@pytest.fixture
def place(catalog: Catalog) -> Place:
    """A dataset of three batches, with texts."""
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *KEYS, title="first"))
    texts = [replace(write_of(f"t{number}"), text=f"page {number} of the book") for number in range(20)]
    catalog.files.write(place.dataset.id, texts)
    assert catalog.queries.search(place.dataset.id, None).total_hits == len(KEYS) + 20
    return place


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_index, "BATCH", 50)


def files_of(data: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in (data / "index").glob("*-*")}


@contextmanager
def half_built(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch, stop: threading.Event | None = None
) -> Iterator[list[BaseException]]:
    """Within, one batch of the new index is written; behind, the rebuild has ended, with what it raised."""
    writing, going_on, write = threading.Event(), threading.Event(), DatasetIndex._write
    raised: list[BaseException] = []

    def wait(self: DatasetIndex, changes: Sequence[Change], sequence: int) -> None:
        write(self, changes, sequence)
        if threading.current_thread() is thread:
            writing.set()
            going_on.wait(_SECONDS)

    def rebuild() -> None:
        try:
            catalog.queries.rebuild_dataset(place.dataset.id, stop=stop)
        except Exception as error:
            raised.append(error)

    replace_here(monkeypatch, DatasetIndex, "_write", wait)
    thread = threading.Thread(target=rebuild)
    thread.start()
    try:
        assert writing.wait(_SECONDS)
        yield raised
    finally:
        going_on.set()
        thread.join(_SECONDS)
        assert not thread.is_alive()


def titles(catalog: Catalog, place: Place, title: str) -> list[str]:
    return uris(catalog, place.dataset, {"Field": "Title", "Operation": "eq", "Value": title})


def pages(catalog: Catalog, place: Place) -> int | None:
    return catalog.queries.fuzzy_search(place.dataset.id, "the book").total_hits


def test_queries_are_answered_meanwhile_and_see_what_is_written_meanwhile(
    catalog: Catalog, place: Place, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = files_of(data)
    with half_built(catalog, place, monkeypatch) as raised:
        assert catalog.queries.ready
        assert len(files_of(data)) == 2
        assert len(titles(catalog, place, "first")) == len(KEYS)
        assert pages(catalog, place) == 20
        # One that the new index has by now, one that it has not, and one that nobody had.
        catalog.bindings.commit(scan_of(place, KEYS[0], KEYS[-1], "late", title="second"))
        assert len(titles(catalog, place, "second")) == 3
        with pytest.raises(IndexUnavailable, match="already"):
            catalog.queries.rebuild_dataset(place.dataset.id)
    assert not raised
    (after,) = files_of(data)
    assert after != before
    assert len(titles(catalog, place, "first")) == len(KEYS) - 2
    assert len(titles(catalog, place, "second")) == 3
    assert pages(catalog, place) == 20
    assert catalog.queries.texts_waiting(place.dataset.id) == 0


def test_what_is_removed_meanwhile_does_not_come_back(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch, open_catalog: OpenCatalog
) -> None:
    gone = [f"oss://bucket/{key}" for key in (KEYS[0], KEYS[-1])]
    with half_built(catalog, place, monkeypatch) as raised:
        catalog.files.delete(place.dataset.id, gone)
        assert (
            len(titles(catalog, place, "first")) == len(KEYS) - 2
        )  # the old index has applied the removal
        for _ in range(3):
            catalog.queries._of(place.dataset.id).follow()  # type: ignore[attr-defined]
    assert not raised
    # The index itself counts; documents of what is gone are nowhere to be had.
    assert catalog.queries.search(place.dataset.id, None).total_hits == len(KEYS) - 2 + 20
    catalog.close()
    again = open_catalog()
    assert again.queries.search(place.dataset.id, None).total_hits == len(KEYS) - 2 + 20


def stopped(catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
    stop = threading.Event()
    with half_built(catalog, place, monkeypatch, stop) as raised:
        stop.set()
    (error,) = raised
    assert isinstance(error, Exception)
    return type(error)


def refused(catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
    thread, write = threading.current_thread(), DatasetIndex._write

    def fail(self: DatasetIndex, changes: Sequence[Change], sequence: int) -> None:
        if threading.current_thread() is thread and self._applied:
            raise duckdb.IOException("No space left on device")
        write(self, changes, sequence)

    replace_here(monkeypatch, DatasetIndex, "_write", fail)
    with pytest.raises(CatalogUnusable, match="goes on answering") as raised:
        catalog.queries.rebuild_dataset(place.dataset.id)
    return raised.type


@pytest.mark.parametrize(("end", "error"), [(stopped, Interrupted), (refused, CatalogUnusable)])
def test_one_that_is_not_built_to_an_end_leaves_the_present_one(
    catalog: Catalog,
    place: Place,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[..., Any],
    error: type[Exception],
) -> None:
    before = files_of(data)
    assert end(catalog, place, monkeypatch) is error
    assert files_of(data) == before
    assert len(titles(catalog, place, "first")) == len(KEYS)
    monkeypatch.undo()
    catalog.queries.rebuild_dataset(place.dataset.id)  # nothing of the first try is in its way
    assert len(titles(catalog, place, "first")) == len(KEYS)


def test_a_dataset_that_is_deleted_meanwhile_leaves_no_files(
    catalog: Catalog, place: Place, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with half_built(catalog, place, monkeypatch) as raised:
        catalog.bindings.delete(place.binding.id)
        names = (place.dataset.project_name, place.dataset.name)
        catalog.files.delete(place.dataset.id, uris(catalog, place.dataset))
        catalog.datasets.delete(*names)
    (error,) = raised
    assert isinstance(error, NotFound)
    assert files_of(data) == set()


def test_progress_and_a_dataset_that_is_not_there(catalog: Catalog, place: Place) -> None:
    seen: list[tuple[int, int]] = []
    catalog.queries.rebuild_dataset(place.dataset.id, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {len(KEYS) + 20}
    assert seen[-1] == (len(KEYS) + 20, len(KEYS) + 20)
    with pytest.raises(NotFound):
        catalog.queries.rebuild_dataset(10_000)


@pytest.mark.parametrize("renamed", [0, 1])
def test_what_a_server_left_half_done_is_removed_at_the_next_start(
    catalog: Catalog, place: Place, data: Path, open_catalog: OpenCatalog, renamed: int
) -> None:
    """Ended while it built, and ended between the two files that take the place of the old ones."""
    catalog.close()
    (before,) = files_of(data)
    names = (
        ["1-9.texts", "building-1-1.duckdb"] if renamed else ["building-1-1.texts", "building-1-1.duckdb"]
    )
    for name in names:
        (data / "index" / name).write_bytes(b"half")
    again = open_catalog()
    assert len(titles(again, place, "first")) == len(KEYS)
    assert {name for name in files_of(data) if name.startswith("building")} == set()
    again.queries.rebuild_dataset(place.dataset.id)
    (after,) = files_of(data)
    assert after != before
    assert len(titles(again, place, "first")) == len(KEYS)


def test_a_server_that_ends_meanwhile_ends_the_rebuild(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch, open_catalog: OpenCatalog
) -> None:
    closing = threading.Thread(target=catalog.close)
    with half_built(catalog, place, monkeypatch) as raised:
        closing.start()
    closing.join(_SECONDS)
    (error,) = raised
    assert isinstance(error, CatalogUnusable)
    assert len(titles(open_catalog(), place, "first")) == len(KEYS)
