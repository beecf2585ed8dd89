"""An index that is built from nothing is loaded by row groups; it is the same as one that has followed."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.own_threads import replace_here

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import loading
from bindery.catalog.index.batches import BatchWriter, Prepared
from bindery.catalog.index.changes import Change
from bindery.catalog.index.dataset_files import View
from bindery.catalog.index.dataset_index import DatasetIndex
from bindery.catalog.index.loading import PreparedAhead
from bindery.catalog.index.projecting import rows_job
from bindery.catalog.index.projection import COLUMNS, Insertion, Projection
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.records import CatalogUnusable
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import Place, make_place, scan_of, uris, write_of

_TEXTS = st.sampled_from(
    ["", "Canon", "28/10", "1/0", "Öl", "佳能 相机", "a\x1eb", "a\x1db", "nul\0", '"', "%s", "x" * 300]
)
_FILES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "title": _TEXTS,
            "size": st.integers(0, 2**63 - 1),
            "image_width": st.integers(0, 9),
            "lat_long": st.sampled_from(["1,2", "91,0", "x"]),
            "exif": st.dictionaries(
                st.sampled_from(["Make", "FNumber", "Flash", "LensModel", "50%s"]), _TEXTS, max_size=4
            ).map(lambda tags: json.dumps({name: {"value": value} for name, value in tags.items()})),
            "tags": st.dictionaries(
                st.sampled_from(["Keywords", "Rating", "dc:relation"]), st.lists(_TEXTS, max_size=2)
            ),
            "oss_tagging": st.dictionaries(st.sampled_from(["a", "b"]), _TEXTS),
            "text": st.sampled_from(["a book", "an other book"]),
        },
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads of six files, three at a time."""
    monkeypatch.setattr(loading, "_MUCH", 1)
    monkeypatch.setattr(loading, "_BATCH", 3)
    monkeypatch.setattr(loading, "ROW_GROUP", 6)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many changes each load brought."""
    seen: list[int] = []
    load = DatasetIndex._load

    def watched(self: DatasetIndex) -> int:
        seen.append(load(self))
        return seen[-1]

    replace_here(monkeypatch, DatasetIndex, "_load", watched)
    return seen


def held(catalog: Catalog, place: Place) -> list[tuple[Any, ...]]:
    """All columns of the index; of a text only whether there is one, for it has another number in each building, as
    batches have."""
    assert isinstance(catalog, SqliteCatalog)
    columns = ", ".join(f'"{name}"' for name in sorted(COLUMNS) if name not in ("Text", "Batch"))
    sql = f'SELECT "URI", "Text" IS NOT NULL, {columns} FROM {{}} ORDER BY "URI"'

    def read(view: View) -> list[tuple[Any, ...]]:
        return view.cursor.execute(view.completed(sql.format(view.table))).fetchall()

    return catalog.queries._of(place.dataset.id).ask(read, [], Bounds(60))


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[tuple[Catalog, Place]]:
    catalog = SqliteCatalog(tmp_path / "data", account_id="10001")
    yield catalog, make_place(catalog)
    catalog.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_FILES, is_elsewhere=st.booleans())
def test_what_is_loaded_is_what_was_followed(
    shared: tuple[Catalog, Place], loads: list[int], files: list[dict[str, Any]], is_elsewhere: bool
) -> None:
    catalog, place = shared
    asked: list[str] = []

    def elsewhere(function: str, body: bytes) -> bytes | None:
        asked.append(function)
        return rows_job(body) if is_elsewhere else None

    catalog.queries.work_elsewhere(elsewhere)
    catalog.files.delete(place.dataset.id, uris(catalog, place.dataset))
    for number, fields in enumerate(files):  # one by one, so that they come to the index one by one
        shown = {name: value for name, value in fields.items() if name != "text"}
        write = replace(write_of(f"k{number}", **shown), text=fields.get("text"))
        catalog.files.write(place.dataset.id, [write])
        assert len(held(catalog, place)) == number + 1
    followed, names = held(catalog, place), catalog.queries.tag_names(place.dataset.id)
    loads.clear()
    assert isinstance(catalog, SqliteCatalog)
    catalog.queries.rebuild_dataset(place.dataset.id)
    assert sum(loads) >= len(files)  # and entries that are removed, and not forgotten yet
    assert set(asked) == {"bindery.catalog.index.projecting:rows_job"}
    assert held(catalog, place) == followed
    assert set(catalog.queries.tag_names(place.dataset.id)) <= set(names)


def test_columns_that_come_late_and_removed_entries(
    catalog: Catalog, place: Place, loads: list[int]
) -> None:
    pages: dict[str, dict[str, Any]] = {"a": {}, "b": {"performer": "x"}, "c": {}, "d": {"album": "y"}}
    for key, fields in pages.items():
        catalog.bindings.commit(scan_of(place, *[f"{key}{number}" for number in range(5)], **fields))
    catalog.files.delete(place.dataset.id, ["oss://bucket/a0", "oss://bucket/d4"])
    before = held(catalog, place)
    loads.clear()
    assert isinstance(catalog, SqliteCatalog)
    catalog.queries.rebuild_dataset(place.dataset.id)
    assert loads[:3] == [6, 6, 6]
    assert held(catalog, place) == before
    catalog.bindings.commit(scan_of(place, "a1", performer="z"))
    assert uris(catalog, place.dataset, {"Field": "Performer", "Operation": "eq", "Value": "z"}) == [
        "oss://bucket/a1"
    ]


def test_an_entry_that_is_refused_holds_up_no_other(
    catalog: Catalog, place: Place, loads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = BatchWriter._insert

    def refuse(self: BatchWriter, writer: Any, files: Any, rows: Insertion | None) -> None:
        if rows is not None and any("poison" in str(values) for values in rows.parameters):
            raise duckdb.ConversionException("injected")
        insert(self, writer, files, rows)

    keys = [f"k{number:02d}" for number in range(20)]
    catalog.bindings.commit(scan_of(place, *keys[:8], title="first"))
    catalog.bindings.commit(scan_of(place, keys[8], title="poison"))
    catalog.bindings.commit(scan_of(place, *keys[9:], title="first"))
    assert len(held(catalog, place)) == len(keys)
    loads.clear()
    replace_here(monkeypatch, BatchWriter, "_insert", refuse)
    assert isinstance(catalog, SqliteCatalog)
    catalog.queries.rebuild_dataset(place.dataset.id)
    assert 0 in loads
    assert sum(loads) >= 6
    assert uris(catalog, place.dataset) == [f"oss://bucket/{key}" for key in keys]
    titled = uris(catalog, place.dataset, {"Field": "Title", "Operation": "exist"})
    assert titled == [f"oss://bucket/{key}" for key in keys if key != keys[8]]


def test_what_changes_while_it_is_loaded_is_there_once(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.bindings.commit(scan_of(place, *[f"k{number:02d}" for number in range(20)], title="first"))
    assert len(held(catalog, place)) == 20
    prepare, left = BatchWriter.prepare_elsewhere, ["k03", "k04", "k19"]

    def change(self: BatchWriter, *values: Any) -> Prepared:
        prepared = prepare(self, *values)
        if left:
            catalog.bindings.commit(scan_of(place, left.pop(), title="second"))
        return prepared

    assert isinstance(catalog, SqliteCatalog)
    replace_here(monkeypatch, BatchWriter, "prepare_elsewhere", change)
    catalog.queries.rebuild_dataset(place.dataset.id)
    assert len(held(catalog, place)) == 20
    second = uris(catalog, place.dataset, {"Field": "Title", "Operation": "eq", "Value": "second"})
    assert second == ["oss://bucket/k03", "oss://bucket/k04", "oss://bucket/k19"]


def test_batches_that_nobody_wants_any_more_are_not_projected(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "ROW_GROUP", 30)
    catalog.bindings.commit(scan_of(place, *[f"k{number:02d}" for number in range(30)]))
    assert len(held(catalog, place)) == 30
    rows, until_over = Projection.rows, PreparedAhead._until_over
    calls, over = 0, threading.Event()

    def watched(self: Projection, *values: Any) -> Insertion | None:
        nonlocal calls
        calls += 1
        if calls == 2:
            assert over.wait(60)
        return rows(self, *values)

    @contextlib.contextmanager
    def ending(self: PreparedAhead) -> Iterator[None]:
        try:
            with until_over(self):
                yield
        finally:
            over.set()

    def end(self: BatchWriter, *values: Any) -> None:
        raise CatalogUnusable("injected")

    replace_here(monkeypatch, Projection, "rows", watched)
    replace_here(monkeypatch, PreparedAhead, "_until_over", ending)
    replace_here(monkeypatch, BatchWriter, "_insert", end)
    assert isinstance(catalog, SqliteCatalog)
    with pytest.raises(CatalogUnusable, match="injected"):
        catalog.queries.rebuild_dataset(place.dataset.id)
    assert calls <= 2


def test_few_batches_are_under_way_where_documents_are_large(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "ROW_GROUP", 30)
    catalog.bindings.commit(scan_of(place, *[f"k{number:02d}" for number in range(30)], title="x"))
    before = held(catalog, place)
    prepare, insert = PreparedAhead._prepare, BatchWriter._insert
    begun: list[int] = []
    most = 0

    def begin(self: PreparedAhead, changes: list[Change], texts: list[int | None]) -> Prepared:
        nonlocal most
        begun.append(changes[-1].sequence)
        most = max(most, len(begun))
        return prepare(self, changes, texts)

    def end(self: BatchWriter, writer: Any, files: Any, rows: Insertion | None) -> None:
        begun.pop(0)
        insert(self, writer, files, rows)

    monkeypatch.setattr(loading, "_AHEAD_BYTES", 1)
    replace_here(monkeypatch, PreparedAhead, "_prepare", begin)
    replace_here(monkeypatch, BatchWriter, "_insert", end)
    assert isinstance(catalog, SqliteCatalog)
    catalog.queries.rebuild_dataset(place.dataset.id)
    assert most == 1
    assert held(catalog, place) == before
