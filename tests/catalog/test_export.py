"""Exports read again by Apache Arrow: every entry once, every value as the record has it, whatever ends them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet
import pytest
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.catalog.samples import Place, make_place, scan_of, uris, write_of
from tests.servers.postgresql import Postgresql

from bindery.catalog.export import export, parquet
from bindery.catalog.export.export import Export, ExportUnusable, Manifest, Wanted
from bindery.catalog.export.target import FolderTarget
from bindery.catalog.opening import read_beside
from bindery.catalog.record_catalog import RecordCatalog
from bindery.catalog.records import CatalogInUse, NotFound
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.file import (
    AudioStream,
    Boundary,
    Figure,
    File,
    ImageInsight,
    Insights,
    Label,
    MultilingualContentEntry,
    PointInt64,
)

Opened = tuple[str, Path, RecordCatalog]
KEYS = tuple(f"{number:03d}.jpg" for number in range(60))
HOSTILE = "'; DROP TABLE files; --\0\x01\x02 \u2028\U0001f600 \"\\ \n\r\t\x7f\ufeff" + "x" * 20_000
FIELDS: dict[str, dict[str, Any]] = {
    HOSTILE[:60]: {"title": HOSTILE, "custom_labels": {HOSTILE: "", "": HOSTILE}, "tags": {"a.b": ("1", HOSTILE)}},
    "numbers": {"page_count": 2**63 - 1, "bitrate": -(2**63), "duration": 1.7976931348623157e308, "start_time": -1.5},
    "beyond": {"size": 5, "image_width": 2**63, "image_height": 2**200},
    "times": {"produce_time": "2024-02-29T23:59:59.999999999+14:00", "file_modified_time": "0001-01-01T00:00:00Z"},
    "no times": {"produce_time": "yesterday", "file_modified_time": "9999-99-99T00:00:00Z"},
    "nested": {
        "labels": (Label(label_name="a", label_confidence=0.1), Label(), Label(parent_label_name=HOSTILE)),
        "figures": (Figure(boundary=Boundary(polygon=(PointInt64(x=1, y=-1), PointInt64()), top=0)),),
        "audio_streams": (AudioStream(channels=2, duration=0.1),),
        "insights": Insights(
            image=ImageInsight(caption="c", multilingual_content={"zh": MultilingualContentEntry(caption="猫")})
        ),
        "semantic_types": ("a", "", "b"),
    },
    "exif": {"exif": json.dumps({"Make": {"value": HOSTILE}}), "lat_long": "-90.0,180.0"},
    "empty": {},
    "lone \udc80 surrogate": {"title": "\ud800"},
}  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """A catalog as a server has it; what is exported is read beside it."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        catalog: RecordCatalog = SqliteCatalog(data, account_id="1000")
        url = ""
    else:
        postgresql: Postgresql = request.getfixturevalue("postgresql")
        url = postgresql.create_schema(f"export{uuid.uuid4().hex}")
        catalog = PostgresqlCatalog(url, data, account_id="1000")
    yield url, data, catalog
    catalog.close()


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PAGE", 7)
    monkeypatch.setattr(parquet, "MOST_ROWS", 20)


def run(
    opened: Opened, folder: Path, progress: Callable[[int, int], None] = lambda *_: None, **wanted: Any
) -> Manifest:
    url, data, _ = opened
    target = FolderTarget(folder)
    try:
        with read_beside(url, data) as reader:
            return Export(reader, Wanted("place", "place", **wanted), target).run(progress)
    finally:
        target.close()


def rows_of(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("*.parquet"))
    return [
        row
        for file in files
        for row in pyarrow.parquet.read_table(file).to_pylist(maps_as_pydicts="strict")
    ]


def documents(catalog: RecordCatalog, place: Place) -> dict[str, dict[str, Any]]:
    found = uris(catalog, place.dataset)
    return {
        record.uri: json.loads(record.document) for record in catalog.files.get(place.dataset.id, found)
    }


def fill(catalog: RecordCatalog) -> Place:
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *KEYS, size=10, media_type="image"))
    return place


