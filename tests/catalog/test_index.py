"""The index is derived: whatever happens to its file, the answers are those of the record."""

from __future__ import annotations

import os
import random
import resource
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from msgspec.structs import replace
from tests.own_process import in_own_process
from tests.own_threads import replace_here

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import dataset_index, texts
from bindery.catalog.index.batches import BatchWriter
from bindery.catalog.index.changes import Change, ChangePage
from bindery.catalog.index.dataset_index import DatasetIndex
from bindery.catalog.index.projection import COLUMNS, Insertion, Projection
from bindery.catalog.index.texts import TextsDamaged
from bindery.catalog.query.fields import FIELDS, Kind
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query, parse_sort
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.record.entries import Entries
from bindery.catalog.records import CatalogUnusable, IndexUnavailable, NotFound
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.file import Label
from bindery.stopping import Interrupted

from .conftest import OpenCatalog
from .samples import Place, hits, make_place, scan_of, stop_following, uris, write_of

KEYS = [f"k{number:04d}" for number in range(400)]
GONE, CHANGED, ADDED = KEYS[:10], KEYS[10:20], [f"new{number}" for number in range(10)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def filled(open_catalog: OpenCatalog) -> Place:
    """A closed catalog whose index has seen the first version of everything."""
    catalog = open_catalog()
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *KEYS, title="first"))
    assert catalog.queries.search(place.dataset.id, None).total_hits == len(KEYS)
    catalog.close()
    return place


def columns_of(data: Path, dataset_id: int = 1) -> Path:
    """The file of a dataset's columns."""
    (path,) = (data / "index").glob(f"{dataset_id}-*.duckdb")
    return path


def texts_of(data: Path, dataset_id: int = 1) -> Path:
    """The file of a dataset's texts."""
    return columns_of(data, dataset_id).with_suffix(".texts")


def change(catalog: Catalog, place: Place) -> None:
    catalog.files.delete(place.dataset.id, [f"oss://bucket/{key}" for key in GONE])
    catalog.bindings.commit(scan_of(place, *CHANGED, *ADDED, title="second"))


def check(catalog: Catalog, place: Place) -> None:
    """The answers after ``change``."""
    expected = sorted({*KEYS, *ADDED} - {*GONE})
    assert uris(catalog, place.dataset) == [f"oss://bucket/{key}" for key in expected]
    second = {"Field": "Title", "Operation": "eq", "Value": "second"}
    assert uris(catalog, place.dataset, second) == [
        f"oss://bucket/{key}" for key in sorted([*CHANGED, *ADDED])
    ]


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def remove(path: Path) -> None:
    path.unlink()


def truncate_to(share: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    return damage


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(100_000))


