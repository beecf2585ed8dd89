"""The index is derived: whatever happens to its file, the answers are those of the record."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import msgspec
import pytest

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import follower
from bindery.catalog.index.changes import Change
from bindery.catalog.index.projection import COLUMNS, Projection
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogUnusable, NotFound
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.file import Label

from .conftest import OpenCatalog
from .samples import Place, make_place, scan_of, uris, write_of

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
        other.execute("CREATE TABLE dataset_1 (x INTEGER)")


def of_another_schema(path: Path) -> None:
    with duckdb.connect(str(path)) as other:
        other.execute("UPDATE applied SET schema = 'older'")
        other.execute('ALTER TABLE dataset_1 DROP COLUMN "Title"')


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
    damage(data / "index.duckdb")
    catalog = open_catalog()
    check(catalog, filled)
    catalog.bindings.commit(scan_of(filled, "one-more"))
    assert "oss://bucket/one-more" in uris(catalog, filled.dataset)


def test_a_log_without_sense_is_ignored(filled: Place, open_catalog: OpenCatalog, data: Path) -> None:
    (data / "index.duckdb.wal").write_bytes(random.Random(3).randbytes(50_000))
    catalog = open_catalog()
    change(catalog, filled)
    check(catalog, filled)


def test_an_older_copy_of_the_index_catches_up_or_is_built_anew(
    filled: Place, open_catalog: OpenCatalog, data: Path
) -> None:
    """Removals that the record has forgotten can not be followed: such a copy is thrown away."""
    shutil.copy(data / "index.duckdb", data / "copy")
    catalog = open_catalog()
    change(catalog, filled)
    catalog.queries.search(filled.dataset.id, None)
    assert isinstance(catalog, SqliteCatalog)
    catalog._entries.purge_tombstones(catalog._entries.last_sequence())
    catalog.close()
    shutil.copy(data / "copy", data / "index.duckdb")
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


def test_a_crash_between_record_and_index_repairs_itself(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record commits, the index never hears of it."""
    monkeypatch.setattr(follower.Follower, "_apply", lambda *_: pytest.fail("killed here"))
    catalog = open_catalog()
    change(catalog, filled)
    catalog.close()
    monkeypatch.undo()
    check(open_catalog(), filled)