def test_values_are_those_of_the_record(opened: Opened, tmp_path: Path) -> None:
    catalog = opened[2]
    place = make_place(catalog)
    for key, fields in FIELDS.items():
        write = write_of(key.replace("\udc80", "?"), **fields)
        text = HOSTILE if key == "exif" else None
        catalog.files.write(place.dataset.id, [msgspec.structs.replace(write, text=text)])
    manifest = run(opened, tmp_path / "out", with_texts=True)
    rows = {row["URI"]: row for row in rows_of(tmp_path / "out")}
    held = documents(catalog, place)
    assert (manifest.rows, set(rows)) == (len(FIELDS), set(held))
    for uri, document in held.items():
        for name, value in document.items():
            check(name, rows[uri][name], value)
        absent = {name for name, value in rows[uri].items() if value is not None} - document.keys()
        assert absent <= {"ChangeNumber", "Text"}, uri
    assert {row["Text"] for row in rows.values()} == {None, HOSTILE}
    assert rows["oss://bucket/times"]["ProduceTime"] == datetime(2024, 2, 29, 9, 59, 59, 999999, UTC)


def check(name: str, found: Any, value: Any) -> None:
    """A value of a document in its typed form; what has none is empty."""
    if name.endswith("Time") and name != "StartTime":
        try:
            wanted = datetime.fromisoformat(value)  # more than microseconds are cut off
        except ValueError:
            assert found is None, name
        else:
            assert found == wanted, name
    elif isinstance(value, int) and abs(value) >= 2**63 and value != -(2**63):
        assert found is None, name
    else:
        assert pruned(found) == pruned(value), name