def overwrite_at(share: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(int(path.stat().st_size * share))
            file.write(random.Random(2).randbytes(4_096))

    return damage


def of_another_program(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE applied (sequence VARCHAR)")
        other.execute("CREATE TABLE files (x INTEGER)")


def of_another_schema(path: Path) -> None:
    with duckdb.connect(str(path)) as other:
        other.execute("UPDATE applied SET schema = 'older'")
        other.execute('ALTER TABLE files DROP COLUMN "Title"')


def of_the_future(path: Path) -> None:
    with duckdb.connect(str(path)) as other:
        other.execute("UPDATE applied SET sequence = 1000000")


DAMAGES = [
    remove, truncate_to(0), truncate_to(0.3), truncate_to(0.9), garbage, overwrite_at(0), overwrite_at(0.02),
    overwrite_at(0.3), overwrite_at(0.5), overwrite_at(0.7), overwrite_at(0.9), of_another_program,
    of_another_schema, of_the_future,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_index_is_built_anew(
    filled: Place, open_catalog: OpenCatalog, data: Path, damage: Callable[[Path], None]
) -> None:
    catalog = open_catalog()
    change(catalog, filled)
    catalog.queries.search(filled.dataset.id, None)
    catalog.close()
    damage(columns_of(data))
    catalog = open_catalog()
    check(catalog, filled)
    catalog.bindings.commit(scan_of(filled, "one-more"))
    assert "oss://bucket/one-more" in uris(catalog, filled.dataset)


def test_a_log_without_sense_is_ignored(filled: Place, open_catalog: OpenCatalog, data: Path) -> None:
    columns = columns_of(data)
    columns.with_name(f"{columns.name}.wal").write_bytes(random.Random(3).randbytes(50_000))
    catalog = open_catalog()
    change(catalog, filled)
    check(catalog, filled)


def test_an_older_copy_of_the_index_catches_up_or_is_built_anew(
    filled: Place, open_catalog: OpenCatalog, data: Path
) -> None:
    """Removals that the record has forgotten can not be followed: such a copy is thrown away."""
    columns = columns_of(data)
    shutil.copy(columns, data / "copy")
    catalog = open_catalog()
    change(catalog, filled)
    catalog.queries.search(filled.dataset.id, None)
    assert isinstance(catalog, SqliteCatalog)
    catalog._entries.purge_tombstones(
        filled.dataset.id, catalog._entries.newest_numbers()[filled.dataset.id]
    )
    catalog.close()
    shutil.copy(data / "copy", columns)
    check(open_catalog(), filled)


def test_an_index_of_another_record_is_not_used(
    open_catalog: OpenCatalog, filled: Place, data: Path
) -> None:
    for path in data.glob("catalog.db*"):
        path.unlink()
    catalog = open_catalog()
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *(f"other{number}" for number in range(900))))
    assert catalog.queries.search(place.dataset.id, None).total_hits == 900
    assert uris(catalog, place.dataset)[0] == "oss://bucket/other0"


def fail_to_write(monkeypatch: pytest.MonkeyPatch, *errors: Exception, dataset_id: int = 0) -> None:
    """The next batches of a dataset, or of any, cannot be written; with one error, none can."""
    left, write = list(errors), DatasetIndex._write

    def fail(self: DatasetIndex, changes: Sequence[Change], sequence: int) -> None:
        if left and dataset_id in (0, self.dataset_id):
            raise left.pop() if len(errors) > 1 else left[0]
        write(self, changes, sequence)

    replace_here(monkeypatch, DatasetIndex, "_write", fail)


def test_a_crash_between_record_and_index_repairs_itself(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record commits, the index never hears of it."""
    fail_to_write(monkeypatch, RuntimeError("killed here"))
    catalog = open_catalog()
    change(catalog, filled)
    catalog.close()
    monkeypatch.undo()
    check(open_catalog(), filled)


def test_a_crash_between_texts_and_columns_repairs_itself(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts are there, the columns never hear of them; they are not held twice."""
    catalog = open_catalog()
    catalog.queries.search(filled.dataset.id, None)

    def fail(*_: object) -> None:
        raise RuntimeError("killed here")

    replace_here(monkeypatch, BatchWriter, "_insert", fail)
    catalog.files.write(filled.dataset.id, [replace(write_of("t"), text="the text of it")])
    with pytest.raises(IndexUnavailable):
        catalog.queries.search(filled.dataset.id, None)
    monkeypatch.undo()
    catalog.close()
    catalog = open_catalog()
    assert catalog.queries.fuzzy_search(filled.dataset.id, "the text of").total_hits == 1


def test_a_dataset_that_fails_fails_alone_says_so_and_heals(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = open_catalog()
    other = make_place(catalog, "other", bucket="other")
    catalog.bindings.commit(scan_of(other, "x"))
    fail_to_write(monkeypatch, duckdb.IOException("no room for it"), dataset_id=filled.dataset.id)
    change(catalog, filled)
    with pytest.raises(IndexUnavailable, match=r"no room for it.*by itself"):
        catalog.queries.search(filled.dataset.id, None)
    assert uris(catalog, other.dataset) == ["oss://other/x"]
    (told,) = catalog.queries.progress()
    assert (told.dataset_id, told.state) == (filled.dataset.id, "Failed")
    monkeypatch.undo()
    wait_until(lambda: not catalog.queries.progress())
    check(catalog, filled)


@pytest.mark.parametrize(
    "error", [duckdb.FatalException, duckdb.InternalException, duckdb.IOException, TextsDamaged]
)
def test_an_error_of_the_file_is_mended_while_running(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    catalog = open_catalog()
    fail_to_write(monkeypatch, error("injected"), error("injected"))
    change(catalog, filled)
    check(catalog, filled)


def test_an_entry_that_can_not_be_indexed_is_found_by_its_uri(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds up no other entry of its batch."""
    insert = BatchWriter._insert

    def refuse(self: BatchWriter, writer: Any, files: Any, rows: Insertion | None) -> None:
        if rows is not None and any("poison" in str(values) for values in rows.parameters):
            raise duckdb.ConversionException("injected")
        insert(self, writer, files, rows)

    replace_here(monkeypatch, BatchWriter, "_insert", refuse)
    catalog = open_catalog()
    catalog.files.write(filled.dataset.id, [write_of("bad", title="poison"), write_of("good", title="x")])
    found = uris(catalog, filled.dataset)
    assert {"oss://bucket/bad", "oss://bucket/good"} <= {*found}
    assert len(found) == len(KEYS) + 2
    title = {"Field": "Title", "Operation": "exist"}
    assert "oss://bucket/bad" not in uris(catalog, filled.dataset, title)
    assert "oss://bucket/good" in uris(catalog, filled.dataset, title)


@pytest.mark.parametrize("damage", [remove, truncate_to(0), truncate_to(0.5), garbage])
def test_damaged_texts_are_built_anew(
    open_catalog: OpenCatalog, data: Path, damage: Callable[[Path], None]
) -> None:
    catalog = open_catalog()
    place = make_place(catalog)
    texts = [replace(write_of(f"k{number}"), text=f"page {number} of the book") for number in range(50)]
    catalog.files.write(place.dataset.id, texts)
    assert catalog.queries.fuzzy_search(place.dataset.id, "the book").total_hits == 50
    catalog.close()
    damage(texts_of(data))
    catalog = open_catalog()
    assert catalog.queries.fuzzy_search(place.dataset.id, "the book").total_hits == 50
    assert catalog.queries.fuzzy_search(place.dataset.id, "page 7 ").total_hits == 1


def test_a_query_of_an_index_that_is_being_built_ends_and_others_are_answered(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_index, "_WAIT_SECONDS", 0.05)
    catalog = open_catalog()
    other = make_place(catalog, "other", bucket="other")
    catalog.bindings.commit(scan_of(other, "x"))
    writing, going_on, write = threading.Event(), threading.Event(), DatasetIndex._write

    def wait(self: DatasetIndex, changes: Sequence[Change], sequence: int) -> None:
        if self.dataset_id == filled.dataset.id:
            writing.set()
            going_on.wait(120)
        write(self, changes, sequence)

    def is_answered() -> bool:
        with suppress(IndexUnavailable):  # another thread may be bringing it up to date
            return uris(catalog, other.dataset) == ["oss://other/x"]
        return False

    replace_here(monkeypatch, DatasetIndex, "_write", wait)
    thread = threading.Thread(target=catalog.queries.rebuild)
    thread.start()
    try:
        assert writing.wait(60)
        assert not catalog.queries.ready
        with pytest.raises(IndexUnavailable, match=r"being built \(0 %\)"):
            catalog.queries.search(filled.dataset.id, None)
        wait_until(is_answered)
    finally:
        going_on.set()
        thread.join(60)
    assert catalog.queries.ready
    assert len(uris(catalog, filled.dataset)) == len(KEYS)


def test_many_datasets_share_few_open_files(
    open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bindery.catalog.index.index._MOST_OPEN", 2)
    catalog = open_catalog()
    places = [make_place(catalog, f"p{number}") for number in range(6)]
    for round_ in range(2):
        for place in places:
            catalog.bindings.commit(scan_of(place, f"{round_}"))
            assert len(uris(catalog, place.dataset)) == round_ + 1
    assert isinstance(catalog, SqliteCatalog)
    wait_until(lambda: uris(catalog, places[0].dataset) and len(open_indexes(catalog)) <= 3)


def open_indexes(catalog: SqliteCatalog) -> list[DatasetIndex]:
    return [index for index in catalog.queries._datasets.values() if index.is_open]


def test_whoever_has_gone_ends_his_query(catalog: Catalog, place: Place) -> None:
    catalog.bindings.commit(scan_of(place, *KEYS))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        catalog.queries.search(place.dataset.id, None, stop=stop)
    with pytest.raises(Interrupted):
        catalog.queries.fuzzy_search(place.dataset.id, "x", stop=stop)
    with pytest.raises(Interrupted):
        catalog.queries.aggregate(place.dataset.id, None, parse_aggregations([("Size", "sum")]), stop=stop)
    assert catalog.queries.search(place.dataset.id, None, stop=threading.Event()).total_hits == len(KEYS)


def test_a_disk_without_room_is_named_and_survived(
    filled: Place, open_catalog: OpenCatalog, data: Path
) -> None:
    """Files may not grow, as on a full disk."""
    in_own_process(write_without_room, data, filled)
    catalog = open_catalog()
    change(catalog, filled)
    check(catalog, filled)


def write_without_room(data: Path, place: Place) -> None:
    catalog = SqliteCatalog(data, account_id="10001")
    catalog.queries.search(place.dataset.id, None)
    full = max(path.stat().st_size for path in (*data.iterdir(), *(data / "index").iterdir()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
    large = [f"large{number}" for number in range(20)]
    text = os.urandom(500_000).hex()
    with pytest.raises(CatalogUnusable, match="room"):
        for key in large:
            catalog.files.write(place.dataset.id, [msgspec.structs.replace(write_of(key), text=text)])
            catalog.queries.search(place.dataset.id, None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: is_written(catalog, place, "after"))
    wait_until(lambda: not catalog.queries.progress())
    assert "oss://bucket/after" in uris(catalog, place.dataset)
    catalog.files.delete(place.dataset.id, [f"oss://bucket/{key}" for key in [*large, "after"]])
    catalog.close()


def is_written(catalog: SqliteCatalog, place: Place, key: str) -> bool:
    """Whether there is room again, which is looked at now and then."""
    with suppress(CatalogUnusable):
        catalog.files.write(place.dataset.id, [write_of(key)])
        return True
    return False


def test_many_datasets_and_one_dropped_while_followed(open_catalog: OpenCatalog, data: Path) -> None:
    catalog = open_catalog()
    places = [make_place(catalog, f"p{number}") for number in range(12)]
    for round_ in range(3):
        for place in places:
            catalog.bindings.commit(scan_of(place, *(f"{round_}-{number}" for number in range(5))))
    gone = places.pop(4)
    assert catalog.queries.search(gone.dataset.id, None).total_hits == 15
    catalog.bindings.delete(gone.binding.id)
    catalog.files.delete(gone.dataset.id, uris(catalog, gone.dataset))
    catalog.datasets.delete("p4", "p4")
    for _ in range(2):
        for place in places:
            assert catalog.queries.search(place.dataset.id, None).total_hits == 15
        with pytest.raises(NotFound, match="dataset"):
            catalog.queries.search(gone.dataset.id, None)
        catalog.close()
        catalog = open_catalog()
    catalog.close()
    held = {int(path.name.partition("-")[0]) for path in (data / "index").glob("*-*")}
    assert held == {place.dataset.id for place in places}


def test_files_of_a_dataset_that_is_gone_are_removed_at_the_start(
    filled: Place, open_catalog: OpenCatalog, data: Path
) -> None:
    shutil.copy(columns_of(data), data / "index" / "77-1.duckdb")
    (data / "index.duckdb").write_bytes(b"of an earlier version")
    open_catalog().close()
    assert not list((data / "index").glob("77-*"))
    assert not (data / "index.duckdb").exists()


def test_removed_entries_are_forgotten_once_followed(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    catalog.bindings.commit(scan_of(place, *KEYS))
    catalog.files.delete(place.dataset.id, [f"oss://bucket/{key}" for key in KEYS])
    assert uris(catalog, place.dataset) == []
    entries = catalog._entries
    newest = entries.newest_numbers()[place.dataset.id]
    entries.purge_tombstones(place.dataset.id, newest)
    assert entries.changes_after(place.dataset.id, 0, 10_000) == ([], True)
    assert entries.newest_numbers()[place.dataset.id] == newest == entries.purged_sequence(place.dataset.id)


def test_an_entry_that_changes_while_many_are_followed_is_found_all_the_time(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its change stands behind more of them than the question had to wait for."""
    monkeypatch.setattr(dataset_index, "BATCH", 4)
    stop_following(catalog)
    catalog.bindings.commit(scan_of(place, *KEYS[:10], performer="somebody"))
    changes_after, looks = Entries.changes_after, 0

    def change_meanwhile(self: Entries, *values: int) -> ChangePage:
        nonlocal looks
        page = changes_after(self, *values)
        looks += 1
        if looks == 1:
            catalog.bindings.commit(scan_of(place, *ADDED[:6]))
            catalog.bindings.commit(scan_of(place, KEYS[8], performer="somebody else"))
        return page

    replace_here(monkeypatch, Entries, "changes_after", change_meanwhile)
    assert hits(catalog, place, "Performer") == 10
    assert looks > 3
    asked = looks
    assert hits(catalog, place, "Performer") == 10
    assert looks == asked


def test_a_question_is_answered_while_others_write_faster_than_the_index_follows(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_index, "BATCH", 4)
    stop_following(catalog)
    catalog.bindings.commit(scan_of(place, *KEYS[:6], performer="somebody"))
    changes_after, looks = Entries.changes_after, 0

    def write_meanwhile(self: Entries, *values: int) -> ChangePage:
        nonlocal looks
        looks += 1
        catalog.bindings.commit(scan_of(place, *[f"{looks} {number}" for number in range(6)]))
        return changes_after(self, *values)

    replace_here(monkeypatch, Entries, "changes_after", write_meanwhile)
    assert hits(catalog, place, "Performer") == 6
    assert looks == 2 + dataset_index._FURTHER


def test_closing_does_not_wait_for_an_index_that_is_far_behind(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_index, "BATCH", 1)
    catalog = open_catalog()
    applied: list[int] = []
    write = DatasetIndex._write

    def close_amid(self: DatasetIndex, changes: Sequence[Change], sequence: int) -> None:
        write(self, changes, sequence)
        applied.append(sequence)
        assert isinstance(catalog, SqliteCatalog)
        catalog.queries.stop()

    replace_here(monkeypatch, DatasetIndex, "_write", close_amid)
    change(catalog, filled)
    with pytest.raises(CatalogUnusable, match="stopping"):
        catalog.queries.search(filled.dataset.id, None)
    catalog.close()
    assert len(applied) <= 2
    monkeypatch.undo()
    check(open_catalog(), filled)


def test_the_index_follows_as_far_as_it_is_told(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(catalog, SqliteCatalog)
    follower = catalog.queries._follower
    follower.stop()
    assert follower.join(60)
    monkeypatch.setattr(dataset_index, "BATCH", 2)
    catalog.bindings.commit(scan_of(place, *[f"k{number}" for number in range(5)]))
    index, newest = (
        catalog.queries._of(place.dataset.id),
        catalog._entries.newest_numbers()[place.dataset.id],
    )
    assert index.follow(newest)
    assert not index.follow(newest - 1)
    assert not index.is_current
    assert not index.follow(newest)
    assert index.is_current


def test_columns_are_made_when_the_first_file_brings_something_for_them(
    catalog: Catalog, place: Place, open_catalog: OpenCatalog
) -> None:
    catalog.files.write(place.dataset.id, [write_of("plain", size=1)])
    names = [field.name for field in FIELDS.values() if field.kind is not Kind.MAP]
    few = {name for name in names if hits(catalog, place, name)}
    assert "Size" in few
    assert not few & {"Title", "Labels.LabelName", "VideoStreams.Width", "LatLong", "EXIF.Make"}
    exif = msgspec.json.encode({"Make": {"value": "Canon"}}).decode()
    labelled = write_of(
        "labelled",
        title="é",
        lat_long="1.5,2.5",
        exif=exif,
        labels=(Label(label_name="Sea", label_confidence=0.5),),
    )
    catalog.files.write(place.dataset.id, [labelled])
    more = {name for name in names if hits(catalog, place, name)}
    assert more >= few | {"Title", "Labels.LabelName", "Labels.LabelConfidence", "LatLong", "EXIF.Make"}
    catalog.close()
    again = open_catalog()
    assert {name for name in names if hits(again, place, name)} == more
    group = parse_aggregations([("Labels.LabelName", "group")])
    (found,) = again.queries.aggregate(place.dataset.id, None, group)
    assert [(each.value, each.count) for each in found.groups or ()] == [("Sea", 1)]


def test_columns_that_are_not_made_yet_can_be_asked_for_in_every_way(
    catalog: Catalog, place: Place
) -> None:
    catalog.files.write(place.dataset.id, [write_of("plain", size=1)])
    queries, dataset_id = catalog.queries, place.dataset.id
    confident = {"Field": "Labels.LabelConfidence", "Operation": "gt", "Value": "0.5"}
    missing = [
        {"Field": "Title", "Operation": "match-phrase", "Value": "a b"},
        {"Field": "Tags.Keywords", "Operation": "eq", "Value": "sea"},
        {"Field": "EXIF.FNumber", "Operation": "lt", "Value": "4"},
        {"Field": "LatLong", "Operation": "geo-distance", "Value": "1,2;1000"},
        {"Field": "OSSTagging.owner", "Operation": "prefix", "Value": "a"},
        {"Operation": "nested", "SubQueries": [{"Operation": "not", "SubQueries": [confident]}]},
    ]
    for leaf in missing:
        assert queries.search(dataset_id, parse_simple_query(leaf)).total_hits == 0, leaf
        opposite = parse_simple_query({"Operation": "not", "SubQueries": [leaf]})
        assert queries.search(dataset_id, opposite).total_hits == 1, leaf
    assert queries.search(dataset_id, None, sort=parse_sort("Title,Duration", "asc,desc")).total_hits == 1
    operations = [("Duration", "sum"), ("Title", "distinct"), ("VideoStreams.CodecName", "group")]
    total, distinct, group = queries.aggregate(dataset_id, None, parse_aggregations(operations))
    assert (total.value, distinct.value, group.groups) == (0.0, 0.0, ())
    assert queries.date_histogram(dataset_id, None, "FileAccessTime", "day").undated.count == 1
    assert queries.list_pages(dataset_id, None, sort=parse_sort("Title", "asc")).pages[0].count == 1
    assert not queries.geo_tiles(dataset_id, None, 3).tiles


def test_a_column_of_a_batch_that_is_refused_is_made_with_the_next(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.files.write(place.dataset.id, [write_of("plain", size=1)])
    assert hits(catalog, place, "Size") == 1
    left, insert_names = [duckdb.ConversionException("refused")], BatchWriter._insert_names

    def refuse(self: BatchWriter, *values: Any) -> None:
        insert_names(self, *values)
        if left:
            raise left.pop()

    replace_here(monkeypatch, BatchWriter, "_insert_names", refuse)
    catalog.files.write(place.dataset.id, [write_of("a", performer="é"), write_of("b", performer="f")])
    assert hits(catalog, place, "Performer") == 2
    assert not left


def test_large_changes_come_in_small_batches(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    text = "x" * 3_000_000
    writes = [msgspec.structs.replace(write_of(f"k{number}"), text=text) for number in range(8)]
    catalog.files.write(place.dataset.id, writes)
    page = catalog._entries.changes_after(place.dataset.id, 0, 1_000)
    assert len(page.changes) < 8
    assert not page.is_last
    assert catalog.queries.fuzzy_search(place.dataset.id, "xxx").total_hits == 8


@pytest.mark.parametrize("sort", [None, "Filename"])
def test_pages_of_large_documents_are_short_and_lead_to_everything(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch, sort: str | None
) -> None:
    monkeypatch.setattr("bindery.catalog.index.index._PAGE_BYTES", 100_000)
    sizes = [30_000, 30_000, 60_000, 10, 10, 200_000, 10, 200_000]
    writes = [
        write_of(f"k{n}", exif="x" * size, filename=f"k{n}", title="t") for n, size in enumerate(sizes)
    ]
    catalog.files.write(place.dataset.id, writes)
    for search in (
        partial(catalog.queries.search, place.dataset.id, None),
        partial(catalog.queries.fuzzy_search, place.dataset.id, "t"),
    ):
        shown: list[list[str]] = []
        token = ""
        while not shown or token:
            page = search(sort=parse_sort(sort, "asc" if sort else None), token=token)
            assert page.total_hits == len(sizes)
            shown.append([msgspec.json.decode(document)["URI"][-2:] for document in page.documents])
            token = page.next_token
        assert shown == [["k0", "k1", "k2"], ["k3", "k4", "k5"], ["k6", "k7"]]


def test_a_query_that_takes_too_long_is_stopped(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bindery.catalog.index.index._QUERY_SECONDS", 0.05)
    names = [Label(label_name=f"label {number} of many") for number in range(2_000)]
    catalog.files.write(
        place.dataset.id, [write_of(f"k{number}", labels=tuple(names)) for number in range(300)]
    )
    leaf = {"Field": "Labels.LabelName", "Operation": "match-phrase", "Value": "label of many others"}
    node = {
        "Operation": "or",
        "SubQueries": [{**leaf, "Value": f"label {number} of"} for number in range(5_000, 5_099)],
    }
    with pytest.raises(QueryError, match="takes more than"):
        catalog.queries.search(place.dataset.id, parse_simple_query(node))
    monkeypatch.undo()
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with suppress(IndexUnavailable):  # so many labels take a busy machine a while
            assert catalog.queries.search(place.dataset.id, None).total_hits == 300
            return
    pytest.fail("the index does not answer again")


def test_no_file_of_the_machine_can_be_read_through_the_index(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    with catalog.queries._instance.cursor() as cursor, pytest.raises(duckdb.PermissionException):
        cursor.execute("SELECT * FROM read_text('/etc/hostname')")


def test_values_without_end_are_held_in_part_and_found_as_a_whole(catalog: Catalog, place: Place) -> None:
    """What the index reads of a column at a time stays within its memory; FuzzyQuery finds all of it."""
    title = "word " * 20_000 + "the very end"
    labels = tuple(Label(label_name=f"label{number:05d}") for number in range(9_000))
    catalog.files.write(place.dataset.id, [write_of("k", title=title, labels=labels), write_of("other")])

    def found(field: str, operation: str, value: str) -> int | None:
        node = {"Field": field, "Operation": operation, "Value": value}
        return catalog.queries.search(place.dataset.id, parse_simple_query(node)).total_hits

    assert found("Title", "eq", title) == 1
    assert found("Title", "prefix", title[:50_000]) == 1
    assert found("Title", "match-phrase", "word word word") == 1
    assert found("Labels.LabelName", "eq", "label00001") == 1
    assert found("Labels.LabelName", "eq", "label08999") == 0
    for text in ("the very end", "label08999", "label00001"):
        assert catalog.queries.fuzzy_search(place.dataset.id, text).total_hits == 1


def document(**fields: object) -> Change:
    return Change(1, 1, "oss://b/k", msgspec.json.encode({"URI": "oss://b/k", **fields}), None)


@pytest.mark.parametrize(
    ("fields", "column", "expected"),
    [
        ({"ImageWidth": 10**30}, "ImageWidth", 2**63 - 1),
        ({"ImageWidth": "12"}, "ImageWidth", 12),
        ({"ImageWidth": 1.5, "Title": "t"}, "ImageWidth", None),
        ({"ImageWidth": {"deep": []}, "Title": "t"}, "Title", "t"),
        ({"Labels": [{"LabelLevel": 2**70}]}, "Labels.LabelLevel", [2**63 - 1]),
        ({"Labels": "none", "Title": "t"}, "Title", "t"),
        ({"Labels": [{}, {"LabelName": "x"}]}, "Labels.LabelName", [None, "x"]),
        ({"Labels": [{}, {"LabelName": "x"}]}, "Labels", 2),
        ({"Labels": []}, "Labels", None),
        ({"ProduceTime": "yesterday"}, "ProduceTime", None),
        ({"ProduceTime": ""}, "ProduceTime", None),
        ({"ProduceTime": "9999-12-31T23:59:59Z"}, "ProduceTime", 2**63 - 1),
        ({"LatLong": "somewhere"}, "Latitude", None),
        ({"LatLong": "1.5,-2"}, "Longitude", -2.0),
        ({"CustomLabels": {"KEY": "Value"}}, "CustomLabels", ['"key"value']),
        ({"CustomLabels": {}}, "CustomLabels", None),
        ({"OSSUserMeta": {"X-OSS-Meta-A": "B"}}, "OSSUserMeta", ['"a"B']),
        ({"Title": "nul\0 and \U0001f600"}, "Title", "nul\0 and \U0001f600"),
    ],
)  # fmt: skip
def test_projection_keeps_what_fits(fields: dict[str, object], column: str, expected: object) -> None:
    rows = Projection().rows([document(**fields)], [None])
    assert rows is not None
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE t ({columns})")
        names = ", ".join(f'"{name}"' for name in rows.columns)
        connection.execute(f"INSERT INTO t ({names}) SELECT {', '.join(rows.expressions)}", rows.parameters)
        assert connection.execute(f'SELECT "{column}", "URI" FROM t').fetchall() == [
            (expected, "oss://b/k")
        ]


@pytest.mark.parametrize(
    "bytes_",
    [b"[]", b"not json", b"{", b"1" * 5_000, b'{"ImageWidth":' + b"9" * 5_000 + b"}", b"[" * 100_000],
)
def test_projection_of_a_document_beyond_reading_keeps_the_file(bytes_: bytes) -> None:
    rows = Projection().rows([Change(1, 1, "oss://b/k", bytes_, None)], [None])
    assert rows is not None
    assert "URI" in rows.columns


def test_sums_beyond_64_bits(catalog: Catalog, place: Place) -> None:
    catalog.files.write(
        place.dataset.id, [write_of(f"k{number}", bitrate=2**63 - 1, duration=1e308) for number in range(3)]
    )
    wanted = parse_aggregations([("Bitrate", "sum"), ("Bitrate", "average"), ("Bitrate", "max")])
    found = catalog.queries.aggregate(place.dataset.id, None, wanted)
    assert [result.value for result in found] == [float(3 * (2**63 - 1)), float(2**63), float(2**63 - 1)]


def test_files_that_took_the_place_of_a_failing_index_are_attached_again(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = open_catalog()
    assert isinstance(catalog, SqliteCatalog)
    index = catalog.queries._of(filled.dataset.id)
    change(catalog, filled)
    check(catalog, filled)
    index._last_possible = 0  # as if it had failed ever since the server started
    catalog.queries.rebuild_dataset(filled.dataset.id)

    def never(_: DatasetIndex) -> None:
        raise AssertionError("the index would be built anew")

    replace_here(monkeypatch, DatasetIndex, "_begin_anew", never)
    assert index.release()
    check(catalog, filled)


def test_texts_that_cannot_be_forgotten_yet_hold_up_no_other(
    open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = open_catalog()
    assert isinstance(catalog, SqliteCatalog)
    place = make_place(catalog)
    assert uris(catalog, place.dataset) == []
    stop_following(catalog)
    monkeypatch.setattr(texts, "_MOST_WAITING", 3)
    index = catalog.queries._of(place.dataset.id)
    for version in ("old", "new"):
        writes = [replace(write_of(f"k{number}"), text=f"{version} {number}") for number in range(4)]
        catalog.files.write(place.dataset.id, writes)
        while index.follow():
            pass
    assert index.texts_waiting == 8
    with index._asked():
        while index.hold_texts():
            pass
        assert index.texts_waiting == 4
        assert index.has_texts_left
    while index.hold_texts():
        pass
    assert index.texts_waiting == 0
    assert not index.has_texts_left