def test_a_batch_that_fails_is_applied_as_a_whole_later(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = open_catalog()

    def fail(*_: object) -> None:
        raise duckdb.ConstraintException("injected")

    monkeypatch.setattr(follower.Follower, "_insert", fail)
    change(catalog, filled)
    with pytest.raises(duckdb.ConstraintException):
        catalog.queries.search(filled.dataset.id, None)
    monkeypatch.undo()
    check(catalog, filled)


@pytest.mark.parametrize("error", [duckdb.FatalException, duckdb.InternalException, duckdb.IOException])
def test_an_error_of_the_file_is_mended_while_running(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    catalog = open_catalog()
    change(catalog, filled)
    apply = follower.Follower._apply
    failures = [error("injected"), error("injected")]

    def fail_at_first(self: follower.Follower, changes: list[Change], sequence: int) -> None:
        if failures:
            raise failures.pop()
        apply(self, changes, sequence)

    monkeypatch.setattr(follower.Follower, "_apply", fail_at_first)
    check(catalog, filled)


def test_a_disk_without_room_is_named_and_survived(
    filled: Place, open_catalog: OpenCatalog, data: Path
) -> None:
    """Files may not grow, as on a full disk; in a process of its own, for the limit holds for all of it."""
    child = multiprocessing.get_context("spawn").Process(target=write_without_room, args=(data, filled))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    catalog = open_catalog()
    change(catalog, filled)
    check(catalog, filled)


def write_without_room(data: Path, place: Place) -> None:
    catalog = SqliteCatalog(data, account_id="10001")
    catalog.queries.search(place.dataset.id, None)
    full = max(path.stat().st_size for path in data.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
    large = [f"large{number}" for number in range(20)]
    text = os.urandom(500_000).hex()
    with pytest.raises(CatalogUnusable, match="room"):
        for key in large:
            catalog.files.write(place.dataset.id, [msgspec.structs.replace(write_of(key), text=text)])
            catalog.queries.search(place.dataset.id, None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    catalog.files.write(place.dataset.id, [write_of("after")])
    assert "oss://bucket/after" in uris(catalog, place.dataset)
    catalog.files.delete(place.dataset.id, [f"oss://bucket/{key}" for key in [*large, "after"]])
    catalog.close()


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
    with duckdb.connect(str(data / "index.duckdb"), read_only=True) as index:
        tables = {row[0] for row in index.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert tables == {"applied", *(f"dataset_{place.dataset.id}" for place in places)}


def test_a_table_of_a_dataset_that_is_gone_is_dropped_at_the_start(
    filled: Place, open_catalog: OpenCatalog, data: Path
) -> None:
    with duckdb.connect(str(data / "index.duckdb")) as index:
        index.execute("CREATE TABLE dataset_77 AS SELECT * FROM dataset_1")
    open_catalog().close()
    with duckdb.connect(str(data / "index.duckdb"), read_only=True) as index:
        assert index.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'dataset_77'"
        ).fetchone() == (0,)


def test_removed_entries_are_forgotten_once_followed(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    catalog.bindings.commit(scan_of(place, *KEYS))
    catalog.files.delete(place.dataset.id, [f"oss://bucket/{key}" for key in KEYS])
    assert uris(catalog, place.dataset) == []
    entries = catalog._entries
    newest = entries.last_sequence()
    entries.purge_tombstones(newest)
    assert entries.changes_after(0, 10_000) == []
    assert entries.last_sequence() == newest == entries.purged_sequence()


def test_closing_does_not_wait_for_an_index_that_is_far_behind(
    filled: Place, open_catalog: OpenCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "BATCH", 1)
    catalog = open_catalog()
    applied: list[int] = []
    apply = follower.Follower._apply

    def close_amid(self: follower.Follower, changes: list[Change], sequence: int) -> None:
        apply(self, changes, sequence)
        applied.append(sequence)
        self._closing.set()

    monkeypatch.setattr(follower.Follower, "_apply", close_amid)
    change(catalog, filled)
    with pytest.raises(CatalogUnusable, match="stopping"):
        catalog.queries.search(filled.dataset.id, None)
    catalog.close()
    assert len(applied) <= 2
    monkeypatch.undo()
    check(open_catalog(), filled)


def test_large_changes_come_in_small_batches(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    text = "x" * 3_000_000
    writes = [msgspec.structs.replace(write_of(f"k{number}"), text=text) for number in range(8)]
    catalog.files.write(place.dataset.id, writes)
    assert len(catalog._entries.changes_after(0, 1_000)) < 8
    assert catalog.queries.fuzzy_search(place.dataset.id, "xxx").total_hits == 8


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
    assert catalog.queries.search(place.dataset.id, None).total_hits == 300


def test_no_file_of_the_machine_can_be_read_through_the_index(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    with catalog.queries._file.reading() as cursor, pytest.raises(duckdb.PermissionException):
        cursor.execute("SELECT * FROM read_text('/etc/hostname')")


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
    rows = Projection().rows([document(**fields)])
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
    rows = Projection().rows([Change(1, 1, "oss://b/k", bytes_, None)])
    assert rows is not None
    assert "URI" in rows.columns


def test_sums_beyond_64_bits(catalog: Catalog, place: Place) -> None:
    catalog.files.write(
        place.dataset.id, [write_of(f"k{number}", bitrate=2**63 - 1, duration=1e308) for number in range(3)]
    )
    wanted = parse_aggregations([("Bitrate", "sum"), ("Bitrate", "average"), ("Bitrate", "max")])
    found = catalog.queries.aggregate(place.dataset.id, None, wanted)
    assert [result.value for result in found] == [float(3 * (2**63 - 1)), float(2**63), float(2**63 - 1)]