def pruned(value: Any) -> Any:
    """Without the members that a struct does not have here."""
    if isinstance(value, dict):
        return {name: pruned(inner) for name, inner in value.items() if inner is not None}
    return [pruned(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.usefixtures("small_files")
def test_each_entry_is_there_once_wherever_it_is_ended(opened: Opened, tmp_path: Path) -> None:
    fill(opened[2])

    class Killed(Exception):
        pass

    told = 0

    def ended_at_each_step(looked: int, _total: int) -> None:
        nonlocal told
        if looked > told:  # each step is done once before the next one
            told = looked
            raise Killed

    begun = 0
    while True:
        begun += 1
        try:
            manifest = run(opened, tmp_path / "out", ended_at_each_step)
            break
        except Killed:
            assert not (tmp_path / "out" / ".unfinished").exists()
    assert begun > len(KEYS) / 7
    rows = rows_of(tmp_path / "out")
    assert [row["URI"] for row in rows] == [f"oss://bucket/{key}" for key in KEYS]
    assert [file.rows for file in manifest.files] == [21, 21, 18]
    assert manifest.rows == len(KEYS)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert run(opened, tmp_path / "out").done
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.usefixtures("small_files")
def test_what_changes_meanwhile_is_there_once(opened: Opened, tmp_path: Path) -> None:
    """Removed ones behind the page that is read are gone, new ones are there, changed ones once."""
    catalog = opened[2]
    place = fill(catalog)

    def change(looked: int, _total: int) -> None:
        if looked == 14:
            catalog.files.delete(place.dataset.id, ["oss://bucket/000.jpg", "oss://bucket/040.jpg"])
            changed = [write_of(key, title="new") for key in ("001.jpg", "050.jpg", "999.jpg")]
            catalog.files.write(place.dataset.id, changed)

    manifest = run(opened, tmp_path / "out", change)
    rows = {row["URI"][-7:]: row for row in rows_of(tmp_path / "out")}
    assert set(rows) == {*KEYS, "999.jpg"} - {"040.jpg"}
    assert manifest.rows == len(rows)
    assert (rows["001.jpg"]["Title"], rows["050.jpg"]["Title"]) == (None, "new")
    newest = max(row["ChangeNumber"] for row in rows.values())
    assert newest > manifest.newest, "what was written later is told by its number"
    told = pyarrow.parquet.read_metadata(tmp_path / "out" / "part-00000.parquet").metadata
    assert told[b"bindery.newest_change"] == str(manifest.newest).encode()


@pytest.mark.usefixtures("small_files")
def test_conditions_are_those_of_queries(opened: Opened, tmp_path: Path) -> None:
    catalog = opened[2]
    place = fill(catalog)
    label = (Label(label_name="Cat", label_confidence=0.9),)
    catalog.files.write(place.dataset.id, [write_of("cat.jpg", labels=label, custom_labels={"A": "B"})])
    questions: tuple[dict[str, Any], ...] = (
        {"Field": "CustomLabels.a", "Operation": "eq", "Value": "b"},
        {"Field": "URI", "Operation": "prefix", "Value": "oss://bucket/01"},
        {"Operation": "not", "SubQueries": [{"Field": "Size", "Operation": "exist"}]},
        {"Field": "Labels.LabelName", "Operation": "match-phrase", "Value": "cat"},
        {"Field": "Size", "Operation": "gt", "Value": "10"},
    )
    for number, question in enumerate(questions):
        run(opened, tmp_path / str(number), where=question)
        found = [row["URI"] for row in rows_of(tmp_path / str(number))]
        assert found == uris(catalog, place.dataset, question), question


def test_another_export_is_left_alone(opened: Opened, tmp_path: Path) -> None:
    fill(opened[2])
    run(opened, tmp_path / "out")
    with pytest.raises(ExportUnusable, match="another place"):
        run(opened, tmp_path / "out", with_texts=True)
    (tmp_path / "out" / "_export.json").write_text("{")
    with pytest.raises(ExportUnusable, match="damaged"):
        run(opened, tmp_path / "out")
    held = FolderTarget(tmp_path / "held")
    with pytest.raises(CatalogInUse, match="another export"):
        run(opened, tmp_path / "held")
    held.close()
    url, data, _ = opened
    with read_beside(url, data) as reader, pytest.raises(NotFound):
        Export(reader, Wanted("place", "none"), FolderTarget(tmp_path / "none"))


@pytest.mark.usefixtures("small_files")
def test_what_is_not_of_the_export_is_never_written_over(opened: Opened, tmp_path: Path) -> None:
    fill(opened[2])
    theirs = tmp_path / "out" / "part-00000.parquet"
    theirs.parent.mkdir()
    theirs.write_bytes(b"theirs")
    with pytest.raises(ExportUnusable, match="part-00000"):
        run(opened, theirs.parent)
    assert [path.name for path in theirs.parent.iterdir()] == [theirs.name]
    assert theirs.read_bytes() == b"theirs"


@pytest.mark.usefixtures("small_files")
def test_of_two_that_write_to_one_bucket_one_goes_on(opened: Opened, tmp_path: Path) -> None:
    """A bucket has no locks: each finds out by the manifest before it puts a file."""

    class Bucket(FolderTarget):
        def __init__(self, folder: Path, scratch: Path) -> None:
            folder.mkdir(exist_ok=True)
            scratch.mkdir()
            self.folder, self._own = folder, scratch

        @property
        def scratch(self) -> Path:
            return self._own

        def close(self) -> None:
            """It has no lock."""

    catalog = opened[2]
    place = fill(catalog)
    url, data, _ = opened
    wanted = Wanted("place", "place")
    with read_beside(url, data) as one, read_beside(url, data) as other:
        first = Export(one, wanted, Bucket(tmp_path / "out", tmp_path / "first"))
        second = Export(other, wanted, Bucket(tmp_path / "out", tmp_path / "second"))

        def let_the_other_end(looked: int, _total: int) -> None:
            if looked == 21 and not second.manifest.done:
                catalog.files.write(
                    place.dataset.id, [write_of("0000.jpg")]
                )  # moves the borders of its files
                with pytest.raises(ExportUnusable, match="another export"):
                    second.run(lambda *_: None)

        first.run(let_the_other_end)
    rows = rows_of(tmp_path / "out")
    assert len(rows) == first.manifest.rows == len({row["URI"] for row in rows})


@pytest.mark.usefixtures("small_files")
def test_a_dataset_that_is_deleted_meanwhile_is_not_exported_to_its_end(
    opened: Opened, tmp_path: Path
) -> None:
    catalog = opened[2]
    place = fill(catalog)

    def delete(looked: int, _total: int) -> None:
        if looked == 21 and catalog.datasets.list("place"):
            catalog.files.delete(place.dataset.id, [f"oss://bucket/{key}" for key in KEYS])
            catalog.bindings.delete(place.binding.id)
            catalog.datasets.delete("place", "place")

    with pytest.raises(NotFound, match="deleted while it was exported"):
        run(opened, tmp_path / "out", delete)
    assert not json.loads((tmp_path / "out" / "_export.json").read_bytes())["Done"]


def test_an_empty_dataset_has_columns(opened: Opened, tmp_path: Path) -> None:
    make_place(opened[2])
    manifest = run(opened, tmp_path / "o'ut [1]*")
    assert (manifest.rows, len(manifest.files)) == (0, 1)
    (file,) = (tmp_path / "o'ut [1]*").glob("*.parquet")
    schema = pyarrow.parquet.read_schema(file)
    assert schema.names[0] == "ChangeNumber"
    assert str(schema.field("CreateTime").type) == "timestamp[us, tz=UTC]"
    assert str(schema.field("Size").type) == "int64"
    assert len(schema.names) == len(File.__struct_fields__) + 1
